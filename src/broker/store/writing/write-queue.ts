/**
 * Gathers writes and commits them in batches, one at a time: what comes while one batch is on its way to the disk goes
 * together with the next, so that concurrent sends share one sync.
 *
 * When the disk refuses a batch, the writes of refusable waiters are dropped and the waiters told. The others (removals,
 * counts, dead letters) are kept, in order, and tried again alone, before anything else: a removal needs less room than
 * a send, and makes some.
 *
 * Bound: senders wait for the outcome of what they wrote, so that their capacity is the bound of their writes. Receivers
 * do not wait for theirs (removals, counts): they stop handing over while this is `behind`.
 */

import type { Deferred } from '../../queue/turn.ts'
import type { CommitWaiter } from '../store.ts'

/** One change of the store. */
export interface Write {
  readonly waiter: CommitWaiter | undefined
}

/** Pause before what the disk refused is tried again when nothing else comes. Unit: ms. */
const RETRY_MS = 1_000

/** From here on the queue counts as behind. Unit: writes, those on their way to the disk not counted. */
const MANY = 20_000

export class WriteQueue<W extends Write> {
  readonly #commit: (writes: readonly W[]) => Promise<unknown>
  #gathered = new Batch<W>()
  /** What the disk refused and must take some day. */
  #kept = new Batch<W>()
  #busy = false
  #scheduled: NodeJS.Immediate | undefined
  #retry: NodeJS.Timeout | undefined
  readonly #waitingForDisk = new Set<Deferred>()

  beforeWrite: (() => void) | undefined
  failed: ((error: Error) => void) | undefined

  constructor(commit: (writes: readonly W[]) => Promise<unknown>) {
    this.#commit = commit
  }

  get idle(): boolean {
    return !this.#busy && this.#gathered.empty && this.#kept.empty
  }

  /** Whoever can put off further writes should, until the disk has caught up. */
  get behind(): boolean {
    return this.#gathered.writes.length + this.#kept.writes.length >= MANY
  }

  /** Runs `work` when the disk has caught up, unless the function returned was called before. For who found it behind. */
  whenCaughtUp(work: Deferred): () => void {
    this.#waitingForDisk.add(work)
    return () => this.#waitingForDisk.delete(work)
  }

  add(write: W): void {
    this.#gathered.writes.push(write)
    this.wake()
  }

  commit(waiter: CommitWaiter): void {
    if (this.idle) {
      waiter.stored(undefined)
      return
    }
    this.#gathered.waiters.push(waiter)
    this.wake()
  }

  /** Resolves when all so far is on disk, or was tried and refused. */
  tried(): Promise<void> {
    this.beforeWrite?.()
    if (this.idle) return Promise.resolve()
    this.wake()
    return new Promise((resolve) => this.#gathered.tried.push(resolve))
  }

  /** Something may have to be written soon. */
  wake(): void {
    if (this.#busy || this.#scheduled) return
    this.#scheduled = setImmediate(this.#begin)
  }

  /** One function for all writes: a closure in {@link wake}, which every change calls, would cost memory in each. */
  readonly #begin = (): void => {
    this.#scheduled = undefined
    this.#write()
  }

  close(): void {
    clearTimeout(this.#retry)
    if (this.#scheduled) clearImmediate(this.#scheduled)
  }

  #write(): void {
    clearTimeout(this.#retry)
    this.beforeWrite?.()
    if (this.#kept.writes.length > 0) this.#writeKept()
    else this.#writeGathered()
  }

  #writeGathered(): void {
    const batch = this.#gathered
    this.#gathered = new Batch()
    if (batch.writes.length === 0) {
      batch.done()
      return
    }
    this.#busy = true
    this.#commit(batch.writes).then(
      () => {
        batch.done()
        this.#next()
      },
      (error: Error) => {
        this.#kept = batch.refuse(error)
        if (this.#kept.writes.length > 0) this.failed?.(error)
        this.#next()
      },
    )
    this.#tellCaughtUp()
  }

  #writeKept(): void {
    const batch = this.#kept
    this.#busy = true
    this.#commit(batch.writes).then(
      () => {
        this.#kept = new Batch()
        batch.done()
        this.#tellCaughtUp()
        this.#next()
      },
      (error: Error) => {
        const more = this.#gathered.refuse(error)
        this.#gathered = new Batch()
        batch.add(more)
        this.#busy = false
        this.#retry = setTimeout(() => this.#write(), RETRY_MS)
      },
    )
  }

  #next(): void {
    this.#busy = false
    if (!this.idle) this.#write()
  }

  #tellCaughtUp(): void {
    if (this.behind) return
    const waiting = [...this.#waitingForDisk]
    this.#waitingForDisk.clear()
    for (const work of waiting) work.resume()
  }
}

/** Writes, and who wants to know of them. */
class Batch<W extends Write> {
  writes: W[] = []
  waiters: CommitWaiter[] = []
  /** Told when the batch was tried, whatever came of it. */
  tried: (() => void)[] = []

  get empty(): boolean {
    return this.writes.length === 0 && this.waiters.length === 0 && this.tried.length === 0
  }

  done(): void {
    for (const waiter of this.waiters) waiter.stored(undefined)
    for (const resolve of this.tried) resolve()
  }

  /** Tells those that take a refusal; returns what is left to be tried again. */
  refuse(error: Error): Batch<W> {
    const kept = new Batch<W>()
    kept.writes = this.writes.filter((write) => !write.waiter?.refusable)
    kept.waiters = this.waiters.filter((waiter) => !waiter.refusable)
    for (const waiter of this.waiters) if (waiter.refusable) waiter.stored(error)
    for (const resolve of this.tried) resolve()
    return kept
  }

  add(more: Batch<W>): void {
    this.writes = this.writes.concat(more.writes)
    this.waiters = this.waiters.concat(more.waiters)
  }
}
