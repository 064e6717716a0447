/**
 * Keeps one connection up: goes round a list of URLs, waits with back-off between the rounds, and tells its owner of
 * every new connection and every loss. It knows nothing of links.
 */
import type { Adapter, AdapterConnection, ConnectionEvents, ConnectTarget } from '../../contract/adapter.ts'
import { abortedError, onAbort, settledWithin } from '../../core/aborts.ts'
import { firstOf } from '../../core/connecting/first-of.ts'
import { backoffDelay } from '../../core/time/backoff.ts'
import { countdown } from '../../core/time/countdown.ts'
import { timerMs } from '../../core/time/longest-timer.ts'
import { pause } from '../../core/time/waiting.ts'
import { asMessagingError, MessagingError, redact } from '../../model/errors.ts'
import { PlaceWatch } from './place-watch.ts'

export interface ReconnectOptions {
  /** Longest first delay. Unit: ms. Default 100. */
  minDelayMs: number
  /** Longest delay at all. Unit: ms. Default 10,000. */
  maxDelayMs: number
  /** Rounds over all URLs before giving up for good. Default: no limit. */
  limit: number
}

export interface SupervisorOwner {
  connected(connection: AdapterConnection, url: string): void
  /** `final`: no further attempt will be made. */
  lost(cause: MessagingError, final: boolean): void
  attempt(facts: { attempt: number; delayMs: number; url: string; cause: MessagingError }): void
  blocked(reason: string): void
  unblocked(): void
  warning(error: MessagingError): void
}

/** A connection that held this long, and longer than the delay before it, is no flapping one: its loss is answered at once. Unit: ms. */
const STEADY_MS = 2_000
/** A URL that gives no answer for so long has the next one tried beside it. Unit: ms. */
const SILENCE_MS = 1_000
/** For a broker that listens and does not take connections yet. */
const STARTING = { minDelayMs: 150, maxDelayMs: 1_000 }

interface Reached {
  /** Of the URLs. */
  readonly at: number
  readonly connection: AdapterConnection
  /** Set when it was lost before anybody had it. */
  readonly lostEarly: () => MessagingError | undefined
}

export class Supervisor {
  readonly #adapter: Adapter
  readonly #targets: readonly ConnectTarget[]
  readonly #connectTimeoutMs: number
  readonly #reconnect: ReconnectOptions | false
  readonly #owner: SupervisorOwner
  readonly #closing = new AbortController()
  #current: AdapterConnection | undefined
  #next = 0
  /** Connections in a row that did not hold. */
  #flaps = 0
  /** Before the last connection was first tried for. Unit: ms. */
  #delayMs = 0
  #upSince = 0

  constructor(
    adapter: Adapter,
    targets: readonly ConnectTarget[],
    connectTimeoutMs: number,
    reconnect: ReconnectOptions | false,
    owner: SupervisorOwner,
  ) {
    this.#adapter = adapter
    this.#targets = targets
    this.#connectTimeoutMs = connectTimeoutMs
    this.#reconnect = reconnect
    this.#owner = owner
  }

  /** The first connection: every URL is tried once, all together within the connect timeout. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    await this.#reach(countdown(this.#connectTimeoutMs), signal)
  }

  /** The first connection with the patience of a reconnect: for programs that may start before their broker. */
  async startPatiently(cause: MessagingError, signal: AbortSignal | undefined): Promise<void> {
    const off = onAbort(signal, () => this.#closing.abort(signal?.reason))
    try {
      await this.#retry(cause)
      if (signal?.aborted) throw abortedError(signal, 'connect')
      if (!this.#current) throw cause
    } finally {
      off()
    }
  }

  /** Settles after `timeoutMs` at the latest, whatever the adapter does. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing.abort()
    const current = this.#current
    this.#current = undefined
    if (current) await settledWithin(current.close(timeoutMs), timeoutMs)
  }

  /**
   * Tries every URL once, from the one whose turn it is. A frozen node or a line that swallows everything holds up nobody: the next is tried
   * beside it, and the first answer counts.
   */
  async #reach(timeLeft: () => number, signal?: AbortSignal): Promise<void> {
    const attempts = this.#targets.map((_, tried) => {
      const at = (this.#next + tried) % this.#targets.length
      return (others: AbortSignal) => this.#tryOne(at, timeLeft(), [signal, others])
    })
    const { at, connection, lostEarly } = await firstOf(
      attempts,
      SILENCE_MS,
      (late) => void late.connection.close(),
    )
    this.#next = (at + 1) % this.#targets.length
    if (this.#closing.signal.aborted) {
      await connection.close()
      throw closedMeanwhile()
    }
    const lost = lostEarly()
    if (lost) throw lost
    this.#current = connection
    this.#upSince = performance.now()
    this.#owner.connected(connection, redact(this.#targets[at]!.url))
  }

