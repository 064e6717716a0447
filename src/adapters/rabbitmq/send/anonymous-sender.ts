/**
 * To whatever place each message names in `to`: a queue, an exchange (`news/us.weather`), or a reply address.
 *
 * Most are queues and reply addresses, so a message goes to the default exchange first. Only when it comes back unroutable
 * is an exchange of that name looked for; the outcome is exact either way, and what was found is remembered.
 */
import type { Transfer } from '../../../contract/adapter.ts'
import { makeRoom } from '../../../core/make-room.ts'
import { parseAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { type Route, routingKey } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
import { ADAPTER } from '../errors.ts'
import type { InFlight } from '../wire/publish-channel.ts'
import type { Session } from '../wire/session.ts'
import type { DelayLine } from './delay-line.ts'
import { isReplyAddress, isSoundReplyAddress } from './reply-address.ts'
import { ReplyChannel } from './reply-channel.ts'
import { RabbitmqSender, type SenderParts } from './sender.ts'

interface Place {
  readonly name: string
  readonly subject: string | undefined
}

/** How long a responder's answers are gathered before their requesters are asked for: nobody waits for the outcome. Unit: ms. */
const ANSWERS_MS = 5
/** Addresses and exchanges remembered. */
const MAX_REMEMBERED = 256

export class AnonymousSender extends RabbitmqSender {
  readonly #session: Session
  readonly #queueRoute: Route
  readonly #replyRoute: Route
  readonly #exchangeRoute: Route
  readonly #replies: ReplyChannel
  readonly #places = new Map<string, Place>()
  readonly #exchanges = new Set<string>()

  constructor(parts: SenderParts) {
    super(parts)
    const { login } = parts.session
    this.#session = parts.session
    this.#queueRoute = { subjectIsKey: false, mandatory: true, login }
    this.#replyRoute = { subjectIsKey: false, mandatory: false, login }
    this.#replies = new ReplyChannel(parts.session, parts.life, ANSWERS_MS)
    this.#exchangeRoute = { subjectIsKey: true, mandatory: false, login }
  }

  protected override publish(transfer: Transfer): void {
    const { message } = transfer
    const place = this.#place(message)
    if (isReplyAddress(place.name)) {
      this.#replies.send(place.name, publishOptions(message, this.#replyRoute), transfer)
    } else if (this.#exchanges.has(place.name)) this.#toExchange(transfer, place)
    else {
      const item = new MaybeQueue(this, transfer, place)
      this.channel.publish('', place.name, publishOptions(message, this.#queueRoute), item)
    }
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    void this.#delay(transfer, line, this.#place(transfer.message))
  }

  /** The default exchange knows no such queue. */
  async unroutable(transfer: Transfer, place: Place, error: MessagingError): Promise<void> {
    try {
      if (!(await this.#session.scratch.exchange(place.name))) return transfer.settle(error)
      makeRoom(this.#exchanges, MAX_REMEMBERED)
      this.#exchanges.add(place.name)
      this.#toExchange(transfer, place)
    } catch (cause) {
      if (this.#session.alive)
        transfer.settle(this.#session.error(cause, { address: place.name, operation: 'send' }))
    }
  }

  async #delay(transfer: Transfer, line: DelayLine, { name, subject }: Place): Promise<void> {
    try {
      if (await this.#isQueue(name)) line.send(transfer, { kind: 'queue', name })
      else
        line.send(transfer, { kind: 'exchange', name, key: routingKey(subject ?? transfer.message.subject) })
    } catch (cause) {
      if (this.#session.alive)
        transfer.settle(this.#session.error(cause, { address: name, operation: 'send' }))
    }
  }

  #toExchange(transfer: Transfer, place: Place): void {
    const { message } = transfer
    const key = routingKey(place.subject ?? message.subject)
    this.channel.publish(place.name, key, publishOptions(message, this.#exchangeRoute), transfer)
  }

  async #isQueue(name: string): Promise<boolean> {
    const { scratch } = this.#session
    return (await scratch.queue(name)) !== undefined || !(await scratch.exchange(name))
  }

  #place({ to }: OutgoingMessage): Place {
    if (to === undefined) throw new MessagingError('ADDRESS_MALFORMED', 'The message says no place to go to')
    let place = this.#places.get(to)
    if (!place) {
      place = placeOf(to)
      makeRoom(this.#places, MAX_REMEMBERED)
      this.#places.set(to, place)
    }
    return place
  }
}

class MaybeQueue implements InFlight {
  readonly message: OutgoingMessage
  readonly key: string
  readonly #sender: AnonymousSender
  readonly #transfer: Transfer
  readonly #place: Place

  constructor(sender: AnonymousSender, transfer: Transfer, place: Place) {
    this.message = transfer.message
    this.key = place.name
    this.#sender = sender
    this.#transfer = transfer
    this.#place = place
  }

  settle(error?: MessagingError): void {
    if (error?.code === 'SEND_UNROUTABLE') void this.#sender.unroutable(this.#transfer, this.#place, error)
    else this.#transfer.settle(error)
  }
}

function placeOf(to: string): Place {
  // A reply address as the broker made it; its base64 may hold a slash.
  const { name, subject } = isReplyAddress(to) ? { name: to, subject: undefined } : parseAddress(to)
  if (isReplyAddress(name) && !isSoundReplyAddress(name)) {
    throw new MessagingError('SEND_UNROUTABLE', 'The reply address is none that RabbitMQ made', {
      context: { adapter: ADAPTER, operation: 'send' },
    })
  }
  if (Buffer.byteLength(name) > 255) {
    throw new MessagingError('ADDRESS_MALFORMED', 'RabbitMQ takes names of up to 255 bytes', {
      context: { adapter: ADAPTER, operation: 'send' },
    })
  }
  return { name, subject }
}
