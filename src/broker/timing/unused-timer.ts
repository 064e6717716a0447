/** Tells when nobody has used a queue for as long as its `expiresMs`. */
import { now, TimerItem, type Timers } from './timers.ts'

export class UnusedTimer extends TimerItem {
  readonly #timers: Timers
  readonly #unused: () => void

  constructor(timers: Timers, unused: () => void) {
    super()
    this.#timers = timers
    this.#unused = unused
  }

  /** The queue is in use at this moment: the clock starts anew; `undefined`: it stands. */
  restart(expiresMs: number | undefined): void {
    if (expiresMs === undefined) this.#timers.clear(this)
    else this.#timers.set(this, now() + expiresMs)
  }

  due(): void {
    this.#unused()
  }
}
