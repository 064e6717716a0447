/**
 * A channel with publisher confirms: every message gets exactly one outcome.
 *
 * ```text
 * publish ─▶ in flight ─┬─ ack ──────────────▶ accepted
 *                       ├─ return, then ack ─▶ SEND_UNROUTABLE
 *                       ├─ nack ─────────────▶ SEND_REJECTED, or SEND_UNCONFIRMED of a queue with replicas
 *                       └─ channel ended ────▶ in doubt: reported once, by `ended`; refused where that is certain
 * ```
 *
 * A `return` names no delivery tag. It is matched by message id and routing key; returns come in the order of publishing
 * and before the `ack` of their message.
 */
import type { ChannelModel, ConfirmChannel, Message } from 'amqplib'
import { MessagingError, nodeFull } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { bodyBuffer, type PublishOptions } from '../codec/codec.ts'
import { RabbitmqMessage } from '../codec/incoming.ts'
import { ADAPTER, brokerError, encodeError, linkEnd } from '../errors.ts'
import {
  forbiddenSubject,
  isClosedError,
  isExchangeForbidden,
  isPublishError,
  sizeLimit,
} from '../native-errors.ts'
import { closeChannel, openConfirmChannel } from './channels.ts'
import { refuseLargeHeader } from './header-size.ts'
import type { LinkLife } from './link-life.ts'
import type { Session } from './session.ts'

/** A message on its way. A `Transfer` is one. */
export interface InFlight {
  readonly message: OutgoingMessage
  settle(error?: MessagingError): void
  /** The routing key, where messages of one channel have different ones. */
  readonly key?: string
}

export class PublishChannel {
  readonly channel: ConfirmChannel
  readonly #life: LinkLife
  readonly #warn: (error: MessagingError) => void
  readonly #model: ChannelModel
  /** By delivery tag, in order. Bound: the capacity of the link. */
  readonly #inFlight = new Map<number, InFlight>()
  readonly #returned = new Map<number, MessagingError>()
  #lastTag = 0
  /** The broker has taken a message on this channel, so it lets this user publish. */
  #permitted = false
  #open = true

