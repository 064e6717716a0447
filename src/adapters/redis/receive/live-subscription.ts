/**
 * A live subscription: what is published while it is attached, by the server's own pub/sub. The server keeps nothing of it, so credit is
 * kept here: what comes while the receiver is busy waits in a bounded buffer, from which the oldest are dropped and reported.
 */
import type {
  AdapterDelivery,
  AdapterReceiver,
  NodeRef,
  ReceiverEvents,
  Verdict,
} from '../../../contract/adapter.ts'
import { Deque } from '../../../core/deque.ts'
import { timerMs } from '../../../core/time/longest-timer.ts'
import { deadLetterOf } from '../../../model/copy.ts'
import { MessagingError } from '../../../model/errors.ts'
import { bodyOffset } from '../codec/envelope.ts'
import { RedisMessage } from '../codec/incoming.ts'
import { ADAPTER, isForbidden, nodeDeleted } from '../errors.ts'
import { type ChannelPlace, type PatternPlaces, placesOf } from '../nodes/globs.ts'
import { channelRoot, subjectOf } from '../nodes/keys.ts'
import type { DeadLetters } from '../send/dead-letters.ts'
import type { Session, SessionLink } from '../wire/session.ts'
import type { Listening } from './subscriptions.ts'

export interface LiveParts {
  readonly session: Session
  readonly deadLetters: DeadLetters
  readonly events: ReceiverEvents
  readonly topic: string
  /** Messages that do not say it are durable: on topics, not on broadcasts. */
  readonly durable: boolean
  readonly patterns: readonly string[]
  readonly maxDeliveries: number | undefined
  readonly deadLetter: NodeRef | undefined
  /** Messages kept while the receiver is busy. Default: `liveBuffer` of the connection. */
  readonly maxLength: number | undefined
}

class LiveDelivery implements AdapterDelivery {
  message: RedisMessage
  deliveryCount = 1
  redelivered = false
  /** Ms since 1970; 0: never. */
  readonly endsAt: number

  constructor(message: RedisMessage, endsAt: number) {
    this.message = message
    this.endsAt = endsAt
  }
}

/** Bytes of bodies in the buffer. */
const MAX_BUFFER_BYTES = 67_108_864
/** Between two reports of dropped messages. Unit: ms. */
const REPORT_MS = 1_000
/** Channels whose owner among the patterns is remembered. */
const MAX_REMEMBERED = 1_000

export class LiveSubscription implements AdapterReceiver, SessionLink {
  readonly #parts: LiveParts
  readonly #link: number
  readonly #root: string
  readonly #patterns: readonly PatternPlaces[]
  readonly #maxBuffered: number
  #listening: Listening[] = []
  #unwatch: (() => void) | undefined
  #credit: number
  readonly #held = new Set<LiveDelivery>()
  readonly #buffer = new Deque<LiveDelivery>()
  #bufferBytes = 0
  /** Of each channel, the place whose copies count; empty: none. */
  readonly #remembered = new Map<string, string>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #dropped = 0
  #report: NodeJS.Timeout | undefined
  #reportedAt = Number.NEGATIVE_INFINITY
  /** What was published before it was attached is not for it. */
  #live = false
  #ended = false

  constructor(parts: LiveParts, credit: number) {
    this.#parts = parts
    this.#credit = credit
    this.#root = channelRoot(parts.topic)
    const { liveBuffer } = parts.session.endpoint
    this.#maxBuffered = Math.min(parts.maxLength ?? liveBuffer, liveBuffer)
    this.#patterns = parts.patterns.map((pattern) => placesOf(this.#root, pattern))
    this.#link = parts.session.add(this)
  }

