/**
 * Delayed messages of one link.
 *
 * RabbitMQ has no delay of its own. A message waits in a queue that nobody receives from, one for each target and length of
 * the delay; its time to live there is the delay, and what expires moves on to the target.
 *
 * ```text
 * to a queue:     default exchange ─▶ holding queue ─(expires)─▶ default exchange ─▶ target
 * to an exchange: fanout exchange of the holding queue ─▶ holding queue ─(expires)─▶ target, under its own subject
 * ```
 *
 * order: a holding queue deletes itself (`x-expires`) some time after it was last declared, with what is in it. It lives
 * longer than its delay, and it is declared again right before each batch, on the channel of the publishes and without
 * waiting in between: so whatever it takes is moved on before it goes.
 */
import type { Channel } from 'amqplib'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { bodyBuffer } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
import { ADAPTER } from '../errors.ts'
import { isPublishError } from '../native-errors.ts'
import { mayRefuse } from '../nodes/queue-probe.ts'
import { type Hold, holdMs, holdQueue, MAX_DELAY_MS } from '../nodes/topology.ts'
import type { LinkLife } from '../wire/link-life.ts'
import { type InFlight, PublishChannel } from '../wire/publish-channel.ts'
import type { Session } from '../wire/session.ts'

/** Holding queues remembered. */
const MAX_REMEMBERED = 1_000

export interface DelayTarget {
  readonly kind: 'queue' | 'exchange'
  readonly name: string
  /** Routing key at an exchange. */
  readonly key?: string
}

interface Held {
  readonly item: InFlight
  readonly target: DelayTarget
  readonly hold: Hold
  /** Name of the holding queue. */
  readonly room: string
}

export class DelayLine {
  readonly #session: Session
  readonly #life: LinkLife
  /** Not yet written. Bound: the capacity of the link. */
  #waiting: Held[] = []
  #channel: PublishChannel | undefined
  /** Those whose holding queue is being declared; the publishes are written right behind that. */
  #declaring: readonly Held[] = []
  #running = false
  /** Names of holding queues that this user may make, because it has. */
  readonly #permitted = new Set<string>()

  constructor(session: Session, life: LinkLife) {
    this.#session = session
    this.#life = life
  }

  /** Settles `item` when the broker holds the message back, or `SEND_UNROUTABLE` when there is no such target. */
  send(item: InFlight, target: DelayTarget): void {
    const { message } = item
    const delayMs = message.delayMs ?? 0
    if (delayMs > MAX_DELAY_MS) {
      item.settle(
        new MessagingError(
          'NOT_SUPPORTED',
          'RabbitMQ delays a message by ten years at most',
          context(target),
        ),
      )
      return
    }
    const { kind, name } = target
    const copied = new CopiedInFlight(item)
    // A classic holding queue would go with its node.
    const safe = this.#session.queueType === 'quorum' || (kind === 'queue' && this.#session.mayRefuse(name))
    if (safe !== undefined) this.#hold(copied, target, safe)
    else void mayRefuse(this.#session, name).then((refuses) => this.#hold(copied, target, refuses))
  }

  #hold(item: CopiedInFlight, target: DelayTarget, safe: boolean): void {
    const { kind, name, key } = target
    const hold: Hold = { kind, target: name, delayMs: holdMs(item.message.delayMs ?? 0), safe }
    const room = holdQueue(hold).name
    item.key = key ?? room
    this.#waiting.push({ item, target, hold, room })
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0 && !this.#life.over) {
      const batch = takeBatch(this.#waiting)
      try {
        await this.#write(batch)
      } catch (cause) {
        const error = this.#session.error(cause, { address: batch[0]!.target.name, operation: 'send' })
        // Once the link or the connection has ended, all of it is in doubt and nothing is told one by one.
        if (!this.#life.over && this.#session.alive) for (const { item } of batch) item.settle(error)
      }
    }
    this.#running = false
  }

  /** All of `batch` have one target and one delay. */
  async #write(batch: readonly Held[]): Promise<void> {
    const { target, hold, room } = batch[0]!
    const { scratch } = this.#session
    const there =
      target.kind === 'queue' ? await scratch.queue(target.name) : await scratch.exchange(target.name)
    if (!there) {
      for (const { item } of batch)
        item.settle(new MessagingError('SEND_UNROUTABLE', missing(target), context(target)))
      return
    }
    const lasting = batch.filter(({ item }) => outlives(item.message, hold.delayMs))
    for (const held of batch) if (!lasting.includes(held)) held.item.settle()
    if (lasting.length === 0) return
    await this.#tryRoom(hold, room)
    const { channel } = await this.#open()
    this.#declaring = lasting
    if (target.kind === 'exchange') await declareRoom(channel, hold, room)
    const declared = channel.assertQueue(room, holdQueue(hold).options)
    for (const held of lasting) this.#publish(held)
    await declared
    this.#declaring = []
  }

