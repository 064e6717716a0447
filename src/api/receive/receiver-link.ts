/**
 * One epoch of a receiver: the adapter's link, the deliveries it still holds, and the verdicts on them, with the
 * emulations that are the same for every broker (dead letter by copy, delayed release by copy).
 */
import type { AdapterDelivery, AdapterReceiver, ReceiverSpec } from '../../contract/adapter.ts'
import { copyOf, deadLetterOf } from '../../model/copy.ts'
import { MessagingError } from '../../model/errors.ts'
import type { LinkHost } from '../link/link-host.ts'
import { Operation } from '../tracing/operation.ts'
import type { Trace } from '../tracing/trace.ts'

export class ReceiverLink {
  readonly label: string
  readonly #host: LinkHost
  readonly #spec: ReceiverSpec
  #native: AdapterReceiver | undefined
  #alive = true
  /** Deliveries whose lease ended while the link lived; made for the first of them. */
  #lost: WeakSet<AdapterDelivery> | undefined
  readonly #watched = new Map<AdapterDelivery, AbortController>()
  /** Releases and rejects that are being carried out, in several steps where the broker has none of its own. */
  readonly #underWay = new Set<Promise<void>>()

  constructor(host: LinkHost, label: string, spec: ReceiverSpec) {
    this.#host = host
    this.label = label
    this.#spec = spec
  }

  /** Its name, for errors. */
  get adapter(): string {
    return this.#host.adapter.name
  }

  /** A subscription that is gone with this link. */
  get live(): boolean {
    return this.#spec.source.type !== 'queue' && this.#spec.subscription === undefined
  }

  /** Its deliveries are owed a verdict: who browses says «next» by accepting. */
  get consumes(): boolean {
    return this.#spec.mode === 'consume'
  }

  /** The adapter's link is there. Deliveries may have come before. */
  attached(native: AdapterReceiver): void {
    this.#native = native
  }

  holds(delivery: AdapterDelivery): boolean {
    return this.#alive && this.#native !== undefined && !this.#lost?.has(delivery)
  }

  watch(delivery: AdapterDelivery, abort: AbortController): void {
    this.#watched.set(delivery, abort)
  }

  unwatch(delivery: AdapterDelivery): void {
    this.#watched.delete(delivery)
  }

  /** The broker took one delivery back. */
  leaseEnded(delivery: AdapterDelivery): void {
    this.#lost ??= new WeakSet()
    this.#lost.add(delivery)
    this.#abort(delivery, 'The lease of the delivery ended')
  }

  /** The link is gone, and with it every open delivery. */
  end(): void {
    this.#alive = false
    for (const delivery of [...this.#watched.keys()])
      this.#abort(delivery, 'The link of the delivery was lost')
  }

  /** A verdict that somebody listens to. */
  settling({ message }: AdapterDelivery, verdict: Trace['verdict']): Operation {
    const place = { address: this.label, subscription: this.#spec.subscription?.name }
    const operation = new Operation('settle', this.#host, place).of([message])
    operation.trace.verdict = verdict
    return operation
  }

  accept(delivery: AdapterDelivery): void {
    this.#native?.accept(delivery)
  }

  handedOver(delivery: AdapterDelivery): void {
    this.#native?.handedOver?.(delivery)
  }

  giveBack(delivery: AdapterDelivery): Promise<void> {
    return this.#native?.settle(delivery, { kind: 'release', delayMs: 0, unseen: true }) ?? Promise.resolve()
  }

  refuseRelease(delayMs: number): MessagingError | undefined {
    if (delayMs === 0) return undefined
    const { delayedRelease } = this.#host.capabilities.features
    if (delayedRelease.level !== 'unsupported') return undefined
    return new MessagingError(
      'NOT_SUPPORTED',
      `release() cannot delay here. ${delayedRelease.note ?? ''}`.trim(),
    )
  }

  async release(delivery: AdapterDelivery, delayMs: number): Promise<void> {
    const native = delayMs === 0 || this.#host.capabilities.features.delayedRelease.level === 'native'
    if (native) return this.#carriedOut(this.#settled(delivery, { kind: 'release', delayMs, unseen: false }))
    const to =
      this.#native?.address ?? (this.#spec.source.type === 'queue' ? this.#spec.source.name : undefined)
    if (to !== undefined) return this.#carriedOut(this.#releaseByCopy(to, delivery, delayMs))
    // No address of its own: the delivery stays leased here until it is due.
    await this.#host.delay(delayMs)
    return this.#settled(delivery, { kind: 'release', delayMs: 0, unseen: false })
  }

  reject(delivery: AdapterDelivery, reason: string, error: string | undefined): Promise<void> {
    return this.#carriedOut(this.#reject(delivery, reason, delivery.deliveryCount, error))
  }

  take(delivery: AdapterDelivery): Promise<void> {
    return this.#carriedOut(this.#native?.takeOut?.(delivery) ?? Promise.reject(this.#cannotTake()))
  }

  /** Rejects what the application is not given any more: this delivery is none. */
  divert(delivery: AdapterDelivery, reason: string): Promise<void> {
    return this.#carriedOut(this.#reject(delivery, reason, delivery.deliveryCount - 1))
  }

  /** Releases and rejects under way. */
  get verdicts(): ReadonlySet<Promise<void>> {
    return this.#underWay
  }

  /** The copy is safe before the original goes: a crash in between duplicates (same id), never loses. */
  async #releaseByCopy(to: string, delivery: AdapterDelivery, delayMs: number): Promise<void> {
    await this.#host.copies.send(to, {
      ...copyOf(delivery.message),
      delayMs,
      deliveriesBefore: delivery.deliveryCount,
    })
    this.#native?.accept(delivery)
  }

  async #reject(
    delivery: AdapterDelivery,
    reason: string,
    deliveries: number,
    error?: string,
  ): Promise<void> {
    const target = this.#spec.limits.deadLetter
    if (target && this.#host.capabilities.features.deadLetter.level === 'emulated') {
      const letter = deadLetterOf(delivery.message, reason, deliveries, this.#origin(), error)
      await this.#host.copies.deadLetter(target, letter)
    }
    await this.#settled(delivery, { kind: 'reject', reason, error })
    if (!target) {
      this.#host.emit({ type: 'discarded', address: this.label, messageId: delivery.message.id, reason })
    }
  }

  #cannotTake(): MessagingError {
    return new MessagingError('INTERNAL', 'The adapter gave a browser that cannot take')
  }

  #carriedOut(verdict: Promise<void>): Promise<void> {
    this.#underWay.add(verdict)
    const done = (): void => {
      this.#underWay.delete(verdict)
    }
    verdict.then(done, done)
    return verdict
  }

  #origin(): string {
    const { subscription } = this.#spec
    return subscription ? `${this.label}/${subscription.name}` : this.label
  }

  async #settled(
    delivery: AdapterDelivery,
    verdict: Parameters<AdapterReceiver['settle']>[1],
  ): Promise<void> {
    if (!this.holds(delivery))
      throw new MessagingError('DELIVERY_LOST', 'The link was lost before the verdict was written')
    await this.#native!.settle(delivery, verdict)
  }

  #abort(delivery: AdapterDelivery, text: string): void {
    const watcher = this.#watched.get(delivery)
    this.#watched.delete(delivery)
    watcher?.abort(new MessagingError('DELIVERY_LOST', text, { context: { address: this.label } }))
  }
}
