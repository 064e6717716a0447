/**
 * What became of messages whose deliveries are limited, for a process that ends at the next instruction: each is noted in a small file
 * without waiting for the disk, before the program goes on (what was written stays with the system when a process dies). The store's own
 * writes follow with its next commit, so that the file is needed only for what happened since; its oldest records are written over.
 *
 * Every process writes under an epoch of its own, which the store keeps: records beside a store that was restored from a copy say nothing
 * about it.
 *
 * Bound: 65,536 records of 24 bytes; far more than are handed over between two commits.
 */
import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'deliveries'
const RECORD = 24
const MOST = 65_536
/** In place of a count: the message is done with. */
const ACCEPTED = 0xffff_ffff

export class DeliveryJournal {
  readonly #path: string
  /** What the process before this one noted, by queue and key: its last word. */
  #found: Map<string, number> | undefined
  #file: number | undefined
  #epoch = 0
  #next = 0
  readonly #record = Buffer.alloc(RECORD)

  /** `epoch`: as the store keeps it. */
  constructor(directory: string, epoch: number | undefined) {
    this.#path = join(directory, FILE)
    this.#found = epoch === undefined ? new Map() : readRecords(this.#path, epoch)
  }

  /** Recovery: how often the message was handed over as far as it is noted here, or that it was accepted. */
  of(queue: number, key: number): number | 'accepted' | undefined {
    const count = this.#found?.get(nameOf(queue, key))
    return count === ACCEPTED ? 'accepted' : count
  }

  /** What was found has been used. Returns the epoch from here on, for the store to keep; nothing counts before it is on the disk. */
  begin(): number {
    this.#found = undefined
    this.#epoch = randomInt(1, 0xffff_ffff)
    try {
      this.#file = openSync(this.#path, 'w')
    } catch {
      // The disk is full, for example: the store's own writes are left, which come a little later.
    }
    return this.#epoch
  }

  counted(queue: number, key: number, count: number): void {
    this.#write(queue, key, count)
  }

  accepted(queue: number, key: number): void {
    this.#write(queue, key, ACCEPTED)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #write(queue: number, key: number, count: number): void {
    if (this.#file === undefined) return
    const record = this.#record
    record.writeUInt32LE(queue, 0)
    record.writeUInt32LE(count, 4)
    record.writeDoubleLE(key, 8)
    record.writeUInt32LE(this.#epoch, 16)
    record.writeUInt32LE(checkOf(record), 20)
    try {
      writeSync(this.#file, record, 0, RECORD, this.#next * RECORD)
      this.#next = (this.#next + 1) % MOST
    } catch {
      // As in `begin`.
    }
  }
}

function readRecords(path: string, epoch: number): Map<string, number> {
  const records = new Map<string, number>()
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    return records
  }
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD) {
    const record = bytes.subarray(at, at + RECORD)
    if (record.readUInt32LE(16) !== epoch || record.readUInt32LE(20) !== checkOf(record)) continue
    const name = nameOf(record.readUInt32LE(0), record.readDoubleLE(8))
    const count = record.readUInt32LE(4)
    // Written round and round, so that the order in the file is none; both only grow.
    records.set(name, Math.max(count, records.get(name) ?? 0))
  }
  return records
}

function nameOf(queue: number, key: number): string {
  return `${queue}/${key}`
}

/** Tells a record from what was never written, or only in part. */
function checkOf(record: Buffer): number {
  let check = 0x811c_9dc5
  for (let at = 0; at < 20; at++) check = Math.imul(check ^ record[at]!, 0x0100_0193) >>> 0
  return check
}
