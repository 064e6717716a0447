/** Links of one-off calls, kept by address so that the next call finds them open. Bounded: the least used one is closed. */
interface Kept<L> {
  readonly opening: Promise<L>
  /** The options the address was declared with; another declaration under the same name is another link. */
  readonly options: object
}

interface Keepable {
  /** It ended for good; another one must be opened. */
  readonly ended: boolean
  close(options: { timeoutMs: number }): Promise<void>
}

export class LinkCache<L extends Keepable> {
  readonly #kept = new Map<string, Kept<L>>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  async get(key: string, options: object, open: () => Promise<L>): Promise<L> {
    const known = this.#kept.get(key)
    if (known && sameOptions(known.options, options)) {
      const link = await known.opening
      if (!link.ended) return link
    }
    if (known && this.#kept.get(key) === known) this.#close(key, known)
    // Awaited, so that the call that opens goes on before those that waited with it: order of calls is order of sending.
    return await (this.#kept.get(key)?.opening ?? this.#open(key, options, open))
  }

  #open(key: string, options: object, open: () => Promise<L>): Promise<L> {
    const opening = open()
    const kept = { opening, options }
    this.#kept.set(key, kept)
    opening.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key)
    })
    if (this.#kept.size > this.#max) {
      const [oldest, link] = this.#kept.entries().next().value!
      this.#close(oldest, link)
    }
    return opening
  }

  #close(key: string, { opening }: Kept<L>): void {
    this.#kept.delete(key)
    opening.then((link) => link.close({ timeoutMs: 5_000 })).catch(() => {})
  }
}

/** Addresses are values: two that were written alike are one. Schemas and maps within are compared by identity. */
function sameOptions(one: object, other: object): boolean {
  if (one === other) return true
  const values = new Map(Object.entries(other))
  const entries = Object.entries(one)
  return (
    entries.length === values.size &&
    entries.every(([key, value]) => values.has(key) && values.get(key) === value)
  )
}
