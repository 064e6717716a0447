/** Keeps a loop to so many turns a second. */
import { pause } from '../../../core/time/waiting.ts'

export class Pace {
  readonly #perSecond: number
  readonly #begun = performance.now()
  #turns = 0

  /** 0 or `undefined`: as fast as it goes. */
  constructor(perSecond: number | undefined) {
    this.#perSecond = perSecond ?? 0
  }

  /** Resolves when the next turn is due. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.#perSecond <= 0) return
    const due = this.#begun + (this.#turns / this.#perSecond) * 1000
    this.#turns += 1
    const wait = due - performance.now()
    if (wait > 0) await pause(wait, signal)
  }
}
