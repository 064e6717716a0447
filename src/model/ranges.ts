/** Fields of messages that other programs wrote, brought into the range that the API promises. */

/** Largest distance from 1970 that a `Date` can hold. Unit: ms. */
const LONGEST_TIME_MS = 8.64e15

/** 0 to 9; what is above counts as 9, what is below, or no number, as not said. */
export function priorityInRange(priority: number | undefined): number | undefined {
  if (priority === undefined || !(priority >= 0)) return undefined
  return Math.min(9, Math.floor(priority))
}

/** Milliseconds since 1970 that a `Date` can hold; anything else counts as not said. */
export function timeInRange(ms: number | undefined): number | undefined {
  return ms !== undefined && Math.abs(ms) <= LONGEST_TIME_MS ? Math.trunc(ms) : undefined
}

/**
 * What the time of a copy has behind its milliseconds when its original tells no time. Such a copy has the time of its making, by which resends
 * of it are known, and no receiver is told. No clock gives this part: it lies between microseconds. Unit: ms.
 *
 * Why no field says so: the time goes through the records of the store, the wire of the hub, packed messages and the resends of every adapter.
 * A field would need a place in each of these formats, of which older programs know nothing; a number goes through them all.
 */
const UNTOLD = 0.5 + 2 ** -11

/** For a copy whose original tells no time. Unit: ms since 1970, not whole. */
export function untoldTime(): number {
  return Date.now() + UNTOLD
}

/** The time that a receiver is told, unchanged; `undefined` of one that nobody told. */
export function toldTime(ms: number | undefined): number | undefined {
  return ms === undefined || ms - Math.floor(ms) === UNTOLD ? undefined : ms
}

/** A time that a message may be kept with: as {@link timeInRange}, and one that nobody told stays so. */
export function keptTime(ms: number | undefined): number | undefined {
  return toldTime(ms) === undefined ? ms : timeInRange(ms)
}

/** A whole number from 1 up; anything else counts as the first delivery. */
export function countInRange(deliveryCount: number): number {
  return Number.isSafeInteger(deliveryCount) && deliveryCount > 0 ? deliveryCount : 1
}

/** A signed or an unsigned number of 64 bits: the largest that other brokers and programs have. */
export function has64Bits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
}
