/**
 * Looks at things whose end no broker tells of. One look at a time, at each thing about once in `ROUND_MS`, and never two
 * within `PAUSE_MS`: with many things a round takes longer, and the cost stays the same.
 */
const ROUND_MS = 2_000
const PAUSE_MS = 200

/** Asks, and acts upon the answer. May reject: it is asked again. */
export type Look = () => Promise<unknown>

export class Rounds {
  /** What was looked at last comes last. */
  readonly #looks = new Set<Look>()
  #timer: NodeJS.Timeout | undefined

  /** Returns how to end it. */
  add(look: Look): () => void {
    this.#looks.add(look)
    this.#timer ??= this.#later()
    return () => {
      this.#looks.delete(look)
    }
  }

  /** Nothing is looked at any more. */
  stop(): void {
    this.#looks.clear()
    clearTimeout(this.#timer)
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#look(), Math.max(PAUSE_MS, ROUND_MS / this.#looks.size)).unref()
  }

  async #look(): Promise<void> {
    const [look] = this.#looks
    if (look) {
      this.#looks.delete(look)
      this.#looks.add(look)
      await look().catch(() => {})
    }
    this.#timer = this.#looks.size > 0 ? this.#later() : undefined
  }
}
