/**
 * A browser of a queue or named subscription: reads pages and changes nothing. It shows what waited when it began, in the order
 * of delivery, and with `follow` what comes later, in the order of arrival within each priority.
 */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { type Origin, RedisMessage } from '../codec/incoming.ts'
import { isForbidden, nodeDeleted, notFound } from '../errors.ts'
import type { Nodes } from '../nodes/nodes.ts'
import type { Session, SessionLink } from '../wire/session.ts'

export interface BrowserParts {
  readonly session: Session
  readonly nodes: Nodes
  readonly events: ReceiverEvents
  readonly base: string
  readonly label: string
  readonly follow: boolean
}

const IN_QUEUE: Origin = { durable: true }
/** A rank is (9 - priority) times this, plus the place. */
const BAND = 2 ** 49
const BANDS = 10
const IS_RANK = /^[1-9]\d{0,15}$/
/** Messages of the first page; later ones are as large as their bytes allow. */
const FIRST_PAGE = 16
const MAX_PAGE = 500
const MAX_PAGE_BYTES = 1_048_576

/** A message where it waits. */
class Shown implements AdapterDelivery {
  readonly message: RedisMessage
  readonly deliveryCount: number
  readonly redelivered: boolean
  /** Its place. */
  readonly rank: string

  constructor(message: RedisMessage, count: number, rank: string) {
    this.message = message
    this.deliveryCount = count + 1
    this.redelivered = count > 0
    this.rank = rank
  }
}

export class QueueBrowser implements AdapterReceiver, SessionLink {
  readonly #parts: BrowserParts
  readonly #link: number
  #credit: number
  #held = 0
  #page = FIRST_PAGE
  #reading: Promise<void> | undefined
  #credited: (() => void) | undefined
  #arrived: (() => void) | undefined
  /** The server said that something is new. */
  #told = false
  #look: NodeJS.Timeout | undefined
  #ended = false

  constructor(parts: BrowserParts, credit: number) {
    this.#parts = parts
    this.#credit = credit
    this.#link = parts.session.add(this)
  }

  /** @throws `ADDRESS_NOT_FOUND` */
  async start(): Promise<void> {
    const { session, base, label, nodes, follow } = this.#parts
    try {
      await session.guarded({ address: label, operation: 'browse' }, async () => {
        if ((await session.ask((commands) => commands.exists(base))) === 0) throw notFound('queue', label)
        if (follow) await this.#watch()
        await nodes.tidyUp(base)
      })
    } catch (error) {
      this.#end()
      throw error
    }
    this.#reading = this.#read().catch((cause) => this.#failed(cause))
  }

  // ── reading ──

  async #read(): Promise<void> {
    const { session, base, events, follow } = this.#parts
    const seen = Number((await session.ask((commands) => commands.hget(base, 'seq'))) ?? 0)
    await this.#readWaiting(seen)
    if (this.#ended) return
    if (!follow) return events.end()
    const places = new Array<number>(BANDS).fill(seen)
    while (!this.#ended) {
      // order: armed before looking, so that an arrival in between is not slept through.
      const arrival = this.#arrival()
      const found = await this.#readArrivals(places)
      // Woken for nothing: the queue may be gone.
      if (!found && this.#told) await this.#lookAgain()
      this.#told = false
      await arrival
    }
  }

  /** Everything that was there at place `seen` and before. */
  async #readWaiting(seen: number): Promise<void> {
    let after = 0
    while (!this.#ended) {
      const ranks = await this.#ranks(`(${after}`, '+inf')
      if (ranks.length === 0) return
      const younger = ranks.findIndex((rank) => placeOf(rank) > seen)
      await this.#show(younger < 0 ? ranks : ranks.slice(0, younger))
      // Behind a younger one its whole band is younger: on to the next.
      after = younger < 0 ? ranks.at(-1)! : (Math.floor(ranks[younger]! / BAND) + 1) * BAND - 1
    }
  }

  /** Everything behind the places reached so far, band by band. */
  async #readArrivals(places: number[]): Promise<boolean> {
    let found = false
    for (let band = 0; band < BANDS && !this.#ended; band++) {
      for (;;) {
        const ranks = await this.#ranks(`(${band * BAND + places[band]!}`, `(${(band + 1) * BAND}`)
        if (ranks.length === 0 || this.#ended) break
        await this.#show(ranks)
        places[band] = placeOf(ranks.at(-1)!)
        found = true
      }
    }
    return found
  }

