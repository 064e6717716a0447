/** Options of the calls, with their defaults; and their checks. */

import type { Reliability } from '../contract/adapter.ts'
import { checkKnownKeys } from '../core/options/known-keys.ts'
import {
  checkNumber,
  checkObject,
  checkOneOf,
  checkSignal,
  checkType,
  isRecord,
  outOfBounds,
} from '../core/options/typed.ts'
import { LONGEST_TIMER_MS } from '../core/time/longest-timer.ts'
import type { Rate } from '../core/time/rate-limit.ts'

/** Every call that waits takes these. */
export interface CallOptions {
  /**
   * Longest wait. Unit: ms. Default: 30,000; `receive()` and iteration wait for ever. `Infinity`: no limit. 0: `receive()`
   * looks once, other calls fail unless they are done at once.
   */
  timeoutMs?: number | undefined
  /** Ends the wait with `ABORTED`; what was sent already may still arrive. */
  signal?: AbortSignal | undefined
}

/** How long one send may wait. */
export interface SendOptions extends CallOptions {}

/** Options of `connection.sender()`. */
export interface SenderOptions extends CallOptions {
  /** Sends that may be unsettled at the broker at once; further ones wait. Unit: sends, at least 1. Default: 1000. */
  capacity?: number | undefined
  /** `at-most-once`: a send is done once it is written. Default `at-least-once`. */
  reliability?: Reliability | undefined
  /** What an in-doubt send does after a reconnect: go again with the same id, or end as `SEND_UNCONFIRMED`. Default `resend`. */
  inDoubt?: 'resend' | 'fail' | undefined
}

/** Options of `connection.receiver()`. */
export interface ReceiverOptions extends CallOptions {
  /**
   * How many deliveries the broker may hand over before the first of them is settled.
   *
   * Larger is faster and loses fairness: a slow receiver keeps what an idle one could take.
   * Unit: deliveries. Default: 100. `0` pauses the receiver; the link stays attached.
   * Native: RabbitMQ prefetch, AMQP 1.0 link-credit, size of a claim on Redis.
   */
  credit?: number | undefined
  /** `at-most-once` accepts before handing over. Default `at-least-once`. */
  reliability?: Reliability | undefined
  /** Look instead of take, as `mode: browse` of an address string. Default `consume`. */
  mode?: 'consume' | 'browse' | undefined
}

/** Options of `connection.browse()`. */
export interface BrowseOptions extends CallOptions {
  /** Go on with new arrivals instead of ending. Default false. */
  follow?: boolean | undefined
  /** Messages fetched ahead. Unit: messages, at least 1. Default: 100. */
  credit?: number | undefined
}

/** The delay doubles from the least to the greatest. */
export interface RetryDelay {
  /** Before the second delivery. Unit: ms. Default 1000. */
  minDelayMs?: number | undefined
  /** Never more than this. Unit: ms. Default 30,000. */
  maxDelayMs?: number | undefined
}

/** What is told of a throw. */
export interface DeadLetterOptions {
  /**
   * The dead letter says what was thrown the last time, as `sluice-error`: name, message and the first lines of the stack, in at most
   * 4 KiB, with secrets of URLs hidden. False: it says only the reason, which is the message of the error. Default true.
   */
  error?: boolean | undefined
}

/** How fast a consumer may begin with messages. */
export interface RateOption {
  /**
   * Begins with `count` messages in every `perMs` (unit: ms) at most, evenly: 2000 in 1000 ms is one every half millisecond, not 2000 and
   * then a pause. What arrives faster stays in the queue, where other consumers can take it. Default: no limit.
   *
   * It counts what is given to handlers, a repeated delivery as well, and goes on counting over a reconnect. It is that of this consumer: two
   * of them, in one program or in two, take twice as much. A batch begins whole, when the rate has room for it. What a busy event loop held up
   * is made up for, up to a quarter of a second (half of `perMs`, if that is less); a time without messages is not.
   *
   * @example
   * await connection.consume(orders, (delivery) => callPartner(delivery.body), { concurrency: 8, rate: { count: 100, perMs: 1000 } })
   */
  rate?: Rate | undefined
}