  /** Resolves when the server has all of it: the very next publish arrives. @throws `UNAUTHORIZED` */
  async start(): Promise<void> {
    const { session, topic } = this.#parts
    const { subscriptions } = session
    const asked = new Set<string>()
    for (const { places } of this.#patterns) {
      for (const place of places) {
        const id = idOf(place)
        if (asked.has(id)) continue
        asked.add(id)
        const listener = (channel: string, payload: Buffer): void => this.#arrived(id, channel, payload)
        this.#listening.push(
          place.kind === 'exact'
            ? subscriptions.exact(place.name, listener)
            : subscriptions.glob(this.#root, place.name, listener),
        )
      }
    }
    const gone = subscriptions.exact(session.keys.gone(topic), () => this.#topicGone())
    this.#listening.push(gone)
    try {
      // A user whose channels are limited is not told of the end of a topic.
      const told = gone.ready.catch((error) => {
        if (!isForbidden(error)) throw error
      })
      await Promise.all([...this.#listening.slice(0, -1).map(({ ready }) => ready), told])
      await session.caughtUp()
      this.#live = true
      await this.#watchTopic()
    } catch (cause) {
      this.#end()
      session.check(cause)
      throw session.error(cause, { address: topic, operation: 'attachReceiver' })
    }
  }

  /** One that was declared ends for its subscriptions, too, when another program deletes its key: nobody could publish to it. */
  async #watchTopic(): Promise<void> {
    const { session, topic } = this.#parts
    const key = session.keys.topic(topic)
    const known = await session
      .ask((commands) => commands.exists(key))
      .catch((error) => {
        if (!isForbidden(error)) throw error
      })
    if (known === 1 && !this.#ended) this.#unwatch = session.keyWatch.add({ key }, () => this.#topicGone())
  }

  // ── arrival ──

  #arrived(place: string, channel: string, payload: Buffer): void {
    if (!this.#live || this.#ended || this.#placeFor(channel) !== place) return
    const subject = subjectOf(this.#root, channel)
    const { durable } = this.#parts
    const message = new RedisMessage(payload, { durable, subject, annotations: { channel } }, undefined)
    const { ttlMs, delayMs } = timesOf(message, payload)
    if (ttlMs === undefined && delayMs === undefined) {
      this.#offer(new LiveDelivery(message, 0))
      return
    }
    const now = Date.now()
    const delivery = new LiveDelivery(message.with(ttlMs), ttlMs === undefined ? 0 : now + ttlMs)
    if (delayMs === undefined || delayMs <= 0) this.#offer(delivery)
    else this.#later(delayMs, () => this.#offer(delivery))
  }

  /** The place of the first pattern that fits: the only one whose copy is handed over. */
  #placeFor(channel: string): string {
    const known = this.#remembered.get(channel)
    if (known !== undefined) return known
    const place = this.#findPlace(channel)
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(channel, place)
    return place
  }

  #findPlace(channel: string): string {
    const inTopic = channel === this.#root || channel.startsWith(`${this.#root}.`)
    if (!inTopic) return ''
    const subject = subjectOf(this.#root, channel)
    const first = this.#patterns.find(({ fits }) => fits(subject ?? ''))
    if (!first) return ''
    // Exact ones first: a wildcard's glob fits no channel without a subject.
    const place = first.places.find(({ kind, name }) =>
      kind === 'exact' ? name === channel : channel !== this.#root,
    )
    return place === undefined ? '' : idOf(place)
  }

  #offer(delivery: LiveDelivery): void {
    if (this.#ended) return
    if (this.#held.size < this.#credit && this.#buffer.length === 0) {
      this.#handOver(delivery)
      return
    }
    this.#buffer.push(delivery)
    this.#bufferBytes += delivery.message.size
    while (
      this.#buffer.length > this.#maxBuffered ||
      (this.#bufferBytes > MAX_BUFFER_BYTES && this.#buffer.length > 1)
    ) {
      this.#take()
      this.#drop()
    }
  }

  #take(): LiveDelivery | undefined {
    const delivery = this.#buffer.shift()
    if (delivery) this.#bufferBytes -= delivery.message.size
    return delivery
  }

  #pump(): void {
    while (!this.#ended && this.#held.size < this.#credit) {
      const delivery = this.#take()
      if (!delivery) return
      this.#handOver(delivery)
    }
  }

  #handOver(delivery: LiveDelivery): void {
    if (delivery.endsAt !== 0) {
      const left = delivery.endsAt - Date.now()
      if (left <= 0) return
      delivery.message = delivery.message.with(left)
    }
    this.#held.add(delivery)
    this.#parts.events.deliver(delivery)
  }

  #drop(): void {
    this.#dropped++
    if (this.#report !== undefined) return
    const pause = Math.max(0, this.#reportedAt + REPORT_MS - performance.now())
    this.#report = setTimeout(() => this.#tell(), pause)
    this.#report.unref()
  }

  #tell(): void {
    this.#report = undefined
    this.#reportedAt = performance.now()
    const count = this.#dropped
    this.#dropped = 0
    this.#parts.events.gap('the receiver was too slow', count)
  }

  // ── verdicts ──

  accept(delivery: AdapterDelivery): void {
    if (this.#held.delete(delivery as LiveDelivery)) this.#pump()
  }

  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const held = delivery as LiveDelivery
    if (!this.#held.delete(held)) throw this.#deliveryLost()
    if (verdict.kind === 'reject') await this.#reject(held, verdict.reason, verdict.error)
    else if (verdict.unseen) this.#putBack(held)
    else {
      const { maxDeliveries } = this.#parts
      if (maxDeliveries !== undefined && held.deliveryCount >= maxDeliveries) {
        await this.#reject(held, `more than ${maxDeliveries} deliveries`)
      } else this.#again(held, verdict.delayMs)
    }
    this.#pump()
  }

  #again({ message, deliveryCount, endsAt }: LiveDelivery, delayMs: number): void {
    const again = new LiveDelivery(message, endsAt)
    again.deliveryCount = deliveryCount + 1
    again.redelivered = true
    if (delayMs > 0) {
      this.#later(delayMs, () => {
        this.#putBack(again)
        this.#pump()
      })
    } else this.#putBack(again)
  }

  #putBack(delivery: LiveDelivery): void {
    this.#buffer.unshift(delivery)
    this.#bufferBytes += delivery.message.size
  }

  async #reject({ message, deliveryCount }: LiveDelivery, reason: string, error?: string): Promise<void> {
    const { deadLetter, deadLetters, session, topic } = this.#parts
    if (deadLetter === undefined) return
    const letter = deadLetterOf(message, reason, deliveryCount, topic, error)
    await session.guarded({ address: topic, operation: 'reject' }, () => deadLetters.send(letter, deadLetter))
  }

  #later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, timerMs(delayMs))
    timer.unref()
    this.#timers.add(timer)
    // They take part in the bound of the buffer: the oldest goes.
    if (this.#timers.size <= this.#maxBuffered) return
    const [oldest] = this.#timers
    clearTimeout(oldest)
    this.#timers.delete(oldest!)
    this.#drop()
  }

  // ── life ──

  flow(credit: number): void {
    this.#credit = credit
    this.#pump()
  }

  async flush(): Promise<void> {
    const { session } = this.#parts
    if (this.#ended || !session.alive) return
    await session.caughtUp().catch((error) => session.check(error))
  }

  async close(): Promise<void> {
    this.#end()
  }

  woken(): void {}

  lost(): void {
    this.#end()
  }

  #topicGone(): void {
    if (!this.#live || this.#ended) return
    this.#end()
    this.#parts.events.detached(nodeDeleted(this.#parts.topic))
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const listening of this.#listening) listening.stop()
    this.#unwatch?.()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    clearTimeout(this.#report)
    this.#buffer.drain()
    this.#held.clear()
    this.#parts.session.remove(this.#link)
  }

  #deliveryLost(): MessagingError {
    return new MessagingError('DELIVERY_LOST', 'The subscription had ended when the verdict came', {
      context: { adapter: ADAPTER, address: this.#parts.topic },
    })
  }
}

function idOf({ kind, name }: ChannelPlace): string {
  return `${kind}:${name}`
}

/** Only a header that speaks of times is parsed at arrival. */
function timesOf(message: RedisMessage, payload: Buffer): { ttlMs?: number; delayMs?: number } {
  const at = bodyOffset(payload)
  if (at === 0 || !payload.subarray(0, at).includes('Ms":')) return NO_TIMES
  const { ttlMs, delayMs } = message.header
  return {
    ttlMs: typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : undefined,
    delayMs: typeof delayMs === 'number' ? delayMs : undefined,
  }
}

const NO_TIMES = Object.freeze({})