  /** Of at most a page; what another program has put among them is passed over. */
  async #ranks(from: string, to: string): Promise<number[]> {
    const { session, base } = this.#parts
    for (let skipped = 0; ; ) {
      await this.#free()
      if (this.#ended) return []
      const limit = Math.min(this.#page, Math.max(1, this.#credit - this.#held))
      const members = await session.ask((commands) =>
        commands.zrangebyscore(`${base}#ready`, from, to, 'LIMIT', skipped, limit),
      )
      const ranks = await this.#fitting(members.filter((member) => IS_RANK.test(member)))
      if (ranks.length > 0 || members.length === 0) return ranks
      skipped += members.length
    }
  }

  /** From the front, as many as one answer may have, which the server may limit; at least one. */
  async #fitting(members: readonly string[]): Promise<number[]> {
    const { session, base } = this.#parts
    if (members.length < 2 || (!session.facts.answersLimited && this.#page > FIRST_PAGE))
      return members.map(Number)
    const sizes = await session.ask((commands) =>
      Promise.all(members.map((member) => commands.hstrlen(`${base}#msg`, member))),
    )
    let room = Math.min(MAX_PAGE_BYTES, session.facts.answerBytes)
    const end = sizes.findIndex((size) => {
      room -= size
      return room < 0
    })
    return members.slice(0, end < 0 ? undefined : Math.max(1, end)).map(Number)
  }

  async #show(ranks: readonly number[]): Promise<void> {
    if (ranks.length === 0) return
    const { session, base, events } = this.#parts
    const members = ranks.map(String)
    const [payloads, deliveries, ends, now] = await session.ask((commands) =>
      Promise.all([
        session.payloads(commands, base, members),
        commands.hmget(`${base}#deliveries`, ...members),
        commands.zmscore(`${base}#exp`, ...members),
        session.now(),
      ]),
    )
    let bytes = 0
    for (const [at, payload] of payloads.entries()) {
      // A receiver was quicker.
      if (payload === null || this.#ended) continue
      bytes += payload.length
      const end = ends[at]
      const left = end === null || end === undefined ? undefined : Number(end) - now
      if (left !== undefined && left <= 0) continue
      const count = countOf(deliveries[at])
      this.#held++
      const message = new RedisMessage(payload, IN_QUEUE, left)
      events.deliver(new Shown(message, count, members[at]!))
    }
    const mean = Math.max(1, bytes / payloads.length)
    this.#page = Math.max(1, Math.min(MAX_PAGE, this.#page * 4, Math.floor(MAX_PAGE_BYTES / mean)))
  }

  /** Resolves when there is credit. */
  async #free(): Promise<void> {
    while (!this.#ended && this.#held >= this.#credit) {
      await new Promise<void>((resolve) => {
        this.#credited = resolve
      })
    }
  }

  // ── following ──

  /** Resolves when something may have come: told by the server, or after a while. */
  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(this.#look)
        this.#arrived = undefined
        resolve()
      }
      this.#arrived = done
      this.#look = setTimeout(() => void this.#lookAgain().finally(done), this.#parts.session.endpoint.pollMs)
      this.#look.unref()
    })
  }

  async #lookAgain(): Promise<void> {
    const { session, nodes, base, label } = this.#parts
    try {
      if (!(await this.#watch())) return this.#detach(nodeDeleted(label))
      await nodes.tidyUp(base)
    } catch (error) {
      session.check(error)
    }
  }

  /** Asks to be told of arrivals for a while. `false`: the queue is gone. Where that is forbidden it looks by itself. */
  async #watch(): Promise<boolean> {
    const { session, base } = this.#parts
    const { leaseMs, pollMs } = session.endpoint
    try {
      const forMs = Math.max(leaseMs, 3 * pollMs)
      return (await session.run('watch', [base], [session.ownerName(this.#link), forMs])) === 1
    } catch (error) {
      if (!isForbidden(error)) throw error
      return (await session.ask((commands) => commands.exists(base))) === 1
    }
  }

  woken(): void {
    this.#told = true
    this.#arrived?.()
  }

  // ── the window ──

  accept(_delivery: AdapterDelivery): void {
    this.#held--
    this.#credited?.()
  }

  async settle(delivery: AdapterDelivery): Promise<void> {
    this.accept(delivery)
  }

  async takeOut(delivery: AdapterDelivery): Promise<void> {
    try {
      await this.#take((delivery as Shown).rank)
    } finally {
      this.accept(delivery)
    }
  }

  async #take(rank: string): Promise<void> {
    const { session, base, label } = this.#parts
    const context = { address: label, operation: 'take' }
    const taken = await session.guarded(context, () => session.run('take', [base], [rank]))
    if (taken !== 1)
      throw new MessagingError('DELIVERY_LOST', 'The message is not in its place any more', { context })
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#credited?.()
  }

  async flush(): Promise<void> {
    if (this.#parts.follow) this.#arrived?.()
    // Pages follow each other as long as there is credit: one further round trip is behind what is under way.
    const { session } = this.#parts
    if (!this.#ended && session.alive)
      await session.wire.commands.ping().catch((error) => session.check(error))
  }

  // ── end ──

  async close(): Promise<void> {
    const { session, base } = this.#parts
    if (!this.#ended && this.#parts.follow && session.alive) {
      await session.wire.commands
        .zrem(`${base}#watchers`, session.ownerName(this.#link))
        .catch((error) => session.check(error))
    }
    this.#end()
    await this.#reading
  }

  lost(): void {
    this.#end()
  }

  #failed(cause: unknown): void {
    const { session, label } = this.#parts
    session.check(cause)
    if (!this.#ended && session.alive)
      this.#detach(session.error(cause, { address: label, operation: 'browse' }))
  }

  #detach(error: MessagingError): void {
    if (this.#ended) return
    this.#end()
    this.#parts.events.detached(error)
  }

  #end(): void {
    this.#ended = true
    clearTimeout(this.#look)
    this.#parts.session.remove(this.#link)
    this.#credited?.()
    this.#arrived?.()
  }
}

/** Another program may have written any number. */
function countOf(text: string | null | undefined): number {
  const count = Number(text ?? 0)
  return Number.isSafeInteger(count) && count > 0 && count < 1_000_000_000 ? count : 0
}

function placeOf(rank: number): number {
  return rank % BAND
}
