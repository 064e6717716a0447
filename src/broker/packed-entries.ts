/**
 * Entries that are nothing but a place in the queue and a key in the store, as numbers: 8 bytes each, 16 with a time to
 * live, where an object takes about 150. What a long queue on disk consists of.
 */
import { Entry, type EntryQueue } from './entry.ts'
import type { Packed, Packing } from './ordered-entries.ts'
import { TimerItem, type Timers } from './timers.ts'

export class EntryPacking implements Packing<Entry> {
  readonly #queue: EntryQueue
  readonly #timers: Timers

  constructor(queue: EntryQueue, timers: Timers) {
    this.#queue = queue
    this.#timers = timers
  }

  pack(entries: readonly Entry[], reopen: () => void): Packed<Entry> | undefined {
    for (const entry of entries) if (!isPlain(entry)) return undefined
    const packed = new PackedEntries(this.#queue, this.#timers, entries, reopen)
    if (packed.firstExpiry === 0) return packed
    for (const entry of entries) this.#timers.clear(entry)
    this.#timers.set(packed, packed.firstExpiry)
    return packed
  }
}

/** Store and place tell all about it. */
function isPlain(entry: Entry): boolean {
  return (
    entry.storeKey === entry.seq &&
    entry.message === undefined &&
    entry.count === 0 &&
    !entry.redelivered &&
    !entry.marked
  )
}

/** Due when the first of them expires: from then on each has its own clock. */
class PackedEntries extends TimerItem implements Packed<Entry> {
  readonly firstExpiry: number
  readonly #queue: EntryQueue
  readonly #timers: Timers
  readonly #priority: number
  readonly #seqs: Float64Array
  /** `undefined`: none expires. */
  readonly #expiries: Float64Array | undefined
  readonly #reopen: () => void

  constructor(queue: EntryQueue, timers: Timers, entries: readonly Entry[], reopen: () => void) {
    super()
    this.#queue = queue
    this.#timers = timers
    this.#priority = entries[0]!.priority
    this.#seqs = Float64Array.from(entries, ({ seq }) => seq)
    this.#reopen = reopen
    let first = Number.POSITIVE_INFINITY
    for (const { expiresAt } of entries) if (expiresAt !== 0 && expiresAt < first) first = expiresAt
    const expires = first !== Number.POSITIVE_INFINITY
    this.firstExpiry = expires ? first : 0
    this.#expiries = expires ? Float64Array.from(entries, ({ expiresAt }) => expiresAt) : undefined
  }

  get length(): number {
    return this.#seqs.length
  }

  seqAt(index: number): number {
    return this.#seqs[index]!
  }

  peek(index: number): Entry {
    const seq = this.#seqs[index]!
    const entry = new Entry(this.#queue, seq, seq, undefined, this.#priority, this.#expiries?.[index] ?? 0, 0)
    entry.state = 'ready'
    return entry
  }

  unpack(): Entry[] {
    this.#timers.clear(this)
    const entries: Entry[] = []
    for (let index = 0; index < this.#seqs.length; index++) {
      const entry = this.peek(index)
      if (entry.expiresAt !== 0) this.#timers.set(entry, entry.expiresAt)
      entries.push(entry)
    }
    return entries
  }

  due(): void {
    this.#reopen()
  }
}