  async #tryOne(
    at: number,
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<Reached> {
    let lost: MessagingError | undefined
    let connection: AdapterConnection | undefined
    const events: ConnectionEvents = {
      disconnected: (cause) => {
        lost = cause
        if (connection && connection === this.#current) this.#lost(cause)
      },
      blocked: (reason) => connection === this.#current && this.#owner.blocked(reason),
      unblocked: () => connection === this.#current && this.#owner.unblocked(),
      warning: (error) => this.#owner.warning(error),
    }
    connection = await this.#attempt(this.#targets[at]!, events, timeoutMs, signals)
    if (lost) throw lost
    return { at, connection, lostEarly: () => lost }
  }

  /** One attempt that cannot outlive its time, whatever the adapter does. */
  #attempt(
    target: ConnectTarget,
    events: ConnectionEvents,
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<AdapterConnection> {
    const stop = new AbortController()
    return new Promise((resolve, reject) => {
      const giveUp = (error: MessagingError): void => {
        finish()
        stop.abort(error)
        reject(error)
      }
      const timer = setTimeout(
        () => giveUp(this.#timedOut(target, timeoutMs)),
        timerMs(Math.max(1, timeoutMs)),
      )
      const offAll = signals.map((signal) => onAbort(signal, () => giveUp(abortedError(signal!, 'connect'))))
      const closing = this.#closing.signal
      offAll.push(onAbort(closing, () => giveUp(closedMeanwhile())))
      const finish = (): void => {
        clearTimeout(timer)
        for (const off of offAll) off()
      }
      if (closing.aborted) return giveUp(closedMeanwhile())
      for (const signal of signals) if (signal?.aborted) return giveUp(abortedError(signal, 'connect'))
      this.#adapter.connect(target, events, stop.signal).then(
        (connection) => {
          if (stop.signal.aborted) return void connection.close()
          finish()
          resolve(connection)
        },
        (error) => {
          finish()
          reject(asMessagingError(error))
        },
      )
    })
  }

  #timedOut(target: ConnectTarget, timeoutMs: number): MessagingError {
    const url = redact(target.url)
    return new MessagingError('CONNECT_FAILED', `No answer from ${url} within ${Math.round(timeoutMs)} ms`, {
      context: { adapter: this.#adapter.name, operation: 'connect', url },
    })
  }

  #lost(cause: MessagingError): void {
    this.#current = undefined
    const held = performance.now() - this.#upSince > Math.max(STEADY_MS, this.#delayMs)
    this.#flaps = held ? 0 : this.#flaps + 1
    const final = this.#reconnect === false || this.#closing.signal.aborted
    this.#owner.lost(cause, final)
    if (!final) void this.#retry(cause)
  }

  /**
   * Rounds over all URLs: no pause inside a round, a growing one between rounds. A broker that comes back during a pause is not left
   * waiting for its end: the round begins when something listens again.
   */
  async #retry(first: MessagingError): Promise<void> {
    if (this.#reconnect === false) return
    const { signal } = this.#closing
    const watch = new PlaceWatch(this.#targets.flatMap((target) => this.#adapter.places?.(target) ?? []))
    let cause = first
    /** Rounds begun early, because something listened, that failed all the same: it is starting. */
    let early = 0
    for (let round = 1; round <= this.#reconnect.limit; round++) {
      const attempt = this.#flaps + round
      const delayMs = backoffDelay(attempt, this.#reconnect)
      if (round === 1) this.#delayMs = delayMs
      this.#owner.attempt({ attempt, delayMs, url: redact(this.#targets[this.#next]!.url), cause })
      const left = countdown(delayMs)
      // order: only behind a round that found nobody. A broker that takes connections and ends them is there all the time.
      while (cause.code === 'CONNECT_FAILED') {
        if (early > 0) await pause(Math.min(left(), backoffDelay(early, STARTING)), signal)
        if (!(await watch.listening(left(), signal))) break
        const problem = await this.#round()
        if (!problem) return
        cause = problem
        early++
      }
      await pause(left(), signal)
      const problem = await this.#round()
      if (!problem) return
      cause = problem
    }
    if (!signal.aborted) this.#owner.lost(cause, true)
  }

  /** Resolves to what the last URL failed with, to nothing when there is a connection or none is wanted. */
  async #round(): Promise<MessagingError | undefined> {
    try {
      await this.#reach(() => this.#connectTimeoutMs)
      return undefined
    } catch (error) {
      return this.#closing.signal.aborted ? undefined : asMessagingError(error)
    }
  }
}

function closedMeanwhile(): MessagingError {
  return new MessagingError('CLOSED', 'The connection was closed while it was being made')
}
