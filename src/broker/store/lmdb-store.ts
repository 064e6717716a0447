/**
 * A store on LMDB: a commit is on the disk (fdatasync) before its waiters are told, and a killed process loses nothing
 * that was told. One directory, one process; the database is `data.mdb` in it.
 *
 * Tables: `nodes` (id → JSON; 0 → the next id), `messages` (queue id, key → record), `marks` (the same key → count,
 * redelivered, due time; only where it differs from the record). What no commit is waited
 * for lies beside it: `delivery-journal.ts`.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { settledWithin } from '../../core/aborts.ts'
import { lookFor } from '../../core/connecting/reach.ts'
import type { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Deferred } from '../queue/turn.ts'
import { loadLmdb } from './library.ts'
import { LmdbUse, SizeOfFile } from './lmdb-use.ts'
import { lockStore, type StoreLock } from './lock/store-lock.ts'
import { LIBRARY, REACHES, type ReachName } from './reaches.ts'
import { decodeHead, decodeRecord, RecordWriter } from './record-codec.ts'
import type {
  CommitWaiter,
  DamagedEntry,
  Store,
  StoredEntry,
  StoredFacts,
  StoredMark,
  StoredNode,
} from './store.ts'
import {
  checkAccess,
  checkOpening,
  checkOwnTables,
  checkStore,
  DATA_FILE,
  LOCK_FILE,
  markStore,
  unusableStore,
} from './store-check.ts'
import { type FileUse, NO_ROOM, noRoom, StoreRoom } from './store-room.ts'
import { fromClock, toClock } from './wall-clock.ts'
import { apply, Change, demandOf, keyOf, type NodeTable, sharedKey, type Table } from './writing/changes.ts'
import { DeliveryJournal } from './writing/delivery-journal.ts'
import { WriteQueue } from './writing/write-queue.ts'

/** Messages of a deleted queue that are removed with one commit. */
const SWEEP = 5_000
/** In table `nodes`: the next id. */
const NEXT_ID = 0
const MARK_BYTES = 13
/** Of tables and other keys: looked at in a database that does not say whose it is. */
const MOST_NAMES = 100
/** In table `marks`, behind those of all queues: the epoch of the journal. */
const EPOCH = 0xffff_ffff

/**
 * Opens the store in `directory`, which exists.
 *
 * @throws `CONNECT_FAILED` when another process has it open or it is damaged, `CLIENT_LIBRARY_MISSING` without `lmdb`
 *
 * @example
 * ```ts
 * const broker = await Broker.open({ store: await openLmdbStore('/var/lib/queues') })
 * ```
 */
export async function openLmdbStore(directory: string): Promise<Store> {
  const module = await loadLmdb()
  const lock = await checkAccess(directory)
    .then(() => lockStore(directory))
    .catch((error) => {
      throw unusableStore(directory, error)
    })
  let root: RootDatabase | undefined
  try {
    const marked = await checkStore(directory)
    const room = new StoreRoom(directory)
    if (!existsSync(join(directory, DATA_FILE)) && !room.fitsNew) throw noRoom(directory)
    checkOpening(join(directory, DATA_FILE), join(directory, LOCK_FILE))
    root = module.open({
      path: directory,
      noSubdir: false,
      // One promise per batch and none per write: see `#write`.
      eventTurnBatching: false,
      // A commit is told when it is synced, not before.
      overlappingSync: false,
      cache: false,
      compression: false,
    } as Parameters<typeof module.open>[0] & { path: string })
    if (!marked) {
      checkOwnTables(directory, root.getKeys({ limit: MOST_NAMES }))
      await markStore(directory)
    }
    const warnings: MessagingError[] = []
    const found = lookFor(LIBRARY, REACHES, { module, root }, (warning) => warnings.push(warning))
    return new LmdbStore(root, lock, room, directory, found, warnings)
  } catch (error) {
    await root?.close()
    await lock.release()
    throw unusableStore(directory, error)
  }
}

class LmdbStore implements Store {
  readonly warnings: readonly MessagingError[]
  readonly #root: RootDatabase
  readonly #lock: StoreLock
  readonly #room: StoreRoom
  readonly #use: FileUse
  readonly #nodes: NodeTable
  readonly #messages: Table
  readonly #marks: Table
  readonly #records = new RecordWriter()
  readonly #journal: DeliveryJournal
  /** Of the journal: `due` once the messages are read. */
  #noting: 'no' | 'due' | 'yes' = 'no'
  #recovered = false
  readonly #queue: WriteQueue<Change>
  /** Queues of deleted nodes that still have messages here. */
  readonly #sweeping = new Set<number>()
  #nextId: number
  #closing: Promise<void> | undefined

