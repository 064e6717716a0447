/**
 * Things that are opened on first need and kept by name: two calls for one name wait for one opening, an opening that failed is
 * forgotten, and beyond `max` the oldest is let go.
 */
export class KeptOpen<T> {
  readonly #open = new Map<string, Promise<T>>()
  readonly #max: number
  readonly #letGo: (one: T) => unknown

  constructor(max: number, letGo: (one: T) => unknown) {
    this.#max = max
    this.#letGo = letGo
  }

  /** The one of this name, or what `open` makes. Rejects as `open` does; the next call opens again. */
  get(name: string, open: () => Promise<T>): Promise<T> {
    const known = this.#open.get(name)
    if (known) return known
    if (this.#open.size >= this.#max) this.#letGoOldest()
    const opening = open()
    this.#open.set(name, opening)
    opening.catch(() => this.forget(name, opening))
    return opening
  }

  /** It is of no use any more, and is not let go. `opening`: only if it is this one. */
  forget(name: string, opening: Promise<T> | undefined = this.#open.get(name)): void {
    if (this.#open.get(name) === opening) this.#open.delete(name)
  }

  /** Lets all of them go, and waits for that; what is still being opened is waited for. Never rejects. */
  async close(letGo: (one: T) => unknown = this.#letGo): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(all.map((opening) => opening.then(letGo).catch(() => {})))
  }

  #letGoOldest(): void {
    const [name, opening] = this.#open.entries().next().value!
    this.#open.delete(name)
    opening.then(this.#letGo).catch(() => {})
  }
}
