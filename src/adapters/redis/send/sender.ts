/** Sending links: to one node, or to whatever place each message names. */
import type { AdapterSender, LinkEvents, NodeRef, SenderSpec, Transfer } from '../../../contract/adapter.ts'
import { parseAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import { REPLY_PREFIX } from '../nodes/keys.ts'
import type { Session, SessionLink } from '../wire/session.ts'
import { MulticastOutbox } from './multicast-outbox.ts'
import type { Outbox, OutboxParts } from './outbox.ts'
import { QueueOutbox } from './queue-outbox.ts'
import { ReplyOutbox } from './reply-outbox.ts'
import { TopicOutbox } from './topic-outbox.ts'

/** Places of a sender without target that are kept open. */
const MAX_PLACES = 256

export async function attachSender(
  session: Session,
  spec: SenderSpec,
  _events: LinkEvents,
): Promise<AdapterSender> {
  const unconfirmed = spec.reliability === 'at-most-once'
  if (spec.target === undefined || spec.target.type === undefined) {
    return new PlacesSender(session, spec.target?.name, unconfirmed)
  }
  return new RedisSender(session, await outboxFor(session, spec.target, { unconfirmed }))
}

export async function outboxFor(
  session: Session,
  { name, type }: NodeRef,
  kind: Pick<OutboxParts, 'unconfirmed' | 'once'>,
): Promise<Outbox> {
  const { keys } = session
  const parts = { session, label: name, ...kind }
  if (name.startsWith(REPLY_PREFIX)) return new ReplyOutbox({ ...parts, base: keys.reply(name) })
  if (type === 'multicast') return new MulticastOutbox({ ...parts, base: keys.multicast(name) })
  if (type !== 'topic' && type !== 'broadcast') return new QueueOutbox({ ...parts, base: keys.queue(name) })
  const outbox = new TopicOutbox({ ...parts, base: keys.topic(name) }, type)
  await session.guarded({ address: name, operation: 'attachSender' }, () => outbox.load())
  return outbox
}

class RedisSender implements AdapterSender, SessionLink {
  readonly #session: Session
  readonly #outbox: Outbox
  readonly #link: number

  constructor(session: Session, outbox: Outbox) {
    this.#session = session
    this.#outbox = outbox
    this.#link = session.add(this)
  }

  send(transfer: Transfer): void {
    this.#outbox.send(transfer)
  }

  async close(): Promise<void> {
    this.#session.remove(this.#link)
    await this.#outbox.close()
  }

  woken(): void {}

  lost(): void {
    this.#outbox.abandon()
  }
}

interface Place {
  readonly outbox: Outbox
  /** Of a queue that is missing: its name may be that of a topic. */
  topic: Promise<Outbox | undefined> | undefined
}

/**
 * To a queue, a topic or a reply address by its name alone. A queue wins; only a message that finds none makes it look for a
 * topic.
 */
class PlacesSender implements AdapterSender, SessionLink {
  readonly #session: Session
  readonly #target: string | undefined
  readonly #unconfirmed: boolean
  readonly #places = new Map<string, Place>()
  readonly #link: number

  constructor(session: Session, target: string | undefined, unconfirmed: boolean) {
    this.#session = session
    this.#target = target
    this.#unconfirmed = unconfirmed
    this.#link = session.add(this)
  }

  send(transfer: Transfer): void {
    const { message } = transfer
    let name = this.#target
    if (name === undefined) {
      try {
        name = nameOf(message)
      } catch (cause) {
        transfer.settle(malformed(message, cause))
        return
      }
    }
    const place = this.#place(name)
    if (name.startsWith(REPLY_PREFIX) || this.#unconfirmed) place.outbox.send(transfer)
    else place.outbox.send(new MaybeTopic(transfer, (error) => this.#missing(name, place, transfer, error)))
  }

  async close(): Promise<void> {
    this.#session.remove(this.#link)
    const closing = [...this.#places.values()].flatMap(({ outbox, topic }) => [
      outbox.close(),
      topic?.then((found) => found?.close()),
    ])
    await Promise.all(closing)
  }

  woken(): void {}

  lost(): void {
    for (const place of this.#places.values()) {
      place.outbox.abandon()
      void place.topic?.then((outbox) => outbox?.abandon())
    }
  }

  #missing(name: string, place: Place, transfer: Transfer, error: MessagingError): void {
    place.topic ??= this.#findTopic(name)
    void place.topic.then((outbox) => {
      if (outbox) return outbox.send(transfer)
      // It may be made later.
      place.topic = undefined
      transfer.settle(error)
    })
  }

  async #findTopic(name: string): Promise<Outbox | undefined> {
    try {
      const type = await this.#session.ask((commands) =>
        commands.hget(this.#session.keys.topic(name), 'type'),
      )
      if (type !== 'topic' && type !== 'broadcast') return undefined
      return await outboxFor(this.#session, { name, type }, { unconfirmed: this.#unconfirmed })
    } catch (error) {
      this.#session.check(error)
      return undefined
    }
  }

  #place(name: string): Place {
    let place = this.#places.get(name)
    if (place) return place
    if (this.#places.size >= MAX_PLACES) this.#forgetIdle()
    const { keys } = this.#session
    const parts = { session: this.#session, label: name, unconfirmed: this.#unconfirmed }
    const outbox = name.startsWith(REPLY_PREFIX)
      ? new ReplyOutbox({ ...parts, base: keys.reply(name) })
      : new QueueOutbox({ ...parts, base: keys.queue(name) })
    place = { outbox, topic: undefined }
    this.#places.set(name, place)
    return place
  }

  /** What is under way keeps its place: order and outcome belong to its outbox. */
  #forgetIdle(): void {
    for (const [name, { outbox, topic }] of this.#places) {
      if (topic !== undefined || !outbox.idle) continue
      this.#places.delete(name)
      void outbox.close()
      if (this.#places.size < MAX_PLACES / 2) return
    }
  }
}

class MaybeTopic implements Transfer {
  readonly message: OutgoingMessage
  readonly resend: boolean
  readonly #transfer: Transfer
  readonly #missing: (error: MessagingError) => void

  constructor(transfer: Transfer, missing: (error: MessagingError) => void) {
    this.message = transfer.message
    this.resend = transfer.resend
    this.#transfer = transfer
    this.#missing = missing
  }

  settle(error?: MessagingError): void {
    if (error?.code === 'SEND_UNROUTABLE') this.#missing(error)
    else this.#transfer.settle(error)
  }
}

/** The node in an address string; its subject is the message's where that has none. */
function nameOf(message: OutgoingMessage): string {
  const { to } = message
  if (to === undefined) throw new MessagingError('ADDRESS_MALFORMED', 'The message says no place to go to')
  if (to.startsWith(REPLY_PREFIX)) return to
  const { name, subject } = parseAddress(to)
  if (subject !== undefined) message.subject ??= subject
  return name
}

function malformed(message: OutgoingMessage, cause: unknown): MessagingError {
  return new MessagingError('SEND_UNROUTABLE', `'${message.to ?? ''}' is no address`, {
    cause,
    context: { adapter: ADAPTER, address: message.to, operation: 'send', messageId: message.id },
  })
}
