/**
 * Waiting entries of one priority, ordered by sequence number.
 *
 * A list of short sorted chunks: appending and taking the first cost O(1), putting an entry back to its old place,
 * removing one and finding the successor of a number cost a binary search and a move of at most one chunk. Nothing
 * depends on the depth of the queue.
 *
 * Chunks between the first and the last may be packed, so that a long queue takes little memory. One that is changed
 * is unpacked before.
 */

/** What can stand in the list. */
interface Sequenced {
  readonly seq: number
}

/** The entries of a chunk in little memory. */
export interface Packed<T> {
  readonly length: number
  seqAt(index: number): number
  /** A copy to look at: the list does not hold it. */
  peek(index: number): T
  /** Called once, at the end of its life; or {@link drop} is. */
  unpack(): T[]
  /** The entries are forgotten. */
  drop(): void
}

export interface Packing<T> {
  /** `undefined`: these stay as they are. `reopen`: to be called when the entries are needed as they were. */
  pack(entries: readonly T[], reopen: () => void): Packed<T> | undefined
}

/** Entries a chunk may hold before it is split. */
const CHUNK = 512

class Chunk<T extends Sequenced> {
  /** Sorted; the places before `head` are free. Empty when packed. */
  items: (T | undefined)[] = []
  head = 0
  packed: Packed<T> | undefined = undefined

  get size(): number {
    return this.items.length - this.head
  }

  /** Number of its first entry; there is one. */
  get start(): number {
    return this.packed ? this.packed.seqAt(0) : this.items[this.head]!.seq
  }

  pack(packing: Packing<T>): void {
    const entries = (this.head === 0 ? this.items : this.items.slice(this.head)) as T[]
    this.packed = packing.pack(entries, () => this.unpack())
    if (!this.packed) return
    this.items = []
    this.head = 0
  }

  unpack(): void {
    if (!this.packed) return
    this.items = this.packed.unpack()
    this.packed = undefined
  }
}

export class OrderedEntries<T extends Sequenced> {
  /** None is empty, except a single one. Those before `#first` are used up. The first and the last are not packed. */
  #chunks: Chunk<T>[] = [new Chunk<T>()]
  #first = 0
  #length = 0
  readonly #packing: Packing<T> | undefined

  constructor(packing?: Packing<T>) {
    this.#packing = packing
  }

  get length(): number {
    return this.#length
  }

  /** Adds an entry, wherever its number belongs. */
  insert(entry: T): void {
    const last = this.#chunks[this.#chunks.length - 1]!
    const { items } = last
    this.#length++
    if (last.size === 0 || items[items.length - 1]!.seq < entry.seq) {
      if (items.length < CHUNK) items.push(entry)
      else this.#append(entry)
      return
    }
    const at = this.#chunkOf(entry.seq)
    const chunk = this.#chunks[at]!
    chunk.unpack()
    const position = this.#position(chunk, entry.seq)
    if (position === chunk.head && position > 0) chunk.items[--chunk.head] = entry
    else chunk.items.splice(position, 0, entry)
    if (chunk.size > CHUNK) this.#split(at)
  }

  first(): T | undefined {
    const chunk = this.#chunks[this.#first]!
    return chunk.items[chunk.head]
  }

  shift(): T | undefined {
    const chunk = this.#chunks[this.#first]!
    const entry = chunk.items[chunk.head]
    if (entry === undefined) return undefined
    chunk.items[chunk.head++] = undefined
    this.#length--
    if (chunk.head === chunk.items.length) this.#emptied(this.#first)
    return entry
  }

  /** Removes the entry with this number; `undefined` when there is none. */
  remove(seq: number): T | undefined {
    const at = this.#chunkOf(seq)
    const chunk = this.#chunks[at]!
    chunk.unpack()
    const position = this.#position(chunk, seq)
    const entry = chunk.items[position]
    if (entry?.seq !== seq) return undefined
    if (position === chunk.head) chunk.items[chunk.head++] = undefined
    else chunk.items.splice(position, 1)
    this.#length--
    if (chunk.head === chunk.items.length) this.#emptied(at)
    return entry
  }

  /** The first entry with a number above `seq`, to look at: it may be a copy. */
  after(seq: number): T | undefined {
    const at = this.#chunkOf(seq)
    const chunk = this.#chunks[at]!
    const entry = chunk.packed ? peekAfter(chunk.packed, seq) : chunk.items[this.#position(chunk, seq + 1)]
    if (entry !== undefined) return entry
    const next = this.#chunks[at + 1]
    return next?.packed ? next.packed.peek(0) : next?.items[next.head]
  }

  /** Forgets everything. Returns the entries that were not packed, in order. */
  clear(): T[] {
    const open: T[] = []
    for (const { packed, items } of this.#chunks) {
      packed?.drop()
      for (const entry of items) if (entry !== undefined) open.push(entry)
    }
    this.#chunks = [new Chunk<T>()]
    this.#first = 0
    this.#length = 0
    return open
  }

  #append(entry: T): void {
    const last = this.#chunks.length - 1
    if (this.#packing && last > this.#first) this.#chunks[last]!.pack(this.#packing)
    const chunk = new Chunk<T>()
    chunk.items.push(entry)
    this.#chunks.push(chunk)
  }

  /** The last chunk that starts at or before `seq`, else the first one. */
  #chunkOf(seq: number): number {
    const chunks = this.#chunks
    let low = this.#first
    let high = chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (chunks[middle]!.start <= seq) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Index in `chunk` of the first entry whose number is `seq` or more. */
  #position(chunk: Chunk<T>, seq: number): number {
    let low = chunk.head
    let high = chunk.items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (chunk.items[middle]!.seq < seq) low = middle + 1
      else high = middle
    }
    return low
  }

  #split(at: number): void {
    const chunk = this.#chunks[at]!
    const right = new Chunk<T>()
    right.items = chunk.items.splice(chunk.head + (chunk.size >>> 1))
    this.#chunks.splice(at + 1, 0, right)
  }

  #emptied(at: number): void {
    const chunk = this.#chunks[at]!
    if (this.#chunks.length - this.#first === 1) {
      chunk.items.length = 0
      chunk.head = 0
      if (this.#first > 0) this.#chunks = [chunk]
      this.#first = 0
      return
    }
    if (at !== this.#first) {
      this.#chunks.splice(at, 1)
      this.#chunks[this.#chunks.length - 1]!.unpack()
      return
    }
    this.#first++
    this.#chunks[this.#first]!.unpack()
    if (this.#first > 64 && this.#first > this.#chunks.length / 2) {
      this.#chunks.splice(0, this.#first)
      this.#first = 0
    }
  }
}

function peekAfter<T>(packed: Packed<T>, seq: number): T | undefined {
  let low = 0
  let high = packed.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (packed.seqAt(middle) <= seq) low = middle + 1
    else high = middle
  }
  return low < packed.length ? packed.peek(low) : undefined
}
