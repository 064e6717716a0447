/** Senders: a link is a confirm channel and a way to choose exchange and routing key. */
import type { AdapterSender, Transfer } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { DIRECT_REPLY_TO, type Route, routingKey } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
import { ADAPTER, brokerError } from '../errors.ts'
import type { LinkLife } from '../wire/link-life.ts'
import type { PublishChannel } from '../wire/publish-channel.ts'
import type { Session } from '../wire/session.ts'
import type { DelayLine, DelayTarget } from './delay-line.ts'

/** What a sender is made of. */
export interface SenderParts {
  readonly session: Session
  readonly life: LinkLife
  readonly channel: PublishChannel
  readonly delays: DelayLine
}

/** What all senders have in common: the channel, delayed messages, and the end. */
export abstract class RabbitmqSender implements AdapterSender {
  protected readonly channel: PublishChannel
  readonly #delays: DelayLine
  readonly #life: LinkLife

  constructor({ channel, delays, life }: SenderParts) {
    this.channel = channel
    this.#delays = delays
    this.#life = life
  }

  send(transfer: Transfer): void {
    const { message } = transfer
    if (message.replyTo === DIRECT_REPLY_TO && !this.takesReplies) {
      transfer.settle(notARequester(message.id))
      return
    }
    try {
      if (message.delayMs === undefined) this.publish(transfer)
      else this.delay(transfer, this.#delays)
    } catch (cause) {
      transfer.settle(brokerError(cause, { operation: 'send', messageId: message.id }, 'ENCODE_FAILED'))
    }
  }

  close(): Promise<void> {
    return this.#life.close()
  }

  /** Only a requester's own channel can ask for direct replies: the broker closes any other that tries. */
  protected get takesReplies(): boolean {
    return false
  }

  /** May throw `ENCODE_FAILED`: then nothing was written. */
  protected abstract publish(transfer: Transfer): void
  protected abstract delay(transfer: Transfer, line: DelayLine): void
}

/** To one queue, by the default exchange: unroutable when the queue is gone. */
export class QueueSender extends RabbitmqSender {
  readonly #queue: string
  readonly #route: Route

  constructor(parts: SenderParts, queue: string) {
    super(parts)
    this.#queue = queue
    this.#route = { subjectIsKey: false, mandatory: true, login: parts.session.login }
  }

  protected override publish(transfer: Transfer): void {
    this.channel.publish('', this.#queue, publishOptions(transfer.message, this.#route), transfer)
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    line.send(transfer, { kind: 'queue', name: this.#queue })
  }
}

/** To an exchange: nobody subscribed is no error, a missing exchange ends the channel. */
export class ExchangeSender extends RabbitmqSender {
  readonly #exchange: string
  readonly #route: Route

  constructor(parts: SenderParts, exchange: string) {
    super(parts)
    this.#exchange = exchange
    this.#route = { subjectIsKey: true, mandatory: false, login: parts.session.login }
  }

  protected override publish(transfer: Transfer): void {
    const { message } = transfer
    const key = routingKey(message.subject)
    this.channel.publish(this.#exchange, key, publishOptions(message, this.#route), transfer)
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    const target: DelayTarget = {
      kind: 'exchange',
      name: this.#exchange,
      key: routingKey(transfer.message.subject),
    }
    line.send(transfer, target)
  }
}

function notARequester(messageId: string): MessagingError {
  return new MessagingError('SEND_REJECTED', `'${DIRECT_REPLY_TO}' is for requesters only`, {
    hint: 'Name a queue of your own in replyTo, or use connection.request().',
    context: { adapter: ADAPTER, operation: 'send', messageId },
  })
}
