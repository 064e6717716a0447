/**
 * Whether a client's message is one that a program of this library could have sent: what is read from the wire has the right form only.
 * The broker and its store rely on it. Pure.
 */
import { MessagingError } from '../../../model/errors.ts'
import type { Header } from '../codec/message-codec.ts'
import { isDelay, isName } from './values.ts'

/** Largest distance from 1970 that a `Date` can hold. Unit: ms. */
const LONGEST_TIME_MS = 8.64e15
const MAX_DELIVERIES_BEFORE = 1_000_000

/** @throws `DECODE_FAILED` naming the field */
export function checkHeader(header: Header): void {
  const { createdAt, priority, ttlMs, delayMs, deliveriesBefore, members, oddProperty } = header
  if (createdAt !== undefined && !(Math.abs(createdAt) <= LONGEST_TIME_MS))
    throw wrong('createdAt', 'is no time that a Date can hold')
  if (priority !== undefined && priority > 9) throw wrong('priority', 'is not 0 to 9')
  if (ttlMs !== undefined && !(ttlMs > 0)) throw wrong('ttlMs', 'is not above 0')
  if (delayMs !== undefined && !isDelay(delayMs)) throw wrong('delayMs', 'is out of range')
  if (deliveriesBefore > MAX_DELIVERIES_BEFORE)
    throw wrong('deliveriesBefore', `is above ${MAX_DELIVERIES_BEFORE}`)
  if (members && (members.length === 0 || !members.every(isName)))
    throw wrong('members', 'are no list of names')
  if (oddProperty !== undefined) {
    const name = oddProperty.slice(0, 100)
    throw wrong(
      `property '${name}'`,
      'is none of text, number, boolean, null, {"@bigint": …} of 64 bits, {"@date": …}, {"@bytes": …}',
    )
  }
}

/** For the broker: whole and not beyond what can be counted; for ever is no limit. */
export function lifeOf(ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined || ttlMs === Number.POSITIVE_INFINITY) return undefined
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.round(ttlMs)))
}

function wrong(field: string, problem: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `The message's ${field} ${problem}`, {
    hint: 'The hub takes what its protocol describes; nothing was stored.',
  })
}
