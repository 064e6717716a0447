/**
 * Gathers writes and commits them in batches, one at a time: what comes while one batch is on its way to the disk goes
 * together with the next, so that concurrent sends share one sync.
 *
 * When the disk refuses a batch, the writes of refusable waiters are dropped and the waiters told; the others (removals,
 * counts, dead letters) stay, in order, and are tried again with the next batch or after a pause.
 */
import type { CommitWaiter } from './store.ts'

/** One change of the store. */
export interface Write {
  readonly waiter: CommitWaiter | undefined
}

/** Pause before what the disk refused is tried again when nothing else comes. Unit: ms. */
const RETRY_MS = 1_000

export class WriteQueue<W extends Write> {
  readonly #commit: (writes: readonly W[]) => Promise<unknown>
  #writes: W[] = []
  #waiters: CommitWaiter[] = []
  /** Resolved when the batch that is being gathered was tried. */
  #tried: (() => void)[] = []
  #busy = false
  #scheduled: NodeJS.Immediate | undefined
  #retry: NodeJS.Timeout | undefined
  #failing = false

  beforeWrite: (() => void) | undefined
  failed: ((error: Error) => void) | undefined

  constructor(commit: (writes: readonly W[]) => Promise<unknown>) {
    this.#commit = commit
  }

  get idle(): boolean {
    return !this.#busy && this.#writes.length === 0 && this.#waiters.length === 0
  }

  add(write: W): void {
    this.#writes.push(write)
    this.wake()
  }

  commit(waiter: CommitWaiter): void {
    if (this.idle) {
      waiter.stored(undefined)
      return
    }
    this.#waiters.push(waiter)
    this.wake()
  }

  /** Resolves when all so far is on disk, or was tried and refused. */
  tried(): Promise<void> {
    this.beforeWrite?.()
    if (this.idle) return Promise.resolve()
    this.wake()
    return new Promise((resolve) => this.#tried.push(resolve))
  }

  /** Something may have to be written soon. */
  wake(): void {
    if (this.#busy || this.#scheduled) return
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined
      this.#write()
    })
  }

  close(): void {
    clearTimeout(this.#retry)
    if (this.#scheduled) clearImmediate(this.#scheduled)
  }

  #write(): void {
    clearTimeout(this.#retry)
    this.beforeWrite?.()
    const writes = this.#writes
    const waiters = this.#waiters
    const tried = this.#tried
    this.#writes = []
    this.#waiters = []
    this.#tried = []
    if (writes.length === 0) {
      this.#done(waiters, tried)
      return
    }
    this.#busy = true
    this.#commit(writes).then(
      () => {
        this.#failing = false
        this.#done(waiters, tried)
        this.#next()
      },
      (error: Error) => {
        this.#refused(error, writes, waiters, tried)
        this.#next()
      },
    )
  }

  #done(waiters: readonly CommitWaiter[], tried: readonly (() => void)[]): void {
    for (const waiter of waiters) waiter.stored(undefined)
    for (const resolve of tried) resolve()
  }

  #refused(
    error: Error,
    writes: readonly W[],
    waiters: readonly CommitWaiter[],
    tried: readonly (() => void)[],
  ): void {
    const kept = writes.filter((write) => !write.waiter?.refusable)
    this.#writes = kept.concat(this.#writes)
    this.#waiters = waiters.filter((waiter) => !waiter.refusable).concat(this.#waiters)
    if (kept.length > 0 && !this.#failing) this.failed?.(error)
    this.#failing = kept.length > 0
    for (const waiter of waiters) if (waiter.refusable) waiter.stored(error)
    for (const resolve of tried) resolve()
  }

  #next(): void {
    this.#busy = false
    if (this.#writes.length === 0 && this.#waiters.length === 0 && this.#tried.length === 0) return
    const worthTrying = !this.#failing || this.#writes.some((write) => write.waiter?.refusable)
    if (worthTrying || this.#tried.length > 0) this.#write()
    else this.#retry = setTimeout(() => this.#write(), RETRY_MS)
  }
}
