/**
 * A receiver of a queue or named subscription. It owns a lease at the server; what it is handed is held for it there until
 * its verdict comes, and goes to others when the lease ends.
 *
 * Everything it does is a turn: one script call that carries the verdicts gathered since the last one and asks for
 * as much as there is credit for. At most two are under way, so that the server works while the program does.
 *
 *   asking ──all there was──▶ waiting ──woken, due, or time to look──▶ asking
 */
import type { AdapterDelivery, AdapterReceiver, NodeRef, ReceiverEvents, Verdict } from '../../api/adapter.ts'
import { MessagingError } from '../../api/errors.ts'
import { attachOwner } from './attach.ts'
import { type DeadLetters, deadLetterOf } from './dead-letters.ts'
import { ADAPTER, connectionLost, isConnectionError, isForbidden } from './errors.ts'
import { RedisDelivery } from './held-delivery.ts'
import { type Origin, RedisMessage } from './incoming.ts'
import { recoverDead } from './presence.ts'
import { ClaimReader } from './records.ts'
import type { Session, SessionLink } from './session.ts'
import { type Settling, Verdicts } from './verdicts.ts'

export interface ReceiverParts {
  readonly session: Session
  readonly deadLetters: DeadLetters
  readonly events: ReceiverEvents
  /** Base key of the queue. */
  readonly base: string
  /** Name of the node, for errors. */
  readonly label: string
  /** Where a dead letter says that it comes from. */
  readonly origin: string
  readonly leaseMs: number
  readonly maxDeliveries: number | undefined
  readonly deadLetter: NodeRef | undefined
  readonly exclusive: boolean
}

/** Messages asked for in one turn at most. */
const MAX_STEP = 1_000
/** Bytes of payloads in one reply, about. */
const MAX_BYTES = 2_097_152
/** Turns under way at once. */
const MAX_TURNS = 2
/** First pause between two looks, after which it doubles. Unit: ms. */
const FIRST_LOOK_MS = 250
/** Pause after taking a share of what little there was. Unit: ms. */
const YIELD_MS = 5

/** Accepted deliveries that a waiting receiver gathers, and for how long: the server syncs its disk for each turn. Unit: ms. */
const GATHERED = 100
const GATHER_MS = 2

const IN_QUEUE: Origin = { durable: true }

/** How the server has this receiver among those that wait. */
const NOT_WAITING = 0
const WAITING = 1
/** It was taken out of the line and has not asked since. */
const WOKEN = 2

export class QueueReceiver implements AdapterReceiver, SessionLink {
  readonly #parts: ReceiverParts
  readonly #session: Session
  readonly #events: ReceiverEvents
  #link: number
  #owner = ''
  #credit: number
  readonly #held = new Set<RedisDelivery>()
  #verdicts = new Verdicts()
  /** Verdicts and questions that are under way, oldest first. */
  readonly #underWay = new Set<Verdicts>()
  /** Messages asked for and not answered yet. */
  #asked = 0
  /** The last answer said that nothing more waits. */
  #drained = false
  /** The last answer said that there is more. */
  #flowing = false
  #state: 0 | 1 | 2 = NOT_WAITING
  /** How many more the server may hand over while this receiver waits; then it must ask again. Never more than the server thinks. */
  #room = 0
  /** Messages handed over along with a word, ever. */
  #handed = 0
  #scheduled = false
  /** Runs while verdicts are gathered that nobody waits for. */
  #gathering: NodeJS.Timeout | undefined
  #started = 0
  #finished = 0
  #flushes: { after: number; resolve: () => void }[] = []
  /** Mean size of the messages seen, for the first step of a question. Unit: bytes. */
  #meanBytes = 1_000
  #renewal: NodeJS.Timeout | undefined
  #renewed = true
  #look: NodeJS.Timeout | undefined
  #lookMs = FIRST_LOOK_MS
  #closing: Promise<void> | undefined
  #quiet: (() => void) | undefined
  #ended = false
  /** Verdicts that take more than a turn. */
  readonly #moving = new Set<Settling>()

  constructor(parts: ReceiverParts, credit: number) {
    this.#parts = parts
    this.#session = parts.session
    this.#events = parts.events
    this.#credit = credit
    this.#link = parts.session.add(this)
  }

