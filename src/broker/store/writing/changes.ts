/** What is written to the tables of the store, and the keys that their entries have. */
import type { Database } from 'lmdb'
import type { CommitWaiter } from '../store.ts'
import type { Demand } from '../store-room.ts'
import type { Write } from './write-queue.ts'

export type Table = Database<Buffer, Buffer>
export type NodeTable = Database<string, number>

export class Change implements Write {
  readonly table: Table | NodeTable
  readonly queue: number
  readonly key: number
  /** `undefined`: remove. */
  readonly value: Buffer | string | undefined
  readonly waiter: CommitWaiter | undefined

  constructor(
    table: Table | NodeTable,
    queue: number,
    key: number,
    value: Buffer | string | undefined,
    waiter: CommitWaiter | undefined,
  ) {
    this.table = table
    this.queue = queue
    this.key = key
    this.value = value
    this.waiter = waiter
  }
}

export function demandOf(changes: readonly Change[]): Demand {
  const lengths: number[] = []
  let grows = false
  for (const { value, waiter } of changes) {
    if (value !== undefined) lengths.push(value.length)
    if (waiter?.refusable) grows = true
  }
  return { lengths, changes: changes.length, grows }
}

export function apply({ table, queue, key, value }: Change): void {
  const place = queue === 0 ? key : sharedKey(queue, key)
  // The library copies keys at once, and reads values when it writes them.
  if (value === undefined) void (table as Database).remove(place)
  else void (table as Database).put(place, value)
}

const shared = Buffer.alloc(12)

/** Valid until the next call. */
export function sharedKey(queue: number, key: number): Buffer {
  shared.writeUInt32BE(queue, 0)
  shared.writeDoubleBE(key, 4)
  return shared
}

export function keyOf(queue: number, key: number): Buffer {
  return Buffer.from(sharedKey(queue, key))
}
