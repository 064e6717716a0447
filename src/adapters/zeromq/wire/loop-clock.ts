/**
 * Time in which this process could have heard something. A turn of the event loop that took long was no silence of the other end: what it
 * sent meanwhile is read after it. Unit: ms.
 */
export class LoopClock {
  readonly #lookMs: number
  #lookedAt = performance.now()
  #now = 0

  /** `lookMs`: how often {@link look} is called. */
  constructor(lookMs: number) {
    this.#lookMs = lookMs
  }

  /** As of the last look. */
  get now(): number {
    return this.#now
  }

  look(): number {
    const at = performance.now()
    this.#now += Math.min(at - this.#lookedAt, this.#lookMs * 2)
    this.#lookedAt = at
    return this.#now
  }
}
