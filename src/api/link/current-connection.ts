/**
 * The one physical connection of the moment, and the calls that need it: they wait while there is none, end with it when it
 * is lost, and go again on the next one, once.
 */

import type { AdapterConnection } from '../../contract/adapter.ts'
import { abortedError, onAbort } from '../../core/aborts.ts'
import { countdown } from '../../core/time/countdown.ts'
import { LONGEST_TIMER_MS } from '../../core/time/longest-timer.ts'
import { asMessagingError, because, type ErrorContext, MessagingError } from '../../model/errors.ts'
import { type CallOptions, DEFAULT_TIMEOUT_MS } from '../options.ts'

/** A call fails by the loss of its connection; the loss itself may be told a moment later. */
const LOSS_TOLD_MS = 1_000

const REFUSED_HINT =
  'The broker ended the connection over something that this program sent: most likely this call. Correct it as the message says.'
/** How often a call goes again whose connection was lost under it. */
const MOST_REPEATS = 1
/** Calls that change something at the broker: once begun, nobody knows whether they did. */
const LEAVING_DOUBT: ReadonlySet<string> = new Set(['declare', 'delete', 'purge'])

interface Waiter {
  resolve(connection: AdapterConnection): void
  reject(error: MessagingError): void
}

export class CurrentConnection {
  readonly #adapter: string
  #connection: AdapterConnection | undefined
  #ended: MessagingError | undefined
  #keptOut: MessagingError | undefined
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

  /** While there is no connection: what the last attempt met, or what ended the connection before. */
  get keptOut(): MessagingError | undefined {
    return this.#keptOut
  }

  attempt(cause: MessagingError): void {
    this.#keptOut = cause
  }

  opened(connection: AdapterConnection): void {
    this.#keptOut = undefined
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
    const left = countdown(timeoutMs)
    for (let losses = 0; ; losses++) {
      const connection = await this.#awaited(operation, left(), signal)
      // Nothing is begun for who waits no more.
      if (signal?.aborted) throw abortedError(signal, operation, { adapter: this.#adapter })
      try {
        return await this.#limited(
          this.#whileConnected(work(connection), operation),
          operation,
          left(),
          signal,
          LEAVING_DOUBT.has(operation),
        )
      } catch (error) {
        // Whatever a call under way met when the connection was closed: it was closed.
        if (this.#ended) throw this.#ended
        const problem = asMessagingError(error)
        // The broker has answered this call, or another one that was under way, by ending the connection; or two connections ended under
        // this call: it may be what ends them, and every further try would take down all links again.
        const blamed = problem.context.reason === 'broker-refused' || losses === MOST_REPEATS
        if (problem.code !== 'CONNECTION_LOST' || blamed || left() <= 0) throw problem
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
        const { reason } = cause.context
        const refused = reason === 'broker-refused'
        const error = new MessagingError('CONNECTION_LOST', `${operation}: ${cause.message}`, {
          cause,
          ...(refused && { retryable: false, hint: REFUSED_HINT }),
          context: { adapter: this.#adapter, operation, reason },
        })
        // The adapter may know better what the broker's words mean for this very call: it is heard first.
        if (refused) setImmediate(reject, error)
        else reject(error)
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
    inDoubt = false,
  ): Promise<T> {
    const context = { adapter: this.#adapter, operation, inDoubt }
    return new Promise((resolve, reject) => {
      const late = (): void => {
        off()
        reject(this.#late(context))
      }
      const timer = timeoutMs <= LONGEST_TIMER_MS ? setTimeout(late, Math.max(0, timeoutMs)) : undefined
      const off = onAbort(signal, () => {
        clearTimeout(timer)
        reject(abortedError(signal!, operation, context))
      })
      work.then(resolve, reject).finally(() => {
        clearTimeout(timer)
        off()
      })
    })
  }

  #late(context: ErrorContext): MessagingError {
    const text = this.#connection
      ? 'The broker did not answer in time'
      : because('No connection came back in time', this.#keptOut)
    return new MessagingError('CONNECTION_LOST', `${context.operation}: ${text}`, {
      cause: this.#keptOut,
      context,
    })
  }
}
