/** A stream of printed messages: gathered while they come fast, shown at once while they come slowly. */
import type { Output } from './output.ts'

/** Longest time a message that was printed stays gathered while others come. Unit: ms. */
const LINGER_MS = 50

export class Stream {
  readonly #out: Output
  #timer: NodeJS.Timeout | undefined
  #failure: unknown

  constructor(out: Output) {
    this.#out = out
  }

  /** @throws OutputClosed when the reader has gone */
  async push(parts: readonly (string | Uint8Array)[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#out.push(...parts)
    if (this.#out.isFull) return this.end()
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      // Told by the next push, or by `end`.
      this.#out.flush().catch((error) => {
        this.#failure = error
      })
    }, LINGER_MS)
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#out.flush()
  }
}
