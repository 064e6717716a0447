/**
 * A receiver of a queue or named subscription. It owns a lease at the server; what it is handed is held for it there until
 * its verdict comes, and goes to others when the lease ends. How it asks is told in `turns.ts`, in which order things reach it in
 * `line.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../../../contract/adapter.ts'
import { timerMs } from '../../../core/time/longest-timer.ts'
import { isMessagingError, MessagingError } from '../../../model/errors.ts'
import { type Origin, RedisMessage } from '../codec/incoming.ts'
import { ClaimReader } from '../codec/records.ts'
import { ADAPTER, connectionLost, nodeDeleted } from '../errors.ts'
import { Rejection } from '../send/rejection.ts'
import type { Session, SessionLink } from '../wire/session.ts'
import { attachOwner, type ReceiverParts } from './attach.ts'
import { RedisDelivery } from './held-delivery.ts'
import { recoverDead } from './presence.ts'
import { Turns, type TurnsEvents } from './turns.ts'
import { Window } from './window.ts'

/** Between two farewells of an owner. Unit: ms. */
const FAREWELL_PAUSE_MS = 500
/** Between two attempts to move away what was delivered too often: the first, after which they double, and the longest. Unit: ms. */
const DIVERT_PAUSE_MS = 500
const LONGEST_DIVERT_PAUSE_MS = 30_000

const IN_QUEUE: Origin = { durable: true }

export class QueueReceiver implements AdapterReceiver, SessionLink, TurnsEvents {
  readonly #parts: ReceiverParts
  readonly #session: Session
  readonly #events: ReceiverEvents
  readonly #window: Window
  readonly #turns: Turns
  readonly #rejection: Rejection
  readonly #mostCredit: number
  #link: number
  /** Its name at the server; empty while it is not attached. */
  #owner = ''
  #renewal: NodeJS.Timeout | undefined
  #unwatch: (() => void)[] = []
  #closing: Promise<void> | undefined
  #ended = false

  constructor(parts: ReceiverParts, credit: number, mostCredit = Number.POSITIVE_INFINITY) {
    this.#parts = parts
    this.#session = parts.session
    this.#events = parts.events
    this.#mostCredit = mostCredit
    this.#window = new Window(Math.min(credit, mostCredit))
    this.#turns = new Turns({ ...parts, window: this.#window }, this)
    this.#rejection = new Rejection(parts)
    this.#link = parts.session.add(this)
  }

  /** Attaches at the server. @throws `ADDRESS_NOT_FOUND`, `UNAUTHORIZED` */
  async start(): Promise<void> {
    try {
      await recoverDead(this.#session, this.#parts.base, true)
      await this.#attach()
    } catch (cause) {
      this.#session.remove(this.#link, this.#parts.base)
      this.#ended = true
      throw this.#session.error(cause, { address: this.#parts.label, operation: 'attachReceiver' })
    }
    this.#unwatch = this.#parts.needs.map((needed) =>
      this.#session.keyWatch.add(needed, () => this.nodeGone()),
    )
    this.#renewal = setInterval(() => this.#turns.renew(), timerMs(this.#parts.leaseMs / 3))
    this.#renewal.unref()
  }

  // ── verdicts ──

