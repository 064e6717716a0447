/**
 * Marks published behind everything else, to know what has arrived. The masters of a Cluster pass publishes on by themselves, after
 * their answer and each in its own time, but in their order.
 */
import type { Redis } from 'ioredis'
import { isForbidden, isNotNow } from '../errors.ts'

/** A master whose marks do not come is waited for this long. Unit: ms. */
const LONGEST_MS = 1_000
const SIGN = 'mark:'

interface Waiting {
  missing: number
  readonly resolve: () => void
}

export class Marks {
  readonly #channel: string
  readonly #waiting = new Map<string, Waiting>()
  #next = 0

  /** `channel` is one that this connection listens to. */
  constructor(channel: string) {
    this.#channel = channel
  }

  /** Resolves when a mark of each master has arrived; in vain after a second. */
  async fromAll(masters: readonly Redis[]): Promise<void> {
    const mark = `${SIGN}${++this.#next}`
    let timer: NodeJS.Timeout | undefined
    const all = new Promise<void>((resolve) => {
      this.#waiting.set(mark, { missing: masters.length, resolve })
      timer = setTimeout(resolve, LONGEST_MS)
    })
    try {
      await Promise.all(masters.map((master) => this.#publish(master, mark)))
      await all
    } catch (error) {
      if (!isForbidden(error)) throw error
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(mark)
    }
  }

  async #publish(master: Redis, mark: string): Promise<void> {
    try {
      await master.publish(this.#channel, mark)
    } catch (error) {
      // One that cannot be reached passes nothing on.
      if (!isNotNow(error, true)) throw error
      this.arrived(mark)
    }
  }

  /** Whether this was a mark. */
  arrived(text: string): boolean {
    if (!text.startsWith(SIGN)) return false
    const waiting = this.#waiting.get(text)
    if (waiting && --waiting.missing === 0) waiting.resolve()
    return true
  }

  /** Nothing more will arrive. */
  stop(): void {
    for (const { resolve } of this.#waiting.values()) resolve()
  }
}