  /** What the broker refuses (a right, one queue too many) is told to these messages; on the link's own channel it would end the link. */
  async #tryRoom(hold: Hold, room: string): Promise<void> {
    if (this.#permitted.has(room)) return
    await this.#session.scratch.run((channel) => declareRoom(channel, hold, room))
    if (this.#permitted.size >= MAX_REMEMBERED) this.#permitted.clear()
    this.#permitted.add(room)
  }

  /** A broker that refuses the declaration reads nothing behind it: none of these messages is in doubt. */
  #refused(cause: unknown): void {
    if (isPublishError(cause)) return
    for (const { item, target } of this.#declaring)
      item.settle(this.#session.error(cause, { address: target.name, operation: 'send' }))
    this.#declaring = []
  }

  #publish({ item, target, room }: Held): void {
    const route = {
      subjectIsKey: target.kind === 'exchange',
      mandatory: true,
      login: this.#session.login,
      dueAt: target.kind === 'queue' ? target.name : undefined,
    }
    try {
      const options = publishOptions(item.message, route)
      if (target.kind === 'queue') this.#channel!.publish('', room, options, item)
      else this.#channel!.publish(room, target.key ?? '', options, item)
    } catch (cause) {
      item.settle(this.#session.error(cause, { address: target.name, operation: 'send' }))
    }
  }

  async #open(): Promise<PublishChannel> {
    if (!this.#channel) {
      this.#channel = await PublishChannel.open(this.#session, undefined, this.#life)
      // order: ahead of the end of the link, with which all that is open counts as in doubt.
      this.#channel.channel.prependListener('error', (cause) => this.#refused(cause))
    }
    return this.#channel
  }
}

async function declareRoom(channel: Channel, hold: Hold, room: string): Promise<void> {
  await channel.assertQueue(room, holdQueue(hold).options)
  if (hold.kind === 'queue') return
  await channel.assertExchange(room, 'fanout', { durable: true, autoDelete: true })
  await channel.bindQueue(room, room, '')
}

/** A message that waits for its channel: the application may change its buffer meanwhile. */
class CopiedInFlight implements InFlight {
  readonly message: OutgoingMessage
  /** Known when it is known where the message waits. */
  key = ''
  readonly #item: InFlight

  constructor(item: InFlight) {
    this.#item = item
    this.message = { ...item.message, body: Buffer.from(bodyBuffer(item.message.body)) }
  }

  settle(error?: MessagingError): void {
    this.#item.settle(error)
  }
}

/** Whether the message is still alive when it is due: one that is not expires at the broker unseen, so it need not go there. */
function outlives({ ttlMs }: OutgoingMessage, delayMs: number): boolean {
  return ttlMs === undefined || ttlMs > delayMs
}

/** From the front, those that wait in one queue. */
function takeBatch(waiting: Held[]): Held[] {
  const { room } = waiting[0]!
  const end = waiting.findIndex((held) => held.room !== room)
  return waiting.splice(0, end === -1 ? waiting.length : end)
}

function missing({ kind, name }: DelayTarget): string {
  return kind === 'queue' ? `There is no queue '${name}'` : `There is no exchange '${name}'`
}

function context({ name }: DelayTarget): { context: Record<string, unknown> } {
  return { context: { adapter: ADAPTER, address: name, operation: 'send' } }
}
