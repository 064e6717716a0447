/** Writes what can be read of a damaged store into a new one: records as they are, byte for byte. */
import { mkdir, readdir } from 'node:fs/promises'
import { endianness } from 'node:os'
import { join, resolve } from 'node:path'
import type { Database } from 'lmdb'
import { MessagingError } from '../../../model/errors.ts'
import { formatNodeRecord, type NodeRecord, parseNodeRecord } from '../../nodes/node-settings.ts'
import { loadLmdb } from '../library.ts'
import { lockStore } from '../lock/store-lock.ts'
import { decodeRecord } from '../record-codec.ts'
import { DATA_FILE, markStore } from '../store-check.ts'
import { type Found, PageSalvage } from './page-salvage.ts'

const KEY_BYTES = 12
const MARK_BYTES = 13
const NODE_KEY_BYTES = 4
const NEXT_ID = 0
/** Records are written in transactions of about so much. Unit: bytes. */
const BATCH_BYTES = 8 * 1024 * 1024
/** Entries of a list in the report. */
const MOST_TOLD = 1_000

/** One queue, or one subscription of a topic, in the new store. */
export interface RescuedQueue {
  readonly name: string
  /** Messages written. */
  readonly messages: number
}

export interface RescueReport {
  readonly directory: string
  /** By name. A queue that nothing tells the name of is called `rescued-` and its number. */
  readonly queues: readonly RescuedQueue[]
  /** Messages written, of all queues. */
  readonly messages: number
  /** Messages found that are not whole: queue, position in it, and what is wrong. The first 1,000. */
  readonly unreadable: readonly {
    readonly queue: string
    readonly position: number
    readonly reason: string
  }[]
  /** Other damage, in words: what was behind it is not in the counts. The first 1,000. */
  readonly damage: readonly string[]
}

/**
 * Reads the store in `from`, which is left as it is, and writes a new one into `to`, which must be empty or missing.
 * Bodies, properties, places in the queue and delivery counts are kept; what is not whole by its checksum is left out and told.
 *
 * @throws `CONNECT_FAILED` when the store is open, or holds no data; `CONFIG_INVALID` when `to` is not empty
 *
 * @example
 * ```ts
 * const report = await rescueStore('/var/lib/queues', '/var/lib/queues-rescued')
 * console.log(report)
 * ```
 */
export async function rescueStore(from: string, to: string): Promise<RescueReport> {
  const { open } = await loadLmdb()
  await mkdir(to, { recursive: true })
  if (resolve(from) === resolve(to) || (await readdir(to)).length > 0) {
    throw new MessagingError('CONFIG_INVALID', `The directory '${to}' is not empty`, {
      hint: 'Name a new directory: the old store is left as it is.',
      context: { operation: 'rescue', directory: to },
    })
  }
  const lock = await lockStore(from).catch((error: unknown) => {
    if (error instanceof MessagingError && error.code === 'CONNECT_FAILED') throw error
    // A disk that takes no lock is read all the same.
    return undefined
  })
  try {
    using pages = openPages(from)
    const root = open({ path: to, noSubdir: false, cache: false, compression: false } as Parameters<
      typeof open
    >[0] & {
      path: string
    })
    try {
      const binary = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const
      const rescue = new Rescue(
        root.openDB({ name: 'nodes', encoding: 'string', keyEncoding: 'uint32', cache: false }),
        root.openDB({ name: 'messages', ...binary }),
        root.openDB({ name: 'marks', ...binary }),
      )
      for (const found of pages.found()) await rescue.take(found)
      const report = await rescue.finish()
      await root.flushed
      await markStore(to)
      return { directory: to, ...report, damage: [...pages.damage, ...report.damage].slice(0, MOST_TOLD) }
    } finally {
      await root.close()
    }
  } finally {
    await lock?.release()
  }
}

function openPages(from: string): PageSalvage {
  try {
    return new PageSalvage(join(from, DATA_FILE))
  } catch (cause) {
    throw new MessagingError(
      'CONNECT_FAILED',
      `The directory '${from}' holds no data of a store that can be read`,
      {
        cause,
        retryable: false,
        hint: `Its ${DATA_FILE} is what is read: check the path and the permissions.`,
        context: { operation: 'rescue', directory: from },
      },
    )
  }
}

type Table = Database<Buffer, Buffer>

class Rescue {
  readonly #nodes: Database<string, number>
  readonly #messages: Table
  readonly #marks: Table
  readonly #names = new Map<number, string>()
  readonly #counts = new Map<number, number>()
  readonly #unreadable: { id: number; position: number; reason: string }[] = []
  readonly #damage: string[] = []
  #nextId = 1
  #pendingBytes = 0