  constructor(
    root: RootDatabase,
    lock: StoreLock,
    room: StoreRoom,
    directory: string,
    found: ReadonlySet<ReachName>,
    warnings: readonly MessagingError[],
  ) {
    this.warnings = warnings
    this.#root = root
    this.#lock = lock
    this.#room = room
    const binary = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const
    this.#nodes = root.openDB({ name: 'nodes', encoding: 'string', keyEncoding: 'uint32', cache: false })
    this.#messages = root.openDB({ name: 'messages', ...binary })
    this.#marks = root.openDB({ name: 'marks', ...binary })
    this.#use = found.has('fileUse')
      ? new LmdbUse(root, [this.#nodes, this.#messages, this.#marks])
      : new SizeOfFile(join(directory, DATA_FILE))
    this.#nextId = Number(this.#nodes.get(NEXT_ID) ?? 1)
    this.#journal = new DeliveryJournal(directory, this.#marks.get(keyOf(EPOCH, 0))?.readUInt32LE(0))
    this.#queue = new WriteQueue((changes) => this.#write(changes))
  }

  set beforeWrite(listener: (() => void) | undefined) {
    this.#queue.beforeWrite = listener
  }
  set failed(listener: ((error: Error) => void) | undefined) {
    this.#queue.failed = listener
  }

  // ── recovery ──

  nodes(): StoredNode[] {
    const nodes: StoredNode[] = []
    for (const { key, value } of this.#nodes.getRange({ start: NEXT_ID + 1 }))
      nodes.push({ id: key, text: value })
    return nodes
  }

  *entries(damaged: (entry: DamagedEntry) => void): Generator<StoredEntry> {
    // Both tables have the same order, so that one pass over each is enough.
    const marks = this.#marks.getRange()[Symbol.iterator]()
    let mark = marks.next()
    for (const { key, value } of this.#messages.getRange()) {
      while (!mark.done && Buffer.compare(mark.value.key, key) < 0) mark = marks.next()
      const own = !mark.done && Buffer.compare(mark.value.key, key) === 0 ? mark.value.value : undefined
      const queue = key.readUInt32BE(0)
      const place = key.readDoubleBE(4)
      let entry: StoredEntry
      try {
        entry = storedEntry(queue, place, bytesOf(value), own)
      } catch (cause) {
        damaged({ queue, key: place, cause })
        continue
      }
      const noted = this.#journal.of(queue, place)
      if (noted === 'accepted') this.remove(queue, place, own !== undefined)
      else if (noted === undefined || noted <= entry.count) yield entry
      else {
        const counted = { ...entry, count: noted, redelivered: true }
        this.mark(queue, place, counted)
        yield counted
      }
    }
    this.#recovered = true
    if (this.#noting === 'due') this.#beginJournal()
  }

  // ── writing ──

  nextNodeId(): number {
    return this.#nextId++
  }

  saveNode(id: number, text: string, waiter: CommitWaiter | undefined): void {
    this.#queue.add(new Change(this.#nodes, 0, id, text, waiter))
    // With every node, so that an id is never given twice: its messages may be swept long after it has gone.
    this.#queue.add(new Change(this.#nodes, 0, NEXT_ID, String(this.#nextId), undefined))
  }

  removeNode(id: number): void {
    this.#queue.add(new Change(this.#nodes, 0, id, undefined, undefined))
  }

  insert(
    queue: number,
    key: number,
    message: OutgoingMessage,
    facts: StoredFacts,
    waiter: CommitWaiter | undefined,
  ): number {
    const record = this.#records.encode(message, facts)
    this.#queue.add(new Change(this.#messages, queue, key, record, waiter))
    return record.length
  }

  remove(queue: number, key: number, marked: boolean): void {
    this.#queue.add(new Change(this.#messages, queue, key, undefined, undefined))
    if (marked) this.unmark(queue, key)
  }

  mark(queue: number, key: number, { count, redelivered, dueAt }: StoredMark): void {
    const value = Buffer.allocUnsafeSlow(MARK_BYTES)
    value.writeUInt32LE(count, 0)
    value[4] = redelivered ? 1 : 0
    value.writeDoubleLE(toClock(dueAt), 5)
    this.#queue.add(new Change(this.#marks, queue, key, value, undefined))
  }

  noteDeliveries(): void {
    if (this.#noting !== 'no') return
    this.#noting = 'due'
    if (this.#recovered) this.#beginJournal()
  }

  /** order: in one commit with what the journal told, which is forgotten by it. */
  #beginJournal(): void {
    this.#noting = 'yes'
    const epoch = Buffer.allocUnsafeSlow(4)
    epoch.writeUInt32LE(this.#journal.begin(), 0)
    const waiter = { refusable: true, stored: () => {} }
    this.#queue.add(new Change(this.#marks, EPOCH, 0, epoch, waiter))
    this.#queue.commit(waiter)
  }

  counted(queue: number, key: number, count: number): void {
    this.#journal.counted(queue, key, count)
  }

  accepted(queue: number, key: number): void {
    this.#journal.accepted(queue, key)
  }

  unmark(queue: number, key: number): void {
    this.#queue.add(new Change(this.#marks, queue, key, undefined, undefined))
  }

  commit(waiter: CommitWaiter): void {
    this.#queue.commit(waiter)
  }

  wake(): void {
    this.#queue.wake()
  }

  get behind(): boolean {
    return this.#queue.behind
  }

  whenCaughtUp(work: Deferred): () => void {
    return this.#queue.whenCaughtUp(work)
  }

  flushed(): Promise<void> {
    return this.#queue.tried()
  }

  clear(queue: number): void {
    if (queue === 0 || this.#sweeping.has(queue)) return
    this.#sweeping.add(queue)
    void this.#sweep(queue).finally(() => this.#sweeping.delete(queue))
  }

  async #sweep(queue: number): Promise<void> {
    await this.#onDisk()
    while (!this.#closing) {
      const keys = [
        ...this.#messages.getKeys({ start: keyOf(queue, 0), end: keyOf(queue + 1, 0), limit: SWEEP }),
      ]
      if (keys.length === 0) return
      for (const key of keys) this.remove(queue, key.readDoubleBE(4), true)
      await this.#onDisk()
    }
  }

  #onDisk(): Promise<void> {
    return new Promise((resolve) => this.#queue.commit({ refusable: false, stored: () => resolve() }))
  }

  /** One transaction. Inside `batch` the library makes no promise per write; the one for the batch is handled here. */
  async #write(changes: readonly Change[]): Promise<void> {
    this.#lock.check()
    if (!this.#room.fits(demandOf(changes), this.#use)) throw new Error(NO_ROOM)
    try {
      await this.#messages.batch(() => {
        for (const change of changes) apply(change)
      })
    } catch (error) {
      throw await reasonOf(error)
    }
  }

  read(queue: number, key: number): OutgoingMessage | undefined {
    const record = this.#messages.getBinaryFast(sharedKey(queue, key))
    return record && decodeRecord(bytesOf(record))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#queue.tried()
    // What the sweeps or the listeners of the last batch added.
    if (!this.#queue.idle) await this.#queue.tried()
    this.#queue.close()
    try {
      await this.#root.close()
      this.#journal.close()
    } finally {
      await this.#lock.release()
    }
  }
}

/** @throws when the record is damaged */
function storedEntry(queue: number, key: number, record: Buffer, mark: Buffer | undefined): StoredEntry {
  const { priority, expiresAt, dueAt, deliveriesBefore: count } = decodeHead(record)
  if (!mark) return { queue, key, priority, expiresAt, dueAt, count, redelivered: count > 0 }
  return {
    queue,
    key,
    priority,
    expiresAt,
    dueAt: fromClock(mark.readDoubleLE(5)),
    count: mark.readUInt32LE(0),
    redelivered: mark[4] === 1,
  }
}

/**
 * A value of any size as a buffer. The library copies small ones into memory that it uses again; large ones (16 MiB) are
 * plain arrays over its map of the file. Either way the bytes are good until the next call.
 */
function bytesOf(value: Uint8Array): Buffer {
  // The memory used again has a length of its own, which `Buffer.from` must not lose.
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length)
}

/** The library rejects with a general error and the true one in a second promise, which must be handled too. */
async function reasonOf(error: unknown): Promise<Error> {
  const { commitError } = error as { commitError?: Promise<unknown> }
  let reason = error
  if (commitError) {
    await settledWithin(
      commitError.catch((detail) => {
        reason = detail
      }),
      200,
    )
  }
  const text = reason instanceof Error ? reason.message : String(reason)
  // A short write, which is how a full disk shows, is reported as a fault of the device.
  const hint = /input\/output|no space|map_full|map full/i.test(text) ? ' (is the disk full?)' : ''
  return new Error(`${text}${hint}`, { cause: reason })
}
