/** Messages of one queue that can be received now: larger priority first, within a priority by sequence number. */
import { type Entry, PRIORITIES } from './entry.ts'
import { OrderedEntries, type Packing } from './ordered-entries.ts'

export class WaitingEntries {
  readonly #levels: (OrderedEntries<Entry> | undefined)[] = new Array(PRIORITIES).fill(undefined)
  /** A bit for each priority with entries. */
  #mask = 0
  #length = 0
  readonly #packing: Packing<Entry> | undefined

  /** `packing`: for a queue in a store. */
  constructor(packing: Packing<Entry> | undefined) {
    this.#packing = packing
  }

  get length(): number {
    return this.#length
  }

  /** Adds an entry, wherever its number belongs. */
  add(entry: Entry): void {
    const { priority } = entry
    let level = this.#levels[priority]
    if (!level) {
      level = new OrderedEntries<Entry>(this.#packing)
      this.#levels[priority] = level
    }
    level.insert(entry)
    this.#mask |= 1 << priority
    this.#length++
  }

  /** Takes the first one out; there is one. */
  shift(): Entry {
    const priority = 31 - Math.clz32(this.#mask)
    const level = this.#levels[priority]!
    const entry = level.shift()!
    this.#left(level, priority)
    return entry
  }

  /** Takes an entry out that is in. */
  remove(entry: Entry): void {
    const level = this.#levels[entry.priority]!
    level.remove(entry.seq)
    this.#left(level, entry.priority)
  }

  /** Takes the one out that has this place; `undefined`: there is none. */
  take(priority: number, seq: number): Entry | undefined {
    const level = this.#levels[priority]
    const entry = level && level.length > 0 ? level.remove(seq) : undefined
    if (entry) this.#left(level!, priority)
    return entry
  }

  /** The oldest one of the smallest priority. */
  get least(): Entry | undefined {
    return this.#mask === 0 ? undefined : this.#levels[31 - Math.clz32(this.#mask & -this.#mask)]!.first()
  }

  /** The first one of a priority behind a number, to look at: it may be a copy. */
  after(priority: number, seq: number): Entry | undefined {
    const level = this.#levels[priority]
    return level && level.length > 0 ? level.after(seq) : undefined
  }

  /** Forgets all. Returns those that were not packed. */
  clear(): Entry[] {
    this.#mask = 0
    this.#length = 0
    return this.#levels.flatMap((level) => level?.clear() ?? [])
  }

  #left(level: OrderedEntries<Entry>, priority: number): void {
    if (level.length === 0) this.#mask &= ~(1 << priority)
    this.#length--
  }
}