  constructor(nodes: Database<string, number>, messages: Table, marks: Table) {
    this.#nodes = nodes
    this.#messages = messages
    this.#marks = marks
  }

  /** By what the value looks like: of a page that no root leads to the table is not known, and keys differ in size. */
  async take({ table, key, value }: Found): Promise<void> {
    if (key.length === NODE_KEY_BYTES && (table === 'nodes' || table === ''))
      await this.#node(key, value, table)
    else if (key.length !== KEY_BYTES) {
      if (table !== '') this.#damage.push(`a key of table '${table}' has ${key.length} bytes`)
    } else if (table === 'marks' || (table === '' && value.length === MARK_BYTES))
      await this.#mark(key, value)
    else await this.#message(key, value, table)
  }

  async finish(): Promise<Omit<RescueReport, 'directory'>> {
    for (const [id] of this.#counts) if (!this.#names.has(id)) await this.#nameless(id)
    await this.#nodes.put(
      NEXT_ID,
      String(Math.max(this.#nextId, ...[...this.#names.keys()].map((id) => id + 1))),
    )
    const nameOf = (id: number): string => this.#names.get(id) ?? `rescued-${id}`
    const queues = [...this.#counts].map(([id, messages]) => ({ name: nameOf(id), messages }))
    return {
      queues: queues.sort((a, b) => (a.name < b.name ? -1 : 1)),
      messages: queues.reduce((sum, { messages }) => sum + messages, 0),
      unreadable: this.#unreadable.map(({ id, position, reason }) => ({
        queue: nameOf(id),
        position,
        reason,
      })),
      damage: this.#damage,
    }
  }

  async #node(key: Buffer, value: Buffer, table: string): Promise<void> {
    // The database keeps these in the order of bytes of the machine.
    const id = endianness() === 'LE' ? key.readUInt32LE(0) : key.readUInt32BE(0)
    const text = value.toString()
    if (id === NEXT_ID) {
      const next = Number(text)
      if (Number.isSafeInteger(next) && next < 2 ** 32) this.#nextId = Math.max(this.#nextId, next)
      return
    }
    if (this.#names.has(id)) return
    try {
      this.#names.set(id, nameOf(parseNodeRecord(text)))
    } catch (error) {
      if (table !== '') this.#damage.push(`node ${id}: ${(error as Error).message}`)
      return
    }
    await this.#nodes.put(id, text)
  }

  async #message(key: Buffer, value: Buffer, table: string): Promise<void> {
    const id = key.readUInt32BE(0)
    const position = key.readDoubleBE(4)
    if (this.#messages.doesExist(key)) return
    try {
      if (!Number.isSafeInteger(position) || position < 1) throw new Error('its place is no number')
      decodeRecord(value)
    } catch (error) {
      if (table !== '' && this.#unreadable.length < MOST_TOLD)
        this.#unreadable.push({ id, position, reason: (error as Error).message })
      return
    }
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    await this.#put(this.#messages, key, value)
  }

  async #mark(key: Buffer, value: Buffer): Promise<void> {
    if (value.length !== MARK_BYTES || this.#marks.doesExist(key)) return
    // It has no checksum: what cannot be is not believed.
    const dueAt = value.readDoubleLE(5)
    if (value[4]! > 1 || !(dueAt >= 0 && dueAt < Number.MAX_SAFE_INTEGER)) {
      if (this.#damage.length < MOST_TOLD)
        this.#damage.push(`a delivery count at position ${key.readDoubleBE(4)}`)
      return
    }
    await this.#put(this.#marks, key, value)
  }

  async #nameless(id: number): Promise<void> {
    const name = `rescued-${id}`
    this.#names.set(id, name)
    await this.#nodes.put(id, formatNodeRecord({ kind: 'queue', name, settings: {}, bindings: [] }))
  }

  async #put(table: Table, key: Buffer, value: Buffer): Promise<void> {
    // Values are written later than keys are copied, and neither may be a window over a page that is read anew.
    const done = table.put(Buffer.from(key), Buffer.from(value))
    this.#pendingBytes += value.length + key.length
    if (this.#pendingBytes < BATCH_BYTES) return
    this.#pendingBytes = 0
    await done
  }
}

function nameOf(record: NodeRecord): string {
  if (typeof record.name !== 'string') throw new Error('it has no name')
  return record.kind === 'subscription' ? `${record.topic}/${record.name}` : record.name
}
