/**
 * One queue: what waits in it, in order, and who gets it next. Also behind every subscription of a topic.
 *
 * Order: larger priority first, within a priority by sequence number; a message given back returns to its number. A
 * message is handed over in the call that brings it when a receiver is free, else by the next pump. All is O(1) or
 * O(log n) in the depth.
 */
import { MessagingError } from '../../model/errors.ts'
import { NORMAL_PRIORITY, type OutgoingMessage } from '../../model/message.ts'
import type { QueueSettings } from '../nodes/node-settings.ts'
import type { Store } from '../store/store.ts'
import { now } from '../timing/timers.ts'
import { UnusedTimer } from '../timing/unused-timer.ts'
import type { Kernel } from './kernel.ts'
import { outOfDeliveries } from './losses.ts'
import type { BrowsingReceiver, ConsumingReceiver } from './queue-receivers.ts'
import { shorter, soundDelay, soundTtl } from './sound-message.ts'
import type { Deferred } from './turn.ts'
import { Turnstile } from './turnstile.ts'
import { Backlog, expired } from './waiting/backlog.ts'
import { Entry, type EntryQueue } from './waiting/entry.ts'
import { EntryPacking } from './waiting/packed-entries.ts'

/** `live`: the queue of a subscription that ends with its receiver. */
type QueueRole = 'queue' | 'named' | 'live'

/** Whoever made the queue. */
export interface QueueOwner {
  /** Nobody needs the queue any more. */
  remove(queue: Queue): void
}

/** Messages a live subscription may hold before the oldest are dropped (and reported). */
export const LIVE_BUFFER = 100_000

export class Queue implements EntryQueue, Deferred {
  readonly kernel: Kernel
  /** What it is called in errors and as the origin of dead letters. */
  readonly name: string
  readonly role: QueueRole
  /** Its key in the store; 0: nothing of it is kept there. */
  readonly storeId: number
  settings: QueueSettings
  deleted = false
  readonly consumers = new Set<ConsumingReceiver>()
  readonly browsers = new Set<BrowsingReceiver>()

  readonly #owner: QueueOwner
  readonly #backlog: Backlog
  #pending = 0
  #leased = 0
  readonly #turnstile = new Turnstile()
  #pumping = false
  #scheduled = false
  #dropped = 0
  readonly #unused: UnusedTimer
  /** Deliveries are limited, and messages outlive the process. */
  readonly #notes: Store | undefined

  constructor(
    kernel: Kernel,
    owner: QueueOwner,
    name: string,
    role: QueueRole,
    settings: QueueSettings,
    storeId: number,
  ) {
    this.kernel = kernel
    this.#owner = owner
    this.name = name
    this.role = role
    this.settings = settings
    this.storeId = storeId
    this.#backlog = new Backlog(kernel.timers, new EntryPacking(this, kernel.timers))
    this.#unused = new UnusedTimer(kernel.timers, () => owner.remove(this))
    if (settings.maxDeliveries !== undefined && storeId !== 0) this.#notes = kernel.store
    this.#notes?.noteDeliveries()
    this.touch()
  }

  /** Messages that can be received now. */
  get ready(): number {
    return this.#backlog.ready
  }
  get delayed(): number {
    return this.#backlog.delayed
  }
  /** Messages handed out and unsettled. */
  get leased(): number {
    return this.#leased
  }
  /** Sends whose record is on its way to the disk; what comes after them must wait for them. */
  get pending(): number {
    return this.#pending
  }

  get full(): boolean {
    const { maxLength } = this.settings
    return maxLength !== undefined && this.#backlog.size + this.#pending >= maxLength
  }

  // ── arrival ──

  /** Gives the message its place. It is not there for anybody before {@link arrive}. */
  admit(message: OutgoingMessage): Entry {
    const seq = this.kernel.nextSeq()
    const ttlMs = shorter(message.ttlMs, soundTtl(this.settings.ttlMs))
    const entry = new Entry(
      this,
      seq,
      this.storeId !== 0 && message.durable ? seq : 0,
      message,
      message.priority ?? NORMAL_PRIORITY,
      ttlMs === undefined ? 0 : now() + ttlMs,
      message.deliveriesBefore,
    )
    if (message.delayMs !== undefined && message.delayMs > 0) entry.dueAt = now() + message.delayMs
    this.#pending++
    return entry
  }

  /** The message is held at the strength asked for. */
  arrive(entry: Entry): void {
    this.#pending--
    if (this.deleted) {
      entry.state = 'gone'
      return
    }
    if (entry.dueAt === 0) this.#makeReady(entry)
    else this.#backlog.delay(entry)
    if (this.role === 'live') this.#bound()
  }