  /** Attaches at the server. @throws `ADDRESS_NOT_FOUND`, `UNAUTHORIZED` */
  async start(): Promise<void> {
    const { leaseMs } = this.#parts
    try {
      await recoverDead(this.#session, this.#parts.base, true)
      await this.#attach()
    } catch (error) {
      this.#session.remove(this.#link)
      this.#ended = true
      throw error
    }
    this.#renewal = setInterval(() => this.#renew(), leaseMs / 3)
    this.#renewal.unref()
    this.#schedule()
  }

  // ── verdicts ──

  accept(delivery: AdapterDelivery): void {
    const held = delivery as RedisDelivery
    if (!this.#held.delete(held)) return
    this.#verdicts.accepted.push(held.rank)
    if (this.#drained && this.#state === WAITING && this.#verdicts.accepted.length < GATHERED) {
      this.#gathering ??= setTimeout(startTurn, GATHER_MS, this)
      return
    }
    if (this.#held.size === 0 && this.#state === NOT_WAITING) this.#drained = false
    this.#schedule()
  }

  settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const held = delivery as RedisDelivery
    if (!this.#held.delete(held)) return Promise.reject(this.#deliveryLost())
    if (verdict.kind === 'reject') return this.#reject(held, verdict.reason)
    const { maxDeliveries } = this.#parts
    if (verdict.unseen) this.#verdicts.unseen.push(held.rank)
    else if (maxDeliveries !== undefined && held.deliveryCount >= maxDeliveries) return this.#exhausted(held)
    else if (verdict.delayMs > 0) this.#verdicts.delayed.push(verdict.delayMs, held.rank)
    else this.#verdicts.released.push(held.rank)
    return this.#settled()
  }

  /** Resolves when the turn has ended that carries the verdicts gathered now. */
  #settled(): Promise<void> {
    this.#schedule()
    return new Promise((resolve, reject) => this.#verdicts.settling.push({ resolve, reject }))
  }

  async #reject(held: RedisDelivery, reason: string): Promise<void> {
    const { deadLetter, deadLetters, base, origin } = this.#parts
    if (deadLetter === undefined) {
      this.#verdicts.accepted.push(held.rank)
      return this.#settled()
    }
    const letter = deadLetterOf(held.message, reason, held.deliveryCount, origin)
    const place = { base, owner: this.#owner, rank: held.rank }
    try {
      if (await this.#whileAttached(deadLetters.move(place, letter, deadLetter))) return
      // order: the copy is safe before the original goes; a crash in between doubles it and never loses it.
      await this.#whileAttached(deadLetters.send(letter, deadLetter))
    } catch (cause) {
      if (cause instanceof MessagingError) throw cause
      this.#session.check(cause)
      throw this.#session.error(cause, { address: this.#parts.label, operation: 'reject' })
    }
    this.#verdicts.accepted.push(held.rank)
    return this.#settled()
  }

  /** Delivered as often as it may be. */
  #exhausted(held: RedisDelivery): Promise<void> {
    const { maxDeliveries, deadLetter, label } = this.#parts
    if (deadLetter === undefined) {
      const text = `A message had ${held.deliveryCount} deliveries in '${label}', which has no dead-letter address: it is discarded`
      this.#session.events.warning(
        new MessagingError('DELIVERY_LOST', text, {
          context: { adapter: ADAPTER, address: label, messageId: held.message.id, maxDeliveries },
          hint: 'Give the queue a dead-letter address to keep such messages.',
        }),
      )
    }
    return this.#reject(held, `more than ${maxDeliveries} deliveries`)
  }

  /** Ends with the link, so that no verdict waits for ever. */
  #whileAttached<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settling: Settling = { resolve: () => {}, reject }
      this.#moving.add(settling)
      work.then(resolve, reject).finally(() => this.#moving.delete(settling))
    })
  }

  // ── credit ──