  accept(delivery: AdapterDelivery): void {
    const held = delivery as RedisDelivery
    if (!this.#window.held.delete(held)) return
    this.#turns.verdicts.accepted.push(held.rank)
    this.#turns.gather()
  }

  settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const held = delivery as RedisDelivery
    if (!this.#window.held.delete(held)) return Promise.reject(this.deliveryLost())
    if (verdict.kind === 'reject') return this.#reject(held, verdict.reason, verdict.error)
    const { maxDeliveries } = this.#parts
    const { verdicts } = this.#turns
    if (verdict.unseen) verdicts.unseen.push(held.rank)
    else if (maxDeliveries !== undefined && held.deliveryCount >= maxDeliveries)
      return this.#reject(held, this.#rejection.exhausted(held))
    else if (verdict.delayMs > 0) verdicts.delayed.push(verdict.delayMs, held.rank)
    else verdicts.released.push(held.rank)
    return this.#settled()
  }

  /** Resolves when the turn has ended that carries the verdicts gathered now. */
  #settled(): Promise<void> {
    this.#turns.schedule()
    return new Promise((resolve, reject) => this.#turns.verdicts.settling.push({ resolve, reject }))
  }

  async #reject(held: RedisDelivery, reason: string, error?: string): Promise<void> {
    const { deadLetter } = this.#parts
    try {
      if (deadLetter !== undefined && (await this.#rejection.reject(held, reason, error, this.#owner))) return
    } catch (cause) {
      // It stays open for another verdict.
      if (!this.#ended && !isMessagingError(cause, 'DELIVERY_LOST')) this.#window.held.add(held)
      throw cause
    }
    this.#turns.verdicts.accepted.push(held.rank)
    return this.#settled()
  }

  // ── credit ──

  flow(credit: number): void {
    this.#turns.changeCredit(Math.min(credit, this.#mostCredit))
  }

  async flush(): Promise<void> {
    if (!this.#ended && !this.#closing) await this.#turns.claimed()
  }

  // ── what comes ──

  woken(claim: number | undefined, record: Buffer | undefined): void {
    if (!this.#ended) this.#turns.word(claim, record)
  }

  arrived(messages: Buffer): number {
    const reader = new ClaimReader(messages)
    const { maxDeliveries } = this.#parts
    const { held } = this.#window
    let count = 0
    let bounced = false
    while (reader.next()) {
      count++
      if (this.#closing || held.size >= this.#window.credit) {
        this.#turns.verdicts.unseen.push(reader.rank)
        bounced = true
        continue
      }
      const message = new RedisMessage(reader.payload, IN_QUEUE, reader.lifeMs)
      const delivery = new RedisDelivery(message, reader.deliveries + 1, reader.rank)
      if (maxDeliveries !== undefined && reader.deliveries >= maxDeliveries)
        void this.#divert(delivery, reader.deliveries)
      else {
        held.add(delivery)
        this.#events.deliver(delivery)
      }
    }
    if (bounced) this.#turns.schedule()
    return messages.length / count
  }

  /** Its receivers died on it: it must not be handed over again. No program has it in hand, so that what refuses it is asked again from here. */
  async #divert({ message, rank }: RedisDelivery, deliveries: number): Promise<void> {
    const delivery = new RedisDelivery(message, deliveries, rank)
    const reason = this.#rejection.exhausted(delivery)
    for (let pauseMs = DIVERT_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_DIVERT_PAUSE_MS)) {
      try {
        return await this.#reject(delivery, reason)
      } catch (error) {
        if (
          this.#ended ||
          isMessagingError(error, 'CONNECTION_LOST') ||
          isMessagingError(error, 'DELIVERY_LOST')
        )
          return
        if (pauseMs === DIVERT_PAUSE_MS) this.#session.events.warning(error as MessagingError)
      }
      await sleep(pauseMs, undefined, { ref: false })
      // It is somebody else's by now, or goes back with the rest.
      if (this.#closing || !this.#window.held.delete(delivery)) return
    }
  }

  // ── lease ──

  async #attach(): Promise<void> {
    const owner = this.#session.ownerName(this.#link)
    await attachOwner(this.#parts, owner)
    if (this.#ended) return this.#leave(owner)
    this.#owner = owner
    this.#turns.begin(owner)
  }

  /** Others have what it held. */
  leaseLost(): void {
    const owner = this.#owner
    this.#owner = ''
    const lost = [...this.#window.held]
    this.#window.held.clear()
    this.#turns.interrupt()
    for (const delivery of lost) this.#events.lost(delivery)
    // A new number: what was handed to the old one is no longer its own.
    this.#session.remove(this.#link, this.#parts.base)
    this.#link = this.#session.add(this)
    // Where only the list of owners is gone, nobody else gives back what the old one held.
    void this.#leave(owner)
    this.#attach().catch((error: MessagingError) => this.#detach(error))
  }

  // ── end ──

  close(): Promise<void> {
    // order: it counts as closing before the first step is made.
    this.#closing ??= Promise.resolve().then(() => this.#close())
    return this.#closing
  }

  async #close(): Promise<void> {
    clearInterval(this.#renewal)
    // What is still on its way is given back as unseen before the rest is given back as delivered.
    await this.#turns.finish()
    const owner = this.#owner
    this.#owner = ''
    // order: no turn is written behind the farewell.
    if (!this.#ended && owner !== '') await this.#detachOwner(owner)
    this.#end(this.deliveryLost())
  }

  /** Whether nothing is left to be done. */
  async #detachOwner(owner: string): Promise<boolean> {
    if (!this.#session.alive) return true
    return this.#session.run('detach', [this.#parts.base], ['1', owner]).then(
      () => true,
      () => false,
    )
  }

  /** The connection lives on, so nobody takes this owner for dead: its farewell is repeated where a key of the queue is another program's for a while. */
  async #leave(owner: string): Promise<void> {
    const leaseEnds = performance.now() + this.#parts.leaseMs
    while (!(await this.#detachOwner(owner)) && performance.now() < leaseEnds)
      await sleep(FAREWELL_PAUSE_MS, undefined, { ref: false })
  }

  lost(cause: unknown): void {
    this.#end(connectionLost(cause))
  }

  /** Another program may have deleted a part of the node only: what still names this owner would be handed messages until its lease ends. */
  nodeGone(): void {
    const owner = this.#owner
    this.#detach(nodeDeleted(this.#parts.label))
    if (owner !== '') void this.#leave(owner)
  }

  failed(error: MessagingError): void {
    const owner = this.#owner
    this.#detach(error)
    // Verdicts may have got lost: what it holds comes back now, or when its lease ends.
    if (owner !== '') void this.#leave(owner)
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
    this.#owner = ''
    clearInterval(this.#renewal)
    for (const unwatch of this.#unwatch) unwatch()
    this.#session.remove(this.#link, this.#parts.base)
    this.#window.held.clear()
    this.#turns.end(error)
    this.#rejection.end(error)
  }

  deliveryLost(): MessagingError {
    return new MessagingError('DELIVERY_LOST', 'The delivery was no longer held when its verdict came', {
      context: { adapter: ADAPTER, address: this.#parts.label },
    })
  }
}
