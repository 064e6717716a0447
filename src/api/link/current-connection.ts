/**
 * The one physical connection of the moment, and the calls that need it: they wait while there is none, end with it when it
 * is lost, and go again on the next one until their time is up.
 */

import type { AdapterConnection } from '../../contract/adapter.ts'
import { abortedError, onAbort } from '../../core/aborts.ts'
import { LONGEST_TIMER_MS } from '../../core/longest-timer.ts'
import { asMessagingError, MessagingError } from '../../model/errors.ts'
import { type CallOptions, DEFAULT_TIMEOUT_MS } from '../options.ts'

/** A call fails by the loss of its connection; the loss itself may be told a moment later. */
const LOSS_TOLD_MS = 1_000

interface Waiter {
  resolve(connection: AdapterConnection): void
  reject(error: MessagingError): void
}

export class CurrentConnection {
  readonly #adapter: string
  #connection: AdapterConnection | undefined
  #ended: MessagingError | undefined
  readonly #waiters = new Set<Waiter>()
  /** Calls under way: they end with the connection, whatever the adapter does. */
  readonly #underWay = new Set<(cause: MessagingError) => void>()
  /** Told of every change. */
  readonly #changes = new Set<() => void>()

  constructor(adapter: string) {
    this.#adapter = adapter
  }

  get(): AdapterConnection | undefined {
    return this.#connection
  }

  /** Set once no connection will come any more. */
  get ended(): MessagingError | undefined {
    return this.#ended
  }

  opened(connection: AdapterConnection): void {
    this.#set(connection)
    for (const waiter of this.#waiters) waiter.resolve(connection)
    this.#waiters.clear()
  }

  lost(cause: MessagingError): void {
    this.#set(undefined)
    for (const stop of [...this.#underWay]) stop(cause)
  }

  end(error: MessagingError): void {
    this.#ended = error
    this.lost(error)
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }

  /** Runs `work` on the current connection, waiting for one if there is none, and again if it is lost meanwhile. */
  async run<T>(
    operation: string,
    options: CallOptions,
    work: (connection: AdapterConnection) => Promise<T>,
  ): Promise<T> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options
    const deadline = performance.now() + timeoutMs
    const left = (): number => deadline - performance.now()
    for (;;) {
      const connection = await this.#awaited(operation, left(), signal)
      try {
        return await this.#limited(
          this.#whileConnected(work(connection), operation),
          operation,
          left(),
          signal,
        )
      } catch (error) {
        // Whatever a call under way met when the connection was closed: it was closed.
        if (this.#ended) throw this.#ended
        const problem = asMessagingError(error)
        if (problem.code !== 'CONNECTION_LOST' || left() <= 0) throw problem
        if (connection === this.#connection) await this.#change(Math.min(left(), LOSS_TOLD_MS))
      }
    }
  }

  #set(connection: AdapterConnection | undefined): void {
    this.#connection = connection
    for (const changed of [...this.#changes]) changed()
  }

  async #awaited(
    operation: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<AdapterConnection> {
    if (this.#ended) throw this.#ended
    if (signal?.aborted) throw abortedError(signal, operation)
    if (this.#connection) return this.#connection
    let waiter: Waiter | undefined
    const opened = new Promise<AdapterConnection>((resolve, reject) => {
      waiter = { resolve, reject }
      this.#waiters.add(waiter)
    })
    try {
      return await this.#limited(opened, operation, timeoutMs, signal)
    } finally {
      this.#waiters.delete(waiter!)
    }
  }

  #whileConnected<T>(work: Promise<T>, operation: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (cause: MessagingError): void => {
        this.#underWay.delete(stop)
        reject(new MessagingError('CONNECTION_LOST', `${operation}: the connection was lost`, { cause }))
      }
      this.#underWay.add(stop)
      work.then(resolve, reject).finally(() => this.#underWay.delete(stop))
    })
  }

  /** Resolves when there is another connection or none, after `ms` at the latest. */
  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#changes.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#changes.add(done)
    })
  }

  #limited<T>(
    work: Promise<T>,
    operation: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void => {
        off()
        reject(this.#late(operation))
      }
      const timer = timeoutMs <= LONGEST_TIMER_MS ? setTimeout(late, Math.max(0, timeoutMs)) : undefined
      const off = onAbort(signal, () => {
        clearTimeout(timer)
        reject(abortedError(signal!, operation))
      })
      work.then(resolve, reject).finally(() => {
        clearTimeout(timer)
        off()
      })
    })
  }

  #late(operation: string): MessagingError {
    const text = this.#connection ? 'The broker did not answer in time' : 'No connection came back in time'
    return new MessagingError('CONNECTION_LOST', `${operation}: ${text}`, {
      context: { adapter: this.#adapter, operation },
    })
  }
}