/** Options of `connection.consume()`. */
export interface ConsumeOptions extends CallOptions, RateOption {
  /** Handlers that run at once. At least 1. Default: 1. */
  concurrency?: number | undefined
  /**
   * Deliveries the broker may hand over before the first of them is settled, at least 1. Default: twice the concurrency, at least 10; on an address
   * with `maxDeliveries` the concurrency, because brokers count what a program that died had fetched as delivered: with a larger
   * credit a message that kills its process takes the ones fetched behind it to the dead letters. With a `rate` it is what the rate takes in a
   * quarter of a second, at least the concurrency.
   */
  credit?: number | undefined
  /** `at-most-once` accepts before the handler runs: nothing is tried again. Default `at-least-once`. */
  reliability?: Reliability | undefined
  /** Growing delay before a message whose handler threw comes again. */
  retry?: RetryDelay | undefined
  /** What a message says that goes to the dead-letter address because its handler threw. */
  deadLetter?: DeadLetterOptions | undefined
  /** Told of every throw of the handler. Default: a `warning` event. */
  onError?: ((error: unknown) => void) | undefined
}

/** Options of `connection.consumeBatch()`. */
export interface ConsumeBatchOptions extends Omit<ConsumeOptions, 'concurrency' | 'credit'> {
  /** Messages in a batch at most. At least 1. Default: 100. With a `rate` never more than its `count`, with a `credit` never more than that. */
  size?: number | undefined
  /** How long the first message waits for others before its batch begins without them. Unit: ms. Default: 50. 0: what has come by then. */
  waitMs?: number | undefined
  /** Batches that are handled at once. At least 1. Default: 1, which keeps the order from one batch to the next. */
  concurrency?: number | undefined
  /**
   * Deliveries the broker may hand over before the first of them is settled, at least 1. Default: twice `size` times `concurrency`, so that the next batch is
   * here when one is done; on an address with `maxDeliveries` once that; with a `rate` what it takes in a quarter of a second, at least once that.
   */
  credit?: number | undefined
}

/** How long one request may wait for its response. Default 30,000 ms. */
export interface RequestOptions extends CallOptions {}

/** Options of `connection.respond()`. */
export interface RespondOptions extends CallOptions, RateOption {
  /** Requests held and handled at once; others wait for the responder that is free first. Default 1. */
  concurrency?: number | undefined
}

/** Options of every `close()`. */
export interface CloseOptions {
  /** How long open work may take to settle. Unit: ms. Default 5000. */
  timeoutMs?: number | undefined
}

export const DEFAULT_TIMEOUT_MS = 30_000
export const DEFAULT_CLOSE_MS = 5_000
export const DEFAULT_CAPACITY = 1_000
export const DEFAULT_CREDIT = 100
export const DEFAULT_BATCH_SIZE = 100
export const DEFAULT_BATCH_WAIT_MS = 50

const LONGEST_DELAY_MS = 1e15
export const DELAY_RANGE = `from 0 to ${LONGEST_DELAY_MS}`

const CALL = ['timeoutMs', 'signal'] as const
const CONSUME = [
  ...CALL,
  'concurrency',
  'credit',
  'reliability',
  'retry',
  'onError',
  'deadLetter',
  'rate',
] as const
/** The options that each call knows. */
export const KNOWN_OPTIONS = {
  send: CALL,
  declare: CALL,
  delete: CALL,
  purge: CALL,
  inspect: CALL,
  list: CALL,
  release: ['delayMs'],
  reject: ['error'],
  sender: [...CALL, 'capacity', 'reliability', 'inDoubt'],
  receiver: [...CALL, 'credit', 'reliability', 'mode'],
  receive: CALL,
  browse: [...CALL, 'follow', 'credit'],
  replay: [...CALL, 'where', 'to', 'dryRun', 'limit', 'onProgress'],
  consume: CONSUME,
  consumeBatch: [...CONSUME, 'size', 'waitMs'],
  respond: [...CALL, 'concurrency', 'rate'],
  close: ['timeoutMs'],
} as const satisfies Record<string, readonly string[]>

/** Handlers at once: each is a loop of its own, made when the consumer opens. */
const MOST_CONCURRENCY = 100_000

/** Options that are whole numbers, and the least they may be. */
const WHOLE_NUMBERS = Object.entries({ capacity: 1, concurrency: 1, credit: 1, size: 1 })

/**
 * Reads each option once, so that what the caller changes afterwards does not matter, and checks what it read.
 *
 * @throws `CONFIG_INVALID` naming the option, `TypeError` on a wrong type
 */
