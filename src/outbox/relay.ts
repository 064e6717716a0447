/**
 * Hands committed messages from the table to the broker.
 *
 * ```text
 * BEGIN → lock places, read rows → send them → the broker confirms → DELETE → COMMIT
 * ```
 *
 * order: a row goes after its message is confirmed, in the transaction that locked it. A relay that dies anywhere leaves the rows, and its locks end with
 * its connection: the next one sends them again, with the same ids.
 */

import { checkNumber } from '../core/options/typed.ts'
import { pause } from '../core/time/waiting.ts'
import { isMessagingError, type MessagingError } from '../index.ts'
import type { RelayClient, RelayPool } from './client.ts'
import { type HandedOver, HandOver } from './hand-over.ts'
import { Holds } from './holds.ts'
import { type RelayOptions, relaySettings } from './relay-options.ts'
import { type Backlog, Teller } from './status.ts'
import { putAside, type Row, readBacklog, removeRows, takeRows } from './table.ts'
import { Waker } from './waker.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
const DEFAULT_CLOSE_MS = 5_000
/** What the end of a round may take when the time of a close is up. Unit: ms. */
const LAST_WORD_MS = 2_000

/** A running relay. Goes on until closed, over losses of the database and of the broker. */
export class Relay implements AsyncDisposable {
  readonly #pool: RelayPool
  readonly #batch: number
  readonly #pollMs: number
  readonly #teller: Teller
  readonly #handOver: HandOver
  readonly #holds: Holds
  readonly #waker: Waker
  /** No further round. */
  readonly #stop = new AbortController()
  /** Nor the present one. */
  readonly #abort = new AbortController()
  readonly #running: Promise<void>
  #wake: () => void = () => {}
  #woken = false
  /** The place behind which the next round begins. */
  #after = ''
  #handedOn = 0
  #closing: Promise<void> | undefined

  /** Use {@link relay}. */
  constructor(options: RelayOptions) {
    const { pool, connection, batch, pollMs, timeoutMs, retry, onStatus } = relaySettings(options)
    this.#pool = pool
    this.#batch = batch
    this.#pollMs = pollMs
    this.#teller = new Teller(onStatus)
    this.#handOver = new HandOver(connection, timeoutMs)
    this.#holds = new Holds(this.#teller, retry)
    guard(pool)
    this.#waker = new Waker(pool, () => this.#wakeUp())
    this.#running = this.#run()
  }

  /** Messages handed on so far. */
  get handedOn(): number {
    return this.#handedOn
  }

  /** What waits in the table now, by whatever relay it will be handed on. @throws what the database says */
  async backlog(): Promise<Backlog> {
    return this.#with((client) => readBacklog(client))
  }

