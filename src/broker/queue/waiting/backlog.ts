/** What a queue holds and nobody has: messages that can be received now, and those that are not due yet. */

import { now, type Timers } from '../../timing/timers.ts'
import type { Entry } from './entry.ts'
import type { EntryPacking } from './packed-entries.ts'
import { WaitingEntries } from './waiting-entries.ts'

export class Backlog {
  readonly #timers: Timers
  readonly #waiting: WaitingEntries
  readonly #delayed = new Set<Entry>()

  /** `packing`: for a queue in a store. */
  constructor(timers: Timers, packing: EntryPacking | undefined) {
    this.#timers = timers
    this.#waiting = new WaitingEntries(packing)
  }

  /** Messages that can be received now. */
  get ready(): number {
    return this.#waiting.length
  }

  get delayed(): number {
    return this.#delayed.size
  }

  get size(): number {
    return this.#waiting.length + this.#delayed.size
  }

  /** Adds a message that can be received now, wherever its number belongs. */
  add(entry: Entry): void {
    entry.state = 'ready'
    this.#waiting.add(entry)
    if (entry.expiresAt !== 0) this.#timers.set(entry, entry.expiresAt)
  }

  /** Adds a message that waits for its time. */
  delay(entry: Entry): void {
    entry.state = 'delayed'
    this.#delayed.add(entry)
    const { dueAt, expiresAt } = entry
    this.#timers.set(entry, expiresAt === 0 ? dueAt : Math.min(dueAt, expiresAt))
  }

  /** Takes out the one that is next, which may have expired; there is one that is ready. */
  shift(): Entry {
    const entry = this.#waiting.shift()
    if (entry.timerIndex >= 0) this.#timers.clear(entry)
    return entry
  }

  /** Takes an entry out that is in. */
  remove(entry: Entry): void {
    if (entry.state === 'delayed') this.#delayed.delete(entry)
    else this.#waiting.remove(entry)
    this.#timers.clear(entry)
  }

  /** Takes out the waiting one that this is, or is a copy of; `undefined`: it is not there. */
  taken({ priority, seq }: Entry): Entry | undefined {
    const entry = this.#waiting.take(priority, seq)
    if (entry && entry.timerIndex >= 0) this.#timers.clear(entry)
    return entry
  }

  /** Takes out the one that can be missed first, there is one: waiting ones go before delayed ones. */
  removeOldest(): Entry {
    const [oldestDelayed] = this.#waiting.length > 0 ? [] : this.#delayed
    const entry = this.#waiting.least ?? oldestDelayed!
    this.remove(entry)
    return entry
  }

  /** Forgets all. Returns those that were not packed. */
  clear(): Entry[] {
    const open = this.#waiting.clear().concat([...this.#delayed])
    this.#delayed.clear()
    for (const entry of open) this.#timers.clear(entry)
    return open
  }

  /** The first waiting message of a priority behind a place, expired ones left out; to look at, it may be a copy. */
  after(priority: number, seq: number, time: number): Entry | undefined {
    let entry = this.#waiting.after(priority, seq)
    while (entry && expired(entry, time)) entry = this.#waiting.after(priority, entry.seq)
    return entry
  }
}

/** Whether the message may no longer be delivered at `time`; default: now, which is asked only where it matters. */
export function expired(entry: Entry, time?: number): boolean {
  return entry.expiresAt !== 0 && entry.expiresAt <= (time ?? now())
}
