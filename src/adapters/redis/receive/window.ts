/** How much a receiver may ask for: numbers only. */
import type { RedisDelivery } from './held-delivery.ts'

/** Messages asked for in one claim at most. */
export const MOST_WANTED = 1_000

export class Window {
  credit: number
  /** Handed over and without a verdict. */
  readonly held = new Set<RedisDelivery>()
  /** Messages asked for and not answered yet. */
  asked = 0
  /** The last answer said that there is more than it could take. */
  flowing = false

  constructor(credit: number) {
    this.credit = credit
  }

  get free(): number {
    return this.credit - this.held.size - this.asked
  }

  /** A claim for so few is better put off while there is work. */
  get scant(): boolean {
    return this.held.size > 0 && this.free < this.#half / 2
  }

  /**
   * As long as there is more than it can take: in halves of the window, so that one half is on its way while the other is worked
   * on. Else all it can take in one claim.
   */
  get want(): number {
    const { free } = this
    if (free <= 0) return 0
    return Math.min(free, MOST_WANTED, this.flowing ? this.#half : free)
  }

  get #half(): number {
    return Math.max(1, Math.ceil(this.credit / 2))
  }
}
