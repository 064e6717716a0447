/**
 * Fairness towards the rest of the process: a broker inside a program could run for ever in microtasks (send, deliver,
 * accept, send …) and starve timers and input. After a fixed number of steps the remaining ones wait for the next turn
 * of the event loop.
 */

/** Deliveries and outcomes per turn of the event loop; about two milliseconds of work. */
const STEPS = 1_000

/** Work put off to the next turn. */
export interface Deferred {
  resume(): void
}

export class Turn {
  #left = STEPS
  #armed = false
  #waiting: Deferred[] = []

  /** Whether one more step fits into this turn. */
  take(): boolean {
    if (this.#left === 0) return false
    this.#left--
    if (!this.#armed) this.#arm()
    return true
  }

  /** Runs `work` in a following turn, after all that was put off before. */
  defer(work: Deferred): void {
    this.#waiting.push(work)
    if (!this.#armed) this.#arm()
  }

  #arm(): void {
    this.#armed = true
    setImmediate(() => {
      this.#armed = false
      this.#left = STEPS
      const waiting = this.#waiting
      if (waiting.length === 0) return
      this.#waiting = []
      for (const work of waiting) work.resume()
    })
  }
}