  /** The message was refused after all. */
  revoke(entry: Entry): void {
    this.#pending--
    entry.state = 'gone'
  }

  /** Recovery: as {@link admit} and {@link arrive} for what the store held. */
  recover(entry: Entry): void {
    this.#pending++
    if (entry.dueAt !== 0 && entry.dueAt <= now()) entry.dueAt = 0
    this.arrive(entry)
  }

  #makeReady(entry: Entry): void {
    if (this.#backlog.ready === 0 && !this.#pumping && this.browsers.size === 0) {
      const consumer = this.#turnstile.next()
      if (consumer && this.kernel.turn.deliver()) {
        this.#pumping = true
        this.#handOver(entry, consumer)
        this.#pumping = false
        if (this.#backlog.ready > 0) this.pump()
        return
      }
    }
    this.#backlog.add(entry)
    if (this.browsers.size > 0) for (const browser of this.browsers) browser.arrived()
    if (!this.#turnstile.empty) this.pump()
  }

  /** The oldest go when a live subscription holds more than it may. */
  #bound(): void {
    if (this.settings.maxLength !== undefined) return
    while (this.#backlog.size > LIVE_BUFFER) {
      this.#discard(this.#backlog.removeOldest())
      if (this.#dropped++ === 0) this.kernel.turn.defer({ resume: () => this.tellDropped() })
    }
  }

  /**
   * Tells how many were dropped since this was told last. Once a turn, when a receiver asks for all
   * there is, and before it leaves: nobody could be told afterwards.
   */
  tellDropped(): void {
    const count = this.#dropped
    if (count === 0) return
    this.#dropped = 0
    for (const consumer of this.consumers) consumer.events.gap('the receiver was too slow', count)
  }

  // ── handing over ──

  /** A consumer has credit again, or has it for the first time. */
  offerCredit(consumer: ConsumingReceiver): void {
    this.#turnstile.enter(consumer)
    if (this.#backlog.ready > 0) this.#schedule()
  }

  /** Hands over what can be handed over. `force`: all of it, also beyond this turn's share. */
  pump(force = false): void {
    if (this.#pumping) return
    this.#pumping = true
    const { turn } = this.kernel
    while (this.#backlog.ready > 0) {
      const consumer = this.#turnstile.next()
      if (!consumer) break
      if (!turn.deliver() && !force) {
        if (!this.#scheduled) {
          this.#scheduled = true
          turn.defer(this)
        }
        break
      }
      const entry = this.#takeFirst()
      if (entry) this.#handOver(entry, consumer)
    }
    this.#pumping = false
  }

  resume(): void {
    this.#scheduled = false
    this.pump()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.kernel.schedule(this)
  }

  #takeFirst(): Entry | undefined {
    const entry = this.#backlog.shift()
    if (!expired(entry)) return entry
    this.#discard(entry)
    return undefined
  }

  #handOver(entry: Entry, consumer: ConsumingReceiver): void {
    const { maxDeliveries } = this.settings
    entry.state = 'leased'
    this.#leased++
    if (maxDeliveries !== undefined && entry.count >= maxDeliveries) {
      this.#exhausted(entry)
      return
    }
    const message = this.kernel.messageOf(entry)
    if (!message) {
      this.leftOut(entry)
      return
    }
    if (!consumer.tells) this.count(entry)
    consumer.deliver(entry, message)
  }

  /**
   * A delivery: a program has the message in hand, or may have it. Called before that program runs on, so that a message that ends its
   * process at once is counted where deliveries are limited, and one day buried.
   */
  count(entry: Entry): void {
    entry.count++
    if (entry.storeKey === 0) return
    this.#notes?.counted(this.storeId, entry.storeKey, entry.count)
    this.kernel.leased(entry)
  }

  // ── verdicts ──

  accepted(entry: Entry): void {
    this.#leased--
    if (entry.storeKey !== 0) this.#notes?.accepted(this.storeId, entry.storeKey)
    this.#discard(entry)
  }

  /** Back to its old place, or due later. `seen`: it counts as a delivery, which its count holds; else the count is without it. */
  giveBack(entry: Entry, seen: boolean, delayMs: number): void {
    this.#leased--
    if (this.deleted) {
      entry.state = 'gone'
      return
    }
    if (seen) entry.redelivered = true
    if (expired(entry)) {
      this.#discard(entry)
      return
    }
    const { maxDeliveries } = this.settings
    if (seen && maxDeliveries !== undefined && entry.count >= maxDeliveries) {
      this.#leased++
      this.#exhausted(entry)
      return
    }
    entry.dueAt = delayMs > 0 ? now() + soundDelay(delayMs) : 0
    if (entry.dueAt !== 0) this.#backlog.delay(entry)
    else {
      this.#backlog.add(entry)
      for (const browser of this.browsers) browser.arrived()
      if (!this.#turnstile.empty) this.#schedule()
    }
    if (entry.storeKey !== 0) this.kernel.mark(entry)
  }

  rejected(entry: Entry, reason: string, error?: string): Promise<void> {
    return this.kernel.owner.deadLetter(entry, reason, this.settings.deadLetter, error)
  }

  /** The owner has moved the message elsewhere, or it had nowhere to go: forget it. */
  moved(entry: Entry): void {
    this.#leased--
    this.#discard(entry)
  }

  /** The record of a leased message is damaged: it is out of the queue, and left on disk for whoever repairs it. */
  leftOut(entry: Entry): void {
    this.#leased--
    entry.state = 'gone'
  }

  #exhausted(entry: Entry): void {
    const { maxDeliveries, deadLetter } = this.settings
    if (!deadLetter) this.kernel.owner.warn(this, outOfDeliveries(this, entry, maxDeliveries))
    void this.kernel.owner.deadLetter(entry, `more than ${maxDeliveries} deliveries`, deadLetter)
  }

  // ── clocks ──

  entryDue(entry: Entry, time: number): void {
    this.#backlog.remove(entry)
    if (entry.state === 'ready' || expired(entry, time)) {
      this.#discard(entry)
      return
    }
    // A delayed send counts as sent when it falls due; a delayed release goes to its old place.
    if (entry.count === 0) entry.seq = this.kernel.nextSeq()
    entry.dueAt = 0
    this.#makeReady(entry)
  }

  /** The queue is in use at this moment, which counts for `expiresMs`. */
  touch(): void {
    const inUse = this.consumers.size > 0 || this.browsers.size > 0
    this.#unused.restart(inUse ? undefined : this.settings.expiresMs)
  }

  // ── links ──

  attach(consumer: ConsumingReceiver): void {
    this.consumers.add(consumer)
    this.touch()
    if (consumer.free > 0) this.offerCredit(consumer)
  }

  detach(consumer: ConsumingReceiver): void {
    if (!this.consumers.delete(consumer)) return
    this.#turnstile.leave(consumer)
    this.touch()
    const last = this.consumers.size === 0
    if (last && !this.deleted && (this.role === 'live' || this.settings.autoDelete)) this.#owner.remove(this)
  }

  browserLeft(browser: BrowsingReceiver): void {
    if (!this.browsers.delete(browser)) return
    this.touch()
    if (this.role === 'live' && !this.deleted && this.consumers.size === 0) this.#owner.remove(this)
  }

  /** The first waiting message of a priority behind a place; to look at, it may be a copy. */
  entryAfter(priority: number, seq: number, time: number): Entry | undefined {
    return this.#backlog.after(priority, seq, time)
  }

  /** Takes out one that a browser was shown, which may be a copy. `false`: it does not wait there any more. */
  take(shown: Entry): boolean {
    const entry = this.#backlog.taken(shown)
    if (entry) this.#discard(entry)
    return entry !== undefined
  }

  /** Removes what waits; returns the number. */
  purge(most: number): number {
    const backlog = this.#backlog
    const count = Math.min(most, backlog.size)
    for (let removed = 0; removed < count; removed++)
      this.#discard(backlog.ready > 0 ? backlog.shift() : backlog.removeOldest())
    return count
  }

  /** The queue is gone: its links end, its messages are forgotten (the owner clears the store). */
  delete(): void {
    this.deleted = true
    this.#unused.restart(undefined)
    for (const entry of this.#backlog.clear()) {
      this.kernel.forgetResident(entry)
      entry.state = 'gone'
    }
    const error = new MessagingError('DETACHED', `The node '${this.name}' was deleted`, {
      context: { address: this.name },
    })
    for (const link of [...this.consumers, ...this.browsers]) link.detached(error)
  }

  /** The message is done with: out of memory and out of the store. */
  #discard(entry: Entry): void {
    entry.state = 'gone'
    if (entry.storeKey === 0 || this.deleted) return
    this.kernel.forgetResident(entry)
    this.kernel.store!.remove(this.storeId, entry.storeKey, entry.marked)
  }
}