  flow(credit: number): void {
    this.#credit = credit
    if (credit > 0) this.#drained = false
    else clearTimeout(this.#look)
    this.#schedule()
  }

  async flush(): Promise<void> {
    if (this.#ended || this.#closing || !this.#session.alive) return
    // What was handed over already may still be on its way, on the other connection.
    await Promise.all([this.#askAll(), this.#allHanded()])
  }

  async #allHanded(): Promise<void> {
    if (this.#session.cluster) return
    await this.#session.caughtUp().catch((error) => this.#session.check(error))
  }

  /** Resolves when a question that begins now has its answer. */
  #askAll(): Promise<void> {
    let after = this.#started
    if (this.#free > 0) {
      // A question that is under way may have been answered before what is asked about arrived.
      after++
      this.#drained = false
      this.#turn(true)
    }
    if (this.#finished >= after) return Promise.resolve()
    return new Promise((resolve) => this.#flushes.push({ after, resolve }))
  }

  get #free(): number {
    return this.#credit - this.#held.size - this.#asked
  }

  // ── turns ──

  #schedule(): void {
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    // Behind all verdicts of this turn of the event loop.
    setImmediate(startTurn, this)
  }

  static turn(receiver: QueueReceiver): void {
    receiver.#scheduled = false
    receiver.#turn(false)
  }

  /**
   * How much to ask for. As long as there is more than it can take: in halves of the window, so that one half is on its way
   * while the other is worked on. Else all it can take in one question.
   */
  #want(always: boolean): number {
    const free = this.#free
    if (free <= 0 || this.#closing || this.#drained) return 0
    const half = Math.max(1, Math.ceil(this.#credit / 2))
    if (!always) {
      if (!this.#flowing && this.#asked > 0) return 0
      // A question for a few is not worth it while there is work.
      if (free < half / 2 && this.#held.size > 0) return 0
    }
    return Math.min(free, MAX_STEP, this.#flowing ? half : free)
  }

  #turn(always: boolean): void {
    if (this.#ended || !this.#session.alive || this.#owner === '') return
    if (this.#underWay.size >= MAX_TURNS && !always) return
    const want = this.#want(always)
    const verdicts = this.#verdicts
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    const state = this.#leaveLine(want)
    if (verdicts.empty && want === 0 && state === NOT_WAITING && this.#renewed && !always) return
    this.#verdicts = new Verdicts()
    this.#underWay.add(verdicts)
    this.#asked += want
    this.#renewed = true
    this.#started++
    const { base, leaseMs } = this.#parts
    const step = Math.max(1, Math.min(want, MAX_STEP, Math.floor(MAX_BYTES / this.#meanBytes)))
    const owner = this.#owner
    const handed = this.#handed
    const args = [owner, leaseMs, want, MAX_BYTES, step, state, ...verdicts.args, always ? '0' : '1']
    this.#session.run('turn', [base], args).then(
      (reply) => this.#answered(owner, verdicts, { want, handed }, reply as TurnReply),
      (error) => this.#failed(verdicts, want, error),
    )
    // What does not fit into this question may go into the next at once.
    if (want > 0 && this.#underWay.size < MAX_TURNS && this.#want(false) > 0) this.#schedule()
  }

  /** What the server must know of this receiver's place among those that wait; from now on it has none, or keeps it. */
  #leaveLine(want: number): 0 | 1 | 2 {
    const state = this.#state
    if (state === WOKEN) {
      this.#state = NOT_WAITING
      return want > 0 ? NOT_WAITING : WOKEN
    }
    // With nothing to ask only one that is paused leaves.
    if (state === NOT_WAITING || (want === 0 && this.#credit > 0 && !this.#closing)) return NOT_WAITING
    this.#state = NOT_WAITING
    return WAITING
  }

  #answered(owner: string, verdicts: Verdicts, { want, handed }: Question, reply: TurnReply): void {
    this.#underWay.delete(verdicts)
    this.#asked -= want
    this.#finished++
    if (this.#ended) {
      verdicts.failed(this.#deliveryLost())
      return
    }
    const [outcome, messages, rest, nextDue, owners] = reply
    if (outcome === NODE_GONE) {
      verdicts.failed(this.#deliveryLost())
      this.#detach(this.#deleted())
      return
    }
    if (outcome === LEASE_LOST) {
      verdicts.failed(this.#deliveryLost())
      if (owner === this.#owner) this.#leaseLost()
      return
    }
    verdicts.settled()
    const got = this.#handOver(messages!)
    if (want > 0) {
      this.#flowing = rest === MORE
      // What was handed over meanwhile may or may not count: it is taken to.
      if (rest === NOTHING) this.#wait(nextDue!, owners!, want - got - (this.#handed - handed))
      else if (rest === OTHERS_FIRST) this.#yield()
    }
    this.#afterTurn()
  }

  #afterTurn(): void {
    if (this.#flushes.length > 0) {
      const done = this.#flushes.filter(({ after }) => after <= this.#finished)
      this.#flushes = this.#flushes.filter(({ after }) => after > this.#finished)
      for (const { resolve } of done) resolve()
    }
    if (this.#underWay.size === 0) this.#quiet?.()
    if (!this.#ended) this.#schedule()
  }

  /** Answers how many they were. */
  #handOver(messages: Buffer): number {
    if (messages.length === 0) return 0
    const reader = new ClaimReader(messages)
    const { maxDeliveries } = this.#parts
    let count = 0
    while (reader.next()) {
      count++
      if (this.#closing || this.#held.size >= this.#credit) {
        this.#verdicts.unseen.push(reader.rank)
        continue
      }
      const message = new RedisMessage(reader.payload, IN_QUEUE, reader.lifeMs)
      const delivery = new RedisDelivery(message, reader.deliveries + 1, reader.rank)
      if (maxDeliveries !== undefined && reader.deliveries >= maxDeliveries)
        this.#divert(delivery, reader.deliveries)
      else {
        this.#held.add(delivery)
        this.#events.deliver(delivery)
      }
    }
    this.#meanBytes = Math.max(1, Math.ceil((this.#meanBytes + messages.length / count) / 2))
    return count
  }

  /** Its receivers died on it: it must not be handed over again. */
  #divert({ message, rank }: RedisDelivery, deliveries: number): void {
    this.#exhausted(new RedisDelivery(message, deliveries, rank)).catch((error: MessagingError) => {
      if (error.code === 'CONNECTION_LOST' || error.code === 'DELIVERY_LOST' || this.#ended) return
      this.#session.events.warning(error)
    })
  }

  #failed(verdicts: Verdicts, want: number, error: unknown): void {
    this.#underWay.delete(verdicts)
    this.#asked -= want
    this.#finished++
    if (this.#session.alive && !isConnectionError(error) && !isForbidden(error)) {
      // Verdicts may not get lost while the lease lives on: all of it ends, and comes back.
      this.#session.fail(error)
    }
    verdicts.failed(this.#session.error(error, { address: this.#parts.label, operation: 'settle' }))
    if (this.#session.alive) this.#detach(this.#session.error(error, { address: this.#parts.label }))
    this.#afterTurn()
  }

  // ── waiting ──

  #wait(nextDue: number, owners: number, room: number): void {
    if (this.#state === WOKEN) {
      // Something came while this answer was on its way.
      this.#state = NOT_WAITING
      this.#drained = false
      return
    }
    this.#state = WAITING
    this.#room = room
    if (room <= 0) return
    this.#drained = true
    clearTimeout(this.#look)
    if (this.#closing || this.#credit === 0) return
    const { pollMs } = this.#session.endpoint
    const pause = Math.min(this.#lookMs, pollMs, nextDue < 0 ? pollMs : nextDue + 1)
    this.#look = setTimeout(() => void this.#lookAgain(owners > 1), pause)
    this.#look.unref()
  }

  /** Leaves what little there is to the other receivers for a moment, unless it becomes idle before. */
  #yield(): void {
    if (this.#held.size === 0) return
    this.#drained = true
    clearTimeout(this.#look)
    this.#look = setTimeout(() => this.#askAgain(), YIELD_MS)
    this.#look.unref()
  }

  #askAgain(): void {
    this.#drained = false
    this.#schedule()
  }

  async #lookAgain(others: boolean): Promise<void> {
    this.#lookMs = Math.min(this.#lookMs * 2, this.#session.endpoint.pollMs)
    try {
      if (others) await recoverDead(this.#session, this.#parts.base, false)
    } catch (error) {
      this.#session.check(error)
    }
    this.#askAgain()
  }

  woken(handed: Buffer | undefined): void {
    if (this.#ended) return
    if (handed) {
      this.#takeHanded(handed)
      return
    }
    this.#drained = false
    // The server has taken it out of the line: if it cannot ask now, others must be told.
    this.#state = WOKEN
    this.#schedule()
  }

  /** It stays in the line as long as there is room. */
  #takeHanded(message: Buffer): void {
    this.#handed++
    this.#handOver(message)
    if (this.#state !== WAITING) {
      if (!this.#verdicts.empty) this.#schedule()
      return
    }
    if (--this.#room <= 0) {
      this.#drained = false
      this.#schedule()
    } else if (this.#verdicts.unseen.length > 0) this.#schedule()
  }

  // ── lease ──

  #renew(): void {
    this.#renewed = false
    this.#schedule()
  }

  async #attach(): Promise<void> {
    const owner = this.#session.ownerName(this.#link)
    await attachOwner(this.#parts, owner)
    this.#owner = owner
  }

  /** The program stood still for longer than the lease: others have what it held. */
  #leaseLost(): void {
    this.#owner = ''
    const lost = [...this.#held]
    this.#held.clear()
    this.#verdicts.failed(this.#deliveryLost())
    this.#verdicts = new Verdicts()
    for (const delivery of lost) this.#events.lost(delivery)
    this.#drained = false
    this.#state = NOT_WAITING
    // A new number: what was handed to the old one is no longer its own.
    this.#session.remove(this.#link)
    this.#link = this.#session.add(this)
    this.#attach().then(
      () => this.#afterTurn(),
      (error: MessagingError) => this.#detach(error),
    )
  }

  // ── end ──

  close(): Promise<void> {
    // order: it counts as closing before the first step is made.
    this.#closing ??= Promise.resolve().then(() => this.#close())
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#look)
    clearInterval(this.#renewal)
    if (this.#state === WAITING && !this.#ended && this.#session.alive) {
      // order: it leaves the line first, and then everything that was handed to it has come.
      this.#turn(true)
      await this.#allHanded()
    }
    // What is still on its way is given back as unseen before the rest is given back as delivered.
    while (
      !this.#ended &&
      this.#session.alive &&
      this.#owner !== '' &&
      (this.#underWay.size > 0 || !this.#verdicts.empty)
    ) {
      if (this.#underWay.size > 0)
        await new Promise<void>((resolve) => {
          this.#quiet = resolve
        })
      else this.#turn(true)
    }
    const owner = this.#owner
    // order: no turn is written behind the farewell.
    this.#owner = ''
    if (!this.#ended && this.#session.alive && owner !== '') {
      await this.#session.run('detach', [this.#parts.base], ['1', owner]).catch(() => {})
    }
    this.#end(this.#deliveryLost())
  }

  lost(): void {
    this.#end(connectionLost(undefined))
  }

  /** The link ended, not the connection. */
  #detach(error: MessagingError): void {
    if (this.#ended) return
    const told = !this.#closing
    this.#end(error)
    if (told) this.#events.detached(error)
  }

  #end(error: MessagingError): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#look)
    clearTimeout(this.#gathering)
    clearInterval(this.#renewal)
    this.#session.remove(this.#link)
    this.#held.clear()
    this.#verdicts.failed(error)
    for (const settling of this.#moving) settling.reject(error)
    for (const { resolve } of this.#flushes.splice(0)) resolve()
    this.#quiet?.()
  }

  #deliveryLost(): MessagingError {
    return new MessagingError('DELIVERY_LOST', 'The delivery was no longer held when its verdict came', {
      context: { adapter: ADAPTER, address: this.#parts.label },
    })
  }

  #deleted(): MessagingError {
    return new MessagingError('DETACHED', `The node '${this.#parts.label}' was deleted`, {
      context: { adapter: ADAPTER, address: this.#parts.label },
    })
  }
}

const NODE_GONE = 0
const LEASE_LOST = 1

/** What a turn asked for, and how many messages had been handed over without being asked for when it began. */
interface Question {
  readonly want: number
  readonly handed: number
}

/** What is left behind an answer. */
const NOTHING = 0
const MORE = 1
const OTHERS_FIRST = 2

/** Outcome, then: messages, whether more may wait, ms until something may be due, receivers attached. */
type TurnReply = [outcome: number, messages?: Buffer, rest?: number, nextDue?: number, owners?: number]

function startTurn(receiver: QueueReceiver): void {
  QueueReceiver.turn(receiver)
}
