/** What all parts of one broker share: clock, order, fairness, the store, and where trouble is told. */
import type { NodeRef } from '../../contract/adapter.ts'
import type { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Store } from '../store/store.ts'
import { Timers } from '../timing/timers.ts'
import { unreadable } from './losses.ts'
import { type Deferred, Turn } from './turn.ts'
import type { Entry, EntryQueue } from './waiting/entry.ts'

/** Bodies of stored messages kept in memory for quick delivery; the others are read when they are due. Unit: bytes. */
const RESIDENT_BUDGET = 64 * 1024 * 1024
/** What a message in memory takes beside the bytes of its record. */
const MESSAGE_BYTES = 600

interface KernelOwner {
  /** Moves a leased or waiting message out of its queue, to where its rejects go. */
  deadLetter(entry: Entry, reason: string, target: NodeRef | undefined, error?: string): Promise<void>
  /** Something a person should know about the queue. */
  warn(queue: EntryQueue, error: MessagingError): void
}

export class Kernel {
  readonly timers = new Timers()
  readonly turn = new Turn()
  readonly store: Store | undefined
  readonly owner: KernelOwner
  #seq = 0
  #resident = 0
  #scheduled: Deferred[] = []
  #leased: Entry[] = []

  constructor(store: Store | undefined, owner: KernelOwner) {
    this.store = store
    this.owner = owner
    if (store) store.beforeWrite = () => this.#markLeased()
  }

  /** The number of the newest message. */
  get lastSeq(): number {
    return this.#seq
  }

  nextSeq(): number {
    return ++this.#seq
  }

  /** Recovery: numbers up to `seq` are taken. */
  seqUsed(seq: number): void {
    if (seq > this.#seq) this.#seq = seq
  }

  /** Runs `work` once the current synchronous work is done. */
  schedule(work: Deferred): void {
    if (this.#scheduled.push(work) === 1) queueMicrotask(() => this.#runScheduled())
  }

  /** Whether the body of a stored message may stay in memory. */
  keepResident(entry: Entry, recordBytes: number): boolean {
    const bytes = recordBytes + MESSAGE_BYTES
    if (this.#resident + bytes > RESIDENT_BUDGET) return false
    this.#resident += bytes
    entry.resident = bytes
    return true
  }

  forgetResident(entry: Entry): void {
    this.#resident -= entry.resident
    entry.resident = 0
  }

  /** The message of an entry; `undefined` when its record is damaged, which is reported. */
  messageOf(entry: Entry): OutgoingMessage | undefined {
    if (entry.message) return entry.message
    try {
      const message = this.store?.read(entry.queue.storeId, entry.storeKey)
      if (message) return message
    } catch (cause) {
      this.owner.warn(entry.queue, unreadable(entry.queue, entry.storeKey, cause, 'deliver'))
      return undefined
    }
    const gone = new Error('its record is gone')
    this.owner.warn(entry.queue, unreadable(entry.queue, entry.storeKey, gone, 'deliver'))
    return undefined
  }

  /** A stored message was handed over: its count is written with the next batch, unless it is settled by then. */
  leased(entry: Entry): void {
    if (this.#leased.push(entry) === 1) this.store!.wake()
  }

  #markLeased(): void {
    const leased = this.#leased
    if (leased.length === 0) return
    this.#leased = []
    for (const entry of leased) {
      if (entry.state === 'leased') this.mark(entry)
    }
  }

  /** Writes count, redelivered and due time. A leased message counts as delivered should the process die now. */
  mark(entry: Entry): void {
    const redelivered = entry.redelivered || entry.state === 'leased'
    const { storeId } = entry.queue
    if (entry.count === 0 && !redelivered && entry.dueAt === 0) {
      if (entry.marked) this.store!.unmark(storeId, entry.storeKey)
      entry.marked = false
      return
    }
    this.store!.mark(storeId, entry.storeKey, { count: entry.count, redelivered, dueAt: entry.dueAt })
    entry.marked = true
  }

  #runScheduled(): void {
    const scheduled = this.#scheduled
    this.#scheduled = []
    for (const work of scheduled) work.resume()
  }
}
