/** Links of one-off calls, kept by address so that the next call finds them open. Bounded: the oldest one is let go. */
interface Kept<L> {
  readonly link: L
  /** The options the address was declared with; another declaration under the same name is another link. */
  readonly options: object
}

interface Keepable {
  /** It ended for good; another one must be opened. */
  readonly ended: boolean
  /** Nothing more will be given to it: it ends when what it has is done. */
  retire(): void
}

export class LinkCache<L extends Keepable> {
  readonly #kept = new Map<string, Kept<L>>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** The link of this address, or what `open` makes. It may still be on its way to the broker: what it is given waits in it. */
  get(key: string, options: object, open: () => L): L {
    const known = this.#kept.get(key)
    if (known && !known.link.ended && sameOptions(known.options, options)) return known.link
    const link = open()
    if (known) this.#retire(key, known)
    this.#kept.set(key, { link, options })
    if (this.#kept.size > this.#max) {
      const [oldest, kept] = this.#kept.entries().next().value!
      this.#retire(oldest, kept)
    }
    return link
  }

  #retire(key: string, { link }: Kept<L>): void {
    this.#kept.delete(key)
    link.retire()
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
