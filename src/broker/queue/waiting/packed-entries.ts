/**
 * Entries that were never handed over, as numbers: 8 bytes each, 16 with a time to live, where an object takes about 150.
 * What a long queue consists of: on disk this is all of a message that takes memory, else the message is packed, too.
 */

import { TimerItem, type Timers } from '../../timing/timers.ts'
import { Entry, type EntryQueue } from './entry.ts'
import type { Packed, Packing } from './ordered-entries.ts'
import { PackedMessages } from './packed-messages.ts'

export class EntryPacking implements Packing<Entry> {
  readonly #queue: EntryQueue
  readonly #timers: Timers

  constructor(queue: EntryQueue, timers: Timers) {
    this.#queue = queue
    this.#timers = timers
  }

  pack(entries: readonly Entry[], reopen: () => void): Packed<Entry> | undefined {
    if (!entries.every(isFresh)) return undefined
    const messages = PackedMessages.of(entries)
    if (!messages && !entries.every(isInStoreOnly)) return undefined
    const packed = new PackedEntries(this.#queue, this.#timers, entries, messages, reopen)
    if (packed.firstExpiry === 0) return packed
    for (const entry of entries) this.#timers.clear(entry)
    this.#timers.set(packed, packed.firstExpiry)
    return packed
  }
}

/** As it was admitted. */
function isFresh(entry: Entry): boolean {
  return entry.count === 0 && !entry.redelivered && !entry.marked
}

/** Store and place tell all about it. */
function isInStoreOnly(entry: Entry): boolean {
  return entry.storeKey === entry.seq && entry.message === undefined
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
  /** `undefined`: all are in the store, each under its number. */
  readonly #messages: PackedMessages | undefined
  readonly #reopen: () => void

  constructor(
    queue: EntryQueue,
    timers: Timers,
    entries: readonly Entry[],
    messages: PackedMessages | undefined,
    reopen: () => void,
  ) {
    super()
    this.#queue = queue
    this.#timers = timers
    this.#priority = entries[0]!.priority
    this.#seqs = new Float64Array(entries.length)
    this.#messages = messages
    this.#reopen = reopen
    let first = Number.POSITIVE_INFINITY
    let index = 0
    for (const { seq, expiresAt } of entries) {
      this.#seqs[index++] = seq
      if (expiresAt !== 0 && expiresAt < first) first = expiresAt
    }
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
    const message = this.#messages?.at(index)
    const storeKey = message ? 0 : seq
    const expiresAt = this.#expiries?.[index] ?? 0
    const entry = new Entry(this.#queue, seq, storeKey, message, this.#priority, expiresAt, 0)
    entry.state = 'ready'
    return entry
  }

  unpack(): Entry[] {
    this.drop()
    const entries: Entry[] = []
    for (let index = 0; index < this.#seqs.length; index++) {
      const entry = this.peek(index)
      if (entry.expiresAt !== 0) this.#timers.set(entry, entry.expiresAt)
      entries.push(entry)
    }
    return entries
  }

  drop(): void {
    this.#timers.clear(this)
  }

  due(): void {
    this.#reopen()
  }
}
