/**
 * The way of a message from `send` to its outcome: waits for the link and for capacity, is written, and is settled by the
 * broker, by a time limit, or taken up again after a lost connection.
 *
 *   waiting ──link up, capacity free, not blocked──▶ written ──outcome──▶ settled
 *      ▲                                               │
 *      └──────────── connection lost (resend) ─────────┘
 *
 * Order of `submit` is order of writing, also after a loss: what is in doubt goes first.
 *
 * A broker may end the connection over one message, every time that it comes, with all links of the program. So what was in doubt when a
 * broker ended the connection with words of its own goes out one by one, and a message that was alone on its way twice then is not sent again.
 */

import type { AdapterSender } from '../../contract/adapter.ts'
import { abortedError, onAbort } from '../../core/aborts.ts'
import { promiseOf } from '../../core/answer.ts'
import { Deque } from '../../core/deque.ts'
import { deadlines } from '../../core/time/deadlines.ts'
import {
  because,
  type ErrorCode,
  type ErrorContext,
  MessagingError,
  namingAdapter,
} from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { HoldUp } from '../link/hosted-link.ts'
import { Trace } from '../tracing/trace.ts'
import { type Outcome, PendingSend, type PendingSendOwner, UnsettledSends } from './pending-send.ts'

export type { Outcome } from './pending-send.ts'

interface PipelineOptions {
  readonly label: string
  readonly adapter: string
  readonly capacity: number
  /** Send again what is in doubt after a reconnect; else it ends as `SEND_UNCONFIRMED`. */
  readonly resend: boolean
  /** What keeps its link from being opened. */
  readonly holdUp: () => HoldUp | undefined
  /** Why no connection comes, while there is none. */
  readonly keptOut: () => MessagingError | undefined
  /** Last touch before a message is written on a (new) link. */
  readonly beforeWrite?: (message: OutgoingMessage) => void
}

/** Un-awaited sends that may wait beyond the capacity, and the bytes of their bodies: a program that never awaits is told before memory ends. */
const MAX_WAITING = 1_000_000
const MAX_WAITING_BYTES = 256 * 1024 * 1024
/** What a body that is no bytes counts as. */
const STRUCTURED_BYTES = 1_024
/** So often may the broker end the connection over one message. */
const MOST_REFUSALS = 2

export class SendPipeline implements PendingSendOwner {
  readonly #options: PipelineOptions
  /** Holds sends that ended while they waited, too, until they come to the front. */
  readonly #waiting = new Deque<PendingSend>()
  #waitingCount = 0
  #waitingBytes = 0
  readonly #unsettled = new UnsettledSends()
  #link: AdapterSender | undefined
  /** Why the last link ended. */
  #loss: MessagingError | undefined
  /** Transfers the link still owes an outcome for, those whose promise has ended by time included. */
  #inFlight = 0
  /** Sends at the front of which one may be what the broker ended the connection over: they are written one by one. */
  #suspects = 0
  #blocked = false
  #ended: MessagingError | undefined
  #pumping = false
  #whenIdle: (() => void)[] = []

  constructor(options: PipelineOptions) {
    this.#options = options
  }

  /** What its errors and events call the address. */
  get label(): string {
    return this.#options.label
  }

  /** Sends accepted by this library and without an outcome yet. */
  get unsettled(): number {
    return this.#unsettled.size + this.#waitingCount
  }

