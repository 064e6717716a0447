/**
 * Lets things begin at a rate: each has its place on an even grid of the monotonic clock, and begins there or later.
 *
 * The grid goes on while timers are late or the event loop is busy, so that the rate is kept: what a stall held up is made up for, up to
 * `STALL_MS`. A time without work is not, but for the little by which work may come late (`LATE_MS`): the first one after it begins at once,
 * and the next ones have their places behind it.
 */
import { pause } from './waiting.ts'

/** `count` in every `perMs`, evenly. */
export interface Rate {
  /** Unit: messages, at least 1. */
  readonly count: number
  /** Unit: ms, at least 1. */
  readonly perMs: number
}

/** What is made up for after a stall of this program, at most half of a period. Unit: ms. */
const STALL_MS = 250
/** … and when work came late. Unit: ms. */
const LATE_MS = 50

export class RateLimit {
  readonly #intervalMs: number
  readonly #stallMs: number
  readonly #lateMs: number
  readonly #now: () => number
  /** Place of the next one on the clock. Unit: ms. */
  #next = Number.NEGATIVE_INFINITY
  /** When the last ones began. Unit: ms. */
  #last = Number.NEGATIVE_INFINITY
  readonly #end = new AbortController()

  /** @param now the monotonic clock. Unit: ms. */
  constructor({ count, perMs }: Rate, now = () => performance.now()) {
    this.#now = now
    this.#intervalMs = perMs / count
    this.#stallMs = Math.min(STALL_MS, perMs / 2)
    this.#lateMs = Math.min(LATE_MS, perMs / 2)
  }

  /** Resolves when the next `count` may begin, all of them at once; their time is used up then. In the order of the calls. */
  async take(count: number): Promise<void> {
    const begin = this.#place()
    this.#next = begin + count * this.#intervalMs
    const { signal } = this.#end
    for (let left = begin - this.#now(); left > 0 && !signal.aborted; left = begin - this.#now())
      await pause(Math.ceil(left), signal)
    this.#last = this.#now()
  }

  /** Whoever waits goes on at once, and nobody waits any more. */
  end(): void {
    this.#end.abort()
  }

  #place(): number {
    const now = this.#now()
    if (now - this.#next <= this.#lateMs) return this.#next
    // Who waited for a place and was woken too late comes back for the next one at once.
    const stalled = now - this.#last <= this.#lateMs
    return stalled ? Math.max(this.#next, now - this.#stallMs) : now
  }
}
