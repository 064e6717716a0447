/** One message in one queue, from admission to its end. */
import type { OutgoingMessage } from '../../../model/message.ts'
import { TimerItem } from '../../timing/timers.ts'

/**
 * ```text
 * pending ──stored──▶ ready ◀──▶ leased ──settled──▶ gone
 *                     ▲   │        │
 *                     │   └────────┼──expired──▶ gone
 *                  delayed ◀───────┘ released with a delay
 * ```
 */
type EntryState = 'pending' | 'delayed' | 'ready' | 'leased' | 'gone'

export const PRIORITIES = 10

/** The queue as its entries lead to it. */
export interface EntryQueue {
  readonly name: string
  /** Its key in the store; 0: nothing of it is kept there. */
  readonly storeId: number
  /** The message is held at the strength asked for. */
  arrive(entry: Entry): void
  /** The message was refused after all. */
  revoke(entry: Entry): void
  /** The message was moved elsewhere, or had nowhere to go: forget it. */
  moved(entry: Entry): void
  /** The record of a leased message is damaged: it is out of the queue, and left on disk for whoever repairs it. */
  leftOut(entry: Entry): void
  /** The time of a waiting entry has come: it expired, or may be received. */
  entryDue(entry: Entry, time: number): void
}

export class Entry extends TimerItem {
  readonly queue: EntryQueue
  /** Place in the queue. Changes only when a delayed send falls due: it then counts as sent at that moment. */
  seq: number
  /** Its key in the store; 0: it is not kept there. */
  readonly storeKey: number
  readonly priority: number
  /** As `now()`; 0: never. */
  readonly expiresAt: number
  /** As `now()`; 0: at once. */
  dueAt = 0
  /** Deliveries so far, the current one included. */
  count: number
  redelivered: boolean
  /** The store has a mark (count, redelivered, due time) for it. */
  marked = false
  state: EntryState = 'pending'
  /** `undefined`: only in the store, read when needed. */
  message: OutgoingMessage | undefined
  /** What the message takes of the budget for kept messages in memory. Unit: bytes. */
  resident = 0

  constructor(
    queue: EntryQueue,
    seq: number,
    storeKey: number,
    message: OutgoingMessage | undefined,
    priority: number,
    expiresAt: number,
    count: number,
  ) {
    super()
    this.queue = queue
    this.seq = seq
    this.storeKey = storeKey
    this.message = message
    this.priority = priority
    this.expiresAt = expiresAt
    this.count = count
    this.redelivered = count > 0
  }

  due(now: number): void {
    this.queue.entryDue(this, now)
  }
}