  get #capacity(): number {
    return this.#suspects > 0 ? 1 : this.#options.capacity
  }

  /** What is submitted now does not wait to be written. */
  get writesAtOnce(): boolean {
    return (
      this.#link !== undefined &&
      this.#inFlight < this.#capacity &&
      !this.#blocked &&
      this.#waitingCount === 0
    )
  }

  submit(
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    trace?: Trace,
  ): Promise<Outcome> {
    if (this.#ended) return Promise.reject(this.#ended)
    const pending = new PendingSend(this, message, trace)
    if (signal?.aborted) return Promise.reject(this.#aborted(pending, signal))
    if (this.#waitingCount > 0) {
      const problem = this.#tooMany(pending)
      if (problem) return Promise.reject(problem)
    }
    if (this.writesAtOnce) {
      this.#write(pending)
      if (pending.done)
        return pending.error ? Promise.reject(pending.error) : Promise.resolve(pending.outcome)
    } else {
      this.#waiting.push(pending)
      this.#waits(pending)
    }
    deadlines.add(pending, timeoutMs)
    if (signal) this.#watch(pending, signal)
    return promiseOf(pending)
  }

  up(link: AdapterSender): void {
    this.#link = link
    this.#inFlight = 0
    this.#pump()
  }

  /** The link is gone: what was written and not answered is in doubt. */
  down(cause: MessagingError): void {
    this.#link = undefined
    this.#loss = cause
    this.#inFlight = 0
    const inDoubt = this.#withoutRefused(this.#unsettled.drain(), cause)
    for (let at = inDoubt.length - 1; at >= 0; at--) {
      const pending = inDoubt[at]!
      pending.link = undefined
      Trace.tell(pending.trace, 'connection lost')
      if (this.#options.resend) {
        pending.resend = true
        this.#waiting.unshift(pending)
        this.#waits(pending)
      }
    }
    if (!this.#options.resend)
      for (const pending of inDoubt) this.#finish(pending, this.#unconfirmed(pending, cause))
  }

  /** No further link will come. */
  fail(error: MessagingError): void {
    this.#ended = error
    this.refuse(error)
  }

  /** Everything open ends with `error`, in doubt where it was written; what is sent from now on waits for a link. */
  refuse(error: MessagingError): void {
    this.#link = undefined
    this.#inFlight = 0
    const open = this.#unsettled.drain().concat(this.#waiting.drain())
    this.#waitingCount = 0
    this.#waitingBytes = 0
    for (const pending of open)
      this.#finish(pending, pending.inDoubt ? this.#endedInDoubt(pending, error) : error)
  }

  /** The broker takes no messages for now, or does again. */
  setBlocked(blocked: boolean): void {
    this.#blocked = blocked
    if (!blocked) this.#pump()
  }

  /** Resolves when nothing is open any more. */
  idle(): Promise<void> {
    if (this.unsettled === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** Called by a transfer: the broker has answered. */
  settled(pending: PendingSend, error: MessagingError | undefined): void {
    // An answer of an older link, or a second one.
    if (pending.link === undefined || pending.link !== this.#link) return
    pending.link = undefined
    this.#inFlight--
    if (this.#suspects > 0) this.#suspects--
    if (!pending.done) this.#unsettled.delete(pending)
    this.#finish(pending, error)
    if (this.#waitingCount > 0) this.#pump()
  }

  /** Called by a transfer: its time is up. */
  expired(pending: PendingSend): void {
    // Written: the slot stays taken until the broker answers or the link ends, so that `capacity` holds.
    const kept = this.#leave(pending)
    this.#finish(pending, this.#timeoutError(pending, kept))
    if (kept) this.#pump()
  }

  #watch(pending: PendingSend, signal: AbortSignal): void {
    pending.offAbort = onAbort(signal, () => {
      const kept = this.#leave(pending)
      this.#finish(pending, this.#aborted(pending, signal))
      if (kept) this.#pump()
    })
  }

  /** `true`: the link had it, and had not written it. */
  #leave(pending: PendingSend): boolean {
    const { link } = pending
    if (!link) {
      if (!pending.done) this.#waitsNoMore(pending)
      return false
    }
    this.#unsettled.delete(pending)
    if (!link.withdraw?.(pending)) return false
    pending.link = undefined
    // Once it was written on an earlier link.
    pending.inDoubt = pending.resend
    this.#inFlight--
    return true
  }

  #waits(pending: PendingSend): void {
    this.#waitingCount++
    this.#waitingBytes += bytesOf(pending)
  }

  #waitsNoMore(pending: PendingSend): void {
    this.#waitingCount--
    this.#waitingBytes -= bytesOf(pending)
  }

  #tooMany(pending: PendingSend): MessagingError | undefined {
    const text =
      this.#waitingCount >= MAX_WAITING
        ? `${MAX_WAITING} sends wait already`
        : this.#waitingBytes + bytesOf(pending) > MAX_WAITING_BYTES
          ? `Sends with ${this.#waitingBytes} bytes wait already; the limit is ${MAX_WAITING_BYTES}`
          : undefined
    return text === undefined ? undefined : this.#error('CAPACITY_EXCEEDED', text, pending)
  }

  #aborted(pending: PendingSend, signal: AbortSignal): MessagingError {
    return abortedError(signal, 'send', this.#context(pending))
  }

  #pump(): void {
    // A broker in this process answers within the call that writes; the answer must not write the next one, ever deeper.
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#link && !this.#blocked && this.#inFlight < this.#capacity) {
        const pending = this.#waiting.shift()
        if (!pending) return
        if (pending.done) continue
        this.#waitsNoMore(pending)
        this.#write(pending)
      }
    } finally {
      this.#pumping = false
    }
  }

  #write(pending: PendingSend): void {
    const link = this.#link!
    this.#options.beforeWrite?.(pending.message)
    if (pending.resend) Trace.tell(pending.trace, 'sent again')
    pending.link = link
    pending.inDoubt = true
    this.#inFlight++
    this.#unsettled.add(pending)
    link.send(pending)
  }

  #finish(pending: PendingSend, error: MessagingError | undefined): void {
    if (pending.done) return
    pending.done = true
    deadlines.remove(pending)
    pending.offAbort?.()
    while (this.#waiting.peek()?.done) this.#waiting.shift()
    if (error) namingAdapter(error, this.#options.adapter)
    if (!pending.resolve) pending.error = error
    else if (error) pending.reject!(error)
    else pending.resolve(pending.outcome)
    if (this.#whenIdle.length > 0 && this.unsettled === 0) for (const idle of this.#whenIdle.splice(0)) idle()
  }

  /** Those to be sent again, after the broker may have ended the connection over one of them. */
  #withoutRefused(inDoubt: PendingSend[], cause: MessagingError): PendingSend[] {
    if (cause.context.reason !== 'broker-refused') return inDoubt
    this.#suspects = inDoubt.length
    const [alone] = inDoubt
    if (!alone || inDoubt.length > 1 || ++alone.refusals < MOST_REFUSALS) return inDoubt
    this.#suspects = 0
    alone.link = undefined
    this.#finish(alone, this.#refused(alone, cause))
    return []
  }

  #refused(pending: PendingSend, cause: MessagingError): MessagingError {
    const text = `The broker ended the connection each time this message came: ${cause.message}`
    return new MessagingError('SEND_UNCONFIRMED', text, {
      cause,
      retryable: false,
      hint: 'The message most likely holds what this broker does not take, and is not kept; its words tell more.',
      context: { ...this.#context(pending), reason: 'broker-refused' },
    })
  }

  #timeoutError(pending: PendingSend, kept: boolean): MessagingError {
    if (pending.inDoubt) return this.#unconfirmed(pending, pending.resend ? this.#loss : undefined)
    const holdUp = this.#options.holdUp()
    if (!this.#link && holdUp !== 'blocked') {
      const what = holdUp === 'away' ? 'No connection came back' : 'The link was not open'
      const cause = this.#options.keptOut() ?? this.#loss
      const text = because(`${what} in time; the message was not sent`, cause)
      return this.#error('CONNECTION_LOST', text, pending, cause)
    }
    if (kept || this.#blocked || holdUp === 'blocked')
      return this.#error(
        'CAPACITY_EXCEEDED',
        'The broker took no messages for the whole time allowed',
        pending,
      )
    return this.#error(
      'CAPACITY_EXCEEDED',
      `${this.#options.capacity} earlier sends were not settled in time`,
      pending,
    )
  }

  #unconfirmed(pending: PendingSend, cause: MessagingError | undefined): MessagingError {
    const text = 'The broker did not answer; it may or may not hold the message'
    return this.#error('SEND_UNCONFIRMED', because(text, cause), pending, cause)
  }

  /** A broker that ends a link for want of a right took nothing that came by it; an earlier link may have brought it the message. */
  #endedInDoubt(pending: PendingSend, cause: MessagingError): MessagingError {
    if (cause.code !== 'UNAUTHORIZED' || pending.resend) return this.#unconfirmed(pending, cause)
    return this.#error('UNAUTHORIZED', cause.message, pending, cause)
  }

  #error(code: ErrorCode, text: string, pending: PendingSend, cause?: MessagingError): MessagingError {
    return new MessagingError(code, text, { cause, context: this.#context(pending) })
  }

  #context({ message, inDoubt }: PendingSend): ErrorContext {
    const { adapter, label } = this.#options
    return { adapter, address: label, operation: 'send', messageId: message.id, inDoubt }
  }
}

function bytesOf({ message: { body } }: PendingSend): number {
  return body instanceof Uint8Array ? body.byteLength : STRUCTURED_BYTES
}