  private constructor(
    channel: ConfirmChannel,
    address: string | undefined,
    life: LinkLife,
    session: Session,
  ) {
    this.channel = channel
    this.#model = session.publishing
    this.#life = life
    this.#warn = (error) => session.warn(error)
    channel.on('ack', ({ deliveryTag, multiple }) => this.#confirmed(deliveryTag, multiple, undefined))
    channel.on('nack', ({ deliveryTag, multiple }) =>
      this.#confirmed(
        deliveryTag,
        multiple,
        session.queueType === 'quorum' && !session.someMayRefuse ? untold(address) : refused(address),
      ),
    )
    channel.on('return', (message) => this.#onReturn(message))
    channel.on('error', (error) => {
      const fallback = isPublishError(error) ? 'SEND_REJECTED' : 'DETACHED'
      this.#end(error, brokerError(error, { address, operation: 'send' }, fallback))
    })
  }

  /** The channel is a part of the link `life`: they end together. */
  static async open(session: Session, address: string | undefined, life: LinkLife): Promise<PublishChannel> {
    const opened = new PublishChannel(await openConfirmChannel(session.publishing), address, life, session)
    if (life.over) await opened.close()
    else life.atEnd(() => opened.close())
    return opened
  }

  /** Settles `item` sooner or later, unless the channel ends first. The body is copied before this returns. */
  publish(exchange: string, key: string, options: PublishOptions, item: InFlight): void {
    if (!this.#open) return
    try {
      refuseLargeHeader(this.#model, options)
      this.channel.publish(exchange, key, bodyBuffer(item.message.body), options)
    } catch (error) {
      if (!isClosedError(error)) item.settle(encodeError(error, key))
      return
    }
    this.#inFlight.set(++this.#lastTag, item)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await closeChannel(this.channel)
  }

  #confirmed(tag: number, multiple: boolean, refusal: MessagingError | undefined): void {
    if (!multiple) this.#settle(tag, refusal)
    else {
      for (const lower of this.#inFlight.keys()) {
        // protocol: 0 is «all there are».
        if (tag !== 0 && lower > tag) break
        this.#settle(lower, refusal)
      }
    }
  }

  #settle(tag: number, refusal: MessagingError | undefined): void {
    const item = this.#inFlight.get(tag)
    if (!item) return
    this.#inFlight.delete(tag)
    this.#permitted = true
    let error = refusal
    if (this.#returned.size > 0) {
      error = this.#returned.get(tag) ?? refusal
      this.#returned.delete(tag)
    }
    item.settle(error)
  }

  /**
   * An id may be in flight several times. Then the content tells, and where that is the same too, none of them is called
   * accepted: wrong in one way only, for a message that was stored just before its queue went away.
   */
  #onReturn(native: Message): void {
    const { id } = new RabbitmqMessage(native)
    const { routingKey } = native.fields
    let tags: number[] = []
    for (const [tag, item] of this.#inFlight) {
      if (item.message.id === id && (item.key === undefined || item.key === routingKey)) tags.push(tag)
    }
    if (tags.length > 1) {
      const same = tags.filter((tag) =>
        native.content.equals(bodyBuffer(this.#inFlight.get(tag)!.message.body)),
      )
      // None: the application has changed its buffer since.
      if (same.length > 0) tags = same
    }
    const error = unroutable(native, id)
    if (tags.length === 0) this.#warn(error)
    for (const tag of tags) this.#returned.set(tag, error)
  }

  #end(cause: unknown, error: MessagingError): void {
    if (!this.#open) return
    this.#open = false
    for (const item of this.#inFlight.values()) if (this.#isRefused(item, cause)) item.settle(refusal(error))
    this.#inFlight.clear()
    this.#returned.clear()
    this.#life.ended(linkEnd(error))
  }

  /**
   * Whether the end of the channel says that the broker does not hold this message: it was a publish that was refused, and
   * either it is the only one, or too large, or the user may not publish there at all, or not with its subject.
   *
   * protocol: a channel remembers that it was permitted, so a refused exchange means that nothing was let in before.
   */
  #isRefused({ message, key }: InFlight, cause: unknown): boolean {
    if (!isPublishError(cause)) return false
    if (this.#inFlight.size === 1 || (!this.#permitted && isExchangeForbidden(cause))) return true
    const subject = forbiddenSubject(cause)
    if (subject !== undefined) return (key ?? message.subject ?? '') === subject
    const limit = sizeLimit(cause)
    return limit !== undefined && bodyBuffer(message.body).byteLength > limit
  }
}

function unroutable(native: Message, messageId: string): MessagingError {
  const { exchange, routingKey } = native.fields
  const text =
    exchange === ''
      ? `There is no queue '${routingKey}'`
      : `Exchange '${exchange}' leads '${routingKey}' nowhere`
  return new MessagingError('SEND_UNROUTABLE', text, {
    context: {
      adapter: ADAPTER,
      address: exchange === '' ? routingKey : exchange,
      operation: 'send',
      messageId,
    },
  })
}

/** The outcome of a message for which a channel ended: without its exchange it was not routable. */
function refusal(error: MessagingError): MessagingError {
  if (error.code !== 'ADDRESS_NOT_FOUND') return error
  return new MessagingError('SEND_UNROUTABLE', error.message, { cause: error, context: error.context })
}

/** protocol: a quorum queue whose leader goes away gives a negative answer also to messages that its replicas have. */
function untold(address: string | undefined): MessagingError {
  return new MessagingError('SEND_UNCONFIRMED', 'RabbitMQ does not say whether the queue has the message', {
    hint: 'Too few replicas of the queue were there, or it is full. Send again under the same id, if a second copy does no harm.',
    context: { adapter: ADAPTER, address, operation: 'send' },
  })
}

function refused(address: string | undefined): MessagingError {
  // basic.nack gives no reason; a full queue is the one that a healthy broker has.
  return nodeFull('RabbitMQ refused the message', {
    hint: 'Most likely the queue is full (maxLength): receive from it and send again, or raise the limit.',
    context: { adapter: ADAPTER, address, operation: 'send' },
  })
}