  /**
   * Takes no further rows; those on their way may be confirmed up to `timeoutMs` (default 5 s), the rest stays in the table. Neither pool nor
   * connection is closed. Idempotent.
   */
  async close({ timeoutMs = DEFAULT_CLOSE_MS }: { timeoutMs?: number } = {}): Promise<void> {
    checkNumber('close()', 'timeoutMs', timeoutMs, (ms) => ms >= 0, '0 or more')
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#stop.abort()
    this.#wakeUp()
    const over = new AbortController()
    const ended = Promise.all([this.#running, this.#waker.close()]).finally(() => over.abort())
    await pause(timeoutMs, over.signal)
    this.#abort.abort()
    // A database that does not answer holds up nobody: its locks end with its connection.
    const given = new AbortController()
    await Promise.race([ended, pause(LAST_WORD_MS, given.signal)])
    given.abort()
    await this.#handOver.close()
  }

  // ── rounds ──

  async #run(): Promise<void> {
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      this.#woken = false
      try {
        const worked = await this.#round()
        if (failures > 0) this.#teller.tell({ type: 'database-back' })
        failures = 0
        if (!worked) await this.#idle()
      } catch (error) {
        if (signal.aborted) return
        const delayMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures++, 10))
        this.#teller.tell({ type: 'database-lost', error, delayMs })
        await pause(delayMs, signal)
      }
    }
  }

  /** Whether there may be more at once. */
  #round(): Promise<boolean> {
    return this.#with(async (client) => {
      // Closed while the pool was waited for.
      if (this.#stop.signal.aborted) return false
      await client.query('BEGIN')
      const worked = await this.#handOn(client)
      await client.query('COMMIT')
      return worked
    })
  }

  /** A client for some work; one whose work fails is not used again, and with its connection end its transaction and all locks. */
  async #with<T>(work: (client: RelayClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    // The rejection of the statement under way tells of a lost connection; without a listener it would end the process.
    const ignore = (): void => {}
    client.on('error', ignore)
    let failed = true
    try {
      const result = await work(client)
      failed = false
      return result
    } finally {
      client.removeListener('error', ignore)
      client.release(failed)
    }
  }

  async #handOn(client: RelayClient): Promise<boolean> {
    const begun = this.#after
    const rows = await takeRows(client, begun, this.#holds.places(), this.#batch)
    if (rows.length === 0) {
      this.#after = ''
      return begun !== ''
    }
    const byPlace = grouped(rows)
    const handed = await Promise.all(
      [...byPlace].map(async ([place, own]) => {
        const result = await this.#handOver.place(own, this.#holds.failed(place), this.#abort.signal)
        return { place, result }
      }),
    )
    const done = handed.flatMap(({ result }) => result.done)
    const asides = handed.flatMap(({ result }) => result.asides)
    await removeRows(client, done)
    await putAside(
      client,
      asides.map(({ row, error }) => ({ position: row.position, error: textOf(error) })),
    )
    for (const { place, result } of handed) this.#told(place, result)
    this.#handedOn += done.length
    if (done.length > 0) this.#teller.tell({ type: 'handed-on', count: done.length })
    this.#after = [...byPlace.keys()].sort().at(-1)!
    return true
  }

  #told(place: string, { done, asides, held }: HandedOver): void {
    for (const { row, error } of asides) this.#teller.tell({ type: 'aside', id: row.id, place, error })
    if (held && !this.#isOurOwnEnd(held)) this.#holds.hold(place, held)
    else if (!held || done.length > 0) this.#holds.resume(place)
  }

  #isOurOwnEnd(error: MessagingError): boolean {
    return this.#abort.signal.aborted && isMessagingError(error, 'ABORTED')
  }

  // ── waiting ──

  #wakeUp(): void {
    this.#woken = true
    this.#wake()
  }

  /** Until something was committed, a held place may be tried again, or it is time to look. */
  async #idle(): Promise<void> {
    if (this.#woken || this.#stop.signal.aborted) return
    const wait = Math.min(this.#pollMs, this.#holds.nextMs())
    const waking = new AbortController()
    this.#wake = () => waking.abort()
    await pause(wait, waking.signal)
  }
}

const guarded = new WeakSet<RelayPool>()

/** An idle connection that the server ends is no fault of the program's: without a listener it would end the process. One for all relays. */
function guard(pool: RelayPool): void {
  if (guarded.has(pool)) return
  guarded.add(pool)
  const events = pool as { on?: (event: 'error', listener: () => void) => unknown }
  events.on?.('error', () => {})
}

/** PostgreSQL has no NUL in its texts: with one all of the round would be rolled back, and sent again. */
function textOf({ code, message }: MessagingError): string {
  return `${code}: ${message}`.replaceAll('\0', '\\0')
}

/** Rows by place, each in their order. */
function grouped(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.place)
    if (group) group.push(row)
    else groups.set(row.place, [row])
  }
  return groups
}

/**
 * Hands on what {@link outbox} wrote, in order for each node, at least once with the same id. Several relays may work on one table: each place is
 * with one of them at a time. Woken by `NOTIFY` when a transaction commits; looks every `pollMs` besides.
 *
 * What the broker does not take for now (it is full, or away) stays in the table and is tried again, with growing pauses; other nodes go on. A message
 * that can never be sent is put aside with its error, and blocks nobody. The relay uses two connections of the pool.
 *
 * @throws `CONFIG_INVALID` on a wrong option, `TypeError` on a wrong type
 * @example
 * await using running = relay({ pool, connection, onStatus: (status) => console.log(status) })
 */
export function relay(options: RelayOptions): Relay {
  return new Relay(options)
}
