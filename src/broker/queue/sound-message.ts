/**
 * Messages as the engine can hold them. What reaches it from foreign clients may say anything in its numbers: values that
 * are none, or that no queue has a place for, become the nearest that it has, so that they never reach order and clocks.
 * Of the original of a copy only the native extras are held.
 */
import type { Transfer } from '../../contract/adapter.ts'
import type { MessagingError } from '../../model/errors.ts'
import { NORMAL_PRIORITY, type OutgoingMessage } from '../../model/message.ts'
import { keptTime, priorityInRange } from '../../model/ranges.ts'
import { isKept, originalToKeep } from './kept-original.ts'

/** Longest life and delay: a hundred years, more is for ever. Unit: ms. */
export const LONGEST_MS = 100 * 365 * 24 * 3_600_000
const MOST_DELIVERIES = 2 ** 32 - 1

/** The transfer as it is when its message is sound, else one with a sound copy. */
export function soundTransfer<T extends Transfer>(transfer: T): T | SoundTransfer {
  return isSound(transfer.message) ? transfer : new SoundTransfer(transfer)
}

/** A priority the queues have a place for. */
export function soundPriority(priority: number | undefined): number {
  return priorityInRange(priority) ?? NORMAL_PRIORITY
}

/** A time to live that a clock can count; `undefined`: for ever. */
export function soundTtl(ttlMs: number | undefined): number | undefined {
  return ttlMs !== undefined && ttlMs <= LONGEST_MS ? Math.max(0, ttlMs) : undefined
}

/** A delay that a clock can count; 0: none. */
export function soundDelay(delayMs: number | undefined): number {
  return delayMs !== undefined && delayMs > 0 ? Math.min(delayMs, LONGEST_MS) : 0
}

class SoundTransfer implements Transfer {
  readonly message: OutgoingMessage
  readonly resend: boolean
  /** As in `PlacedTransfer`. */
  readonly place: number | undefined
  readonly #transfer: Transfer & { readonly place?: number }

  constructor(transfer: Transfer & { readonly place?: number }) {
    this.#transfer = transfer
    this.message = soundMessage(transfer.message)
    this.resend = transfer.resend
    this.place = transfer.place
  }

  settle(error?: MessagingError): void {
    this.#transfer.settle(error)
  }
}

function isSound(message: OutgoingMessage): boolean {
  const { priority, ttlMs, delayMs, createdAt, deliveriesBefore } = message
  return (
    isKept(message) &&
    priorityInRange(priority) === priority &&
    soundTtl(ttlMs) === ttlMs &&
    (delayMs === undefined || soundDelay(delayMs) === delayMs) &&
    keptTime(createdAt) === createdAt &&
    (deliveriesBefore === 0 || soundCount(deliveriesBefore) === deliveriesBefore)
  )
}

function soundMessage(message: OutgoingMessage): OutgoingMessage {
  const { priority, ttlMs, delayMs, createdAt, deliveriesBefore } = message
  return {
    ...message,
    priority: priorityInRange(priority),
    ttlMs: soundTtl(ttlMs),
    delayMs: delayMs === undefined ? undefined : soundDelay(delayMs),
    // One moment for every copy of such a message: a resend is known by it.
    createdAt: keptTime(createdAt) ?? 0,
    deliveriesBefore: soundCount(deliveriesBefore),
    original: originalToKeep(message),
  }
}

function soundCount(count: number): number {
  return count > 0 ? Math.min(Math.floor(count), MOST_DELIVERIES) : 0
}

/** Of two times to live; `undefined`: none. */
export function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
