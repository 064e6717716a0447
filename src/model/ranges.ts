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

/** A whole number from 1 up; anything else counts as the first delivery. */
export function countInRange(deliveryCount: number): number {
  return Number.isSafeInteger(deliveryCount) && deliveryCount > 0 ? deliveryCount : 1
}
