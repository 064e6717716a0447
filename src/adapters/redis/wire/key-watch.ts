/**
 * Notices that keys have vanished which links live by without asking for them: another program flushed the server or deleted them, or the
 * server evicted them. One look for each key, whatever the number of links.
 */
import { isForbidden } from '../errors.ts'
import type { Client } from './wire.ts'

/** What must be there: a key, or a field of a hash. */
export interface Watched {
  readonly key: string
  readonly field?: string
}

interface Place extends Watched {
  readonly gone: Set<() => void>
}

export interface KeyWatchParts {
  /** Between two looks. Unit: ms. */
  readonly pollMs: number
  ask<T>(work: (commands: Client) => Promise<T>): Promise<T>
  check(error: unknown): void
}

export class KeyWatch {
  readonly #parts: KeyWatchParts
  readonly #places = new Map<string, Place>()
  #timer: NodeJS.Timeout | undefined
  #looking = false

  constructor(parts: KeyWatchParts) {
    this.#parts = parts
  }

  /** `gone` is called at each look that does not find it. Answers what ends the watch. */
  add({ key, field }: Watched, gone: () => void): () => void {
    const id = field === undefined ? key : `${key} ${field}`
    const place = this.#places.get(id) ?? { key, field, gone: new Set() }
    this.#places.set(id, place)
    place.gone.add(gone)
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => void this.#look(), this.#parts.pollMs)
      this.#timer.unref()
    }
    return () => {
      place.gone.delete(gone)
      if (place.gone.size === 0 && this.#places.get(id) === place) this.#places.delete(id)
      if (this.#places.size === 0) this.stop()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    await Promise.all([...this.#places.values()].map((place) => this.#lookAt(place)))
    this.#looking = false
  }

  async #lookAt({ key, field, gone }: Place): Promise<void> {
    try {
      const found = await this.#parts.ask((commands) =>
        field === undefined ? commands.exists(key) : commands.hexists(key, field),
      )
      if (found === 0) for (const each of [...gone]) each()
    } catch (error) {
      // Who may not look learns of it from the next command that needs the key.
      if (!isForbidden(error)) this.#parts.check(error)
    }
  }
}
