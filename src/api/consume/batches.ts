/**
 * Takes deliveries out of a receiver in batches, and at a rate. Until a batch is due its deliveries stay where they have been
 * prefetched: nobody has seen them, and a close gives them back as such.
 */
import { type Rate, RateLimit } from '../../core/time/rate-limit.ts'
import type { AttachedReceiver } from '../receive/attached-receiver.ts'
import type { LinkDelivery } from '../receive/link-delivery.ts'

interface BatchSize {
  /** Deliveries in a batch at most. */
  readonly size: number
  /** How long the first of them waits for others. Unit: ms. */
  readonly waitMs: number
}

export class Batches<Body> {
  readonly #receiver: AttachedReceiver<Body>
  readonly #size: number
  readonly #waitMs: number
  readonly #rate: RateLimit | undefined
  /** Who takes gets neighbours, and time that is used for something: one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(receiver: AttachedReceiver<Body>, { size, waitMs }: BatchSize, rate: Rate | undefined) {
    this.#receiver = receiver
    // What the broker hands over without a verdict can be waited for, and what the rate lets begin at once.
    this.#size = Math.min(size, receiver.credit, rate?.count ?? size)
    this.#waitMs = waitMs
    this.#rate = rate && new RateLimit(rate)
  }

  /** The next batch; an empty one when there will be none. Never rejects. */
  next(): Promise<LinkDelivery<Body>[]> {
    const mine = this.#turn.then(() => this.#next())
    this.#turn = mine
    return mine
  }

  stop(): void {
    this.#stopped = true
    this.#rate?.end()
  }

  async #next(): Promise<LinkDelivery<Body>[]> {
    const receiver = this.#receiver
    try {
      while (!this.#stopped && (await receiver.gathered(this.#size, this.#waitMs))) {
        const count = Math.min(this.#size, receiver.available)
        await this.#rate?.take(count)
        // The link may have been lost meanwhile, and what was there with it.
        const batch = this.#stopped ? [] : receiver.takeUpTo(count)
        if (batch.length > 0) return batch
      }
    } catch {
      // Closed, or ended for good, which the receiver has told.
    }
    return []
  }
}