export function checkOptions<T extends object>(name: keyof typeof KNOWN_OPTIONS, options: T | undefined): T {
  if (options === undefined) return {} as T
  const call = `${name}()`
  if (!isRecord(options)) throw new TypeError(`${call}: the options are no object`)
  checkKnownKeys(options, KNOWN_OPTIONS[name], call)
  const values: Record<string, unknown> = {}
  for (const option of KNOWN_OPTIONS[name]) {
    const value = (options as Record<string, unknown>)[option]
    if (value !== undefined) values[option] = value
  }
  for (const [option, usual] of WHOLE_NUMBERS) {
    // A receiver without credit is there; nothing else would ever come to an end.
    const least = option === 'credit' && name === 'receiver' ? 0 : usual
    const fits = (value: number): boolean => Number.isInteger(value) && value >= least
    checkNumber(call, option, values[option], fits, `a whole number from ${least}`)
  }
  const { concurrency, timeoutMs, signal, reliability, mode, inDoubt, waitMs, rate } = values
  checkNumber(call, 'concurrency', concurrency, (at) => at <= MOST_CONCURRENCY, `at most ${MOST_CONCURRENCY}`)
  checkNumber(call, 'timeoutMs', timeoutMs, (ms) => ms >= 0, '0 or more')
  checkNumber(
    call,
    'waitMs',
    waitMs,
    (ms) => ms >= 0 && ms <= LONGEST_TIMER_MS,
    `from 0 to ${LONGEST_TIMER_MS}`,
  )
  if (rate !== undefined) checkRate(call, rate)
  checkSignal(call, signal)
  if (name === 'consume' || name === 'consumeBatch') {
    checkDeadLetter(call, values.deadLetter)
    checkRetry(call, values.retry)
    checkType(call, 'onError', values.onError, 'function')
  }
  if (name === 'browse') checkType(call, 'follow', values.follow, 'boolean')
  checkOneOf(call, 'reliability', reliability, ['at-least-once', 'at-most-once'])
  checkOneOf(call, 'mode', mode, ['consume', 'browse'])
  checkOneOf(call, 'inDoubt', inDoubt, ['resend', 'fail'])
  return values as T
}

function checkDeadLetter(call: string, deadLetter: unknown): void {
  if (deadLetter === undefined) return
  checkObject(call, 'deadLetter', deadLetter)
  checkKnownKeys(deadLetter as object, ['error'], `${call}: deadLetter`)
  checkType(call, 'deadLetter.error', (deadLetter as DeadLetterOptions).error, 'boolean')
}

function checkRetry(call: string, retry: unknown): void {
  if (retry === undefined) return
  checkObject(call, 'retry', retry)
  checkKnownKeys(retry as object, ['minDelayMs', 'maxDelayMs'], `${call}: retry`)
  const { minDelayMs, maxDelayMs } = retry as RetryDelay
  checkNumber(call, 'retry.minDelayMs', minDelayMs, isDelay, DELAY_RANGE)
  checkNumber(call, 'retry.maxDelayMs', maxDelayMs, isDelay, DELAY_RANGE)
}

/**
 * {@link checkOptions} for calls made for every message: looks at a few words before it takes the long way, and
 * returns what is wrong.
 */
export function callProblem(call: keyof typeof KNOWN_OPTIONS, options: CallOptions): unknown {
  try {
    // A number is what other libraries take here for a time limit.
    if (!isRecord(options)) checkOptions(call, options)
    const { timeoutMs, signal } = options
    let plain =
      signal === undefined && (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 0))
    for (const key in options) if (key !== 'timeoutMs' && key !== 'signal') plain = false
    if (!plain) checkOptions(call, options)
    return undefined
  } catch (error) {
    return error
  }
}

/** A time from now that every broker's clock can hold: up to about 30,000 years. */
export function isDelay(ms: number): boolean {
  return ms >= 0 && ms <= LONGEST_DELAY_MS
}

function checkRate(call: string, rate: unknown): void {
  if (!isRecord(rate)) throw new TypeError(`${call}: rate is no object: { count: 100, perMs: 1000 } is one`)
  checkKnownKeys(rate, ['count', 'perMs'], `${call}: rate`)
  const { count, perMs } = rate as Record<string, unknown>
  if (!(Number.isSafeInteger(count) && (count as number) >= 1))
    throw outOfBounds(call, 'rate.count', count, 'a whole number from 1')
  if (!(Number.isFinite(perMs) && (perMs as number) >= 1))
    throw outOfBounds(call, 'rate.perMs', perMs, 'a number of milliseconds from 1')
}
