/** Times longer than a timer of Node can wait: given one, Node fires after a millisecond. */

/** Unit: ms, about 25 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** What `setTimeout` may be given for `ms`; `Infinity` and other long waits become the longest there is. */
export function timerMs(ms: number): number {
  return Math.min(ms, LONGEST_TIMER_MS)
}
