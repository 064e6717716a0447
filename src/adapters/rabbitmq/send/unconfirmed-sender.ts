/** `at-most-once`: a message counts as accepted once it is written; nobody asks the broker. */

import type { Channel, ChannelModel } from 'amqplib'
import type { AdapterSender, SenderSpec, Transfer } from '../../../contract/adapter.ts'
import { bodyBuffer, type PublishOptions, type Route, routingKey } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
import { brokerError, linkEnd } from '../errors.ts'
import { isClosedError } from '../native-errors.ts'
import { closeChannel, openChannel } from '../wire/channels.ts'
import { refuseLargeHeader } from '../wire/header-size.ts'
import type { LinkLife } from '../wire/link-life.ts'
import type { Session } from '../wire/session.ts'
import { DelayLine, type DelayTarget } from './delay-line.ts'

export interface UnconfirmedTarget {
  readonly queue?: string
  readonly exchange?: string
}

export class UnconfirmedSender implements AdapterSender {
  readonly #channel: Channel
  readonly #model: ChannelModel
  readonly #life: LinkLife
  readonly #delays: DelayLine
  readonly #exchange: string | undefined
  readonly #queue: string
  readonly #route: Route
  /** Written while amqplib's buffer was full. Bound: the capacity of the link. */
  #behind: Transfer[] = []

  private constructor(channel: Channel, life: LinkLife, target: UnconfirmedTarget, session: Session) {
    this.#channel = channel
    this.#model = session.publishing
    this.#life = life
    this.#delays = new DelayLine(session, life)
    this.#exchange = target.exchange
    this.#queue = target.queue ?? ''
    this.#route = { subjectIsKey: target.exchange !== undefined, mandatory: false, login: session.login }
    channel.on('drain', () => {
      for (const transfer of this.#behind.splice(0)) transfer.settle()
    })
  }

  static async open(
    session: Session,
    life: LinkLife,
    spec: SenderSpec,
    target: UnconfirmedTarget,
  ): Promise<UnconfirmedSender> {
    const channel = await openChannel(session.publishing)
    channel.on('error', (error) =>
      life.ended(linkEnd(brokerError(error, { address: spec.target?.name, operation: 'send' }))),
    )
    life.atEnd(() => closeChannel(channel))
    return new UnconfirmedSender(channel, life, target, session)
  }

  send(transfer: Transfer): void {
    const { message } = transfer
    let options: PublishOptions
    try {
      const key = this.#exchange === undefined ? this.#queue : routingKey(message.subject)
      if (message.delayMs !== undefined) {
        this.#delays.send(transfer, this.#delayTarget(key))
        return
      }
      options = publishOptions(message, this.#route)
      refuseLargeHeader(this.#model, options)
      const room = this.#channel.publish(this.#exchange ?? '', key, bodyBuffer(message.body), options)
      if (room) transfer.settle()
      else this.#behind.push(transfer)
    } catch (cause) {
      if (!isClosedError(cause)) {
        transfer.settle(brokerError(cause, { operation: 'send', messageId: message.id }, 'ENCODE_FAILED'))
      }
    }
  }

  #delayTarget(key: string): DelayTarget {
    return this.#exchange === undefined
      ? { kind: 'queue', name: this.#queue }
      : { kind: 'exchange', name: this.#exchange, key }
  }

  close(): Promise<void> {
    return this.#life.close()
  }
}
