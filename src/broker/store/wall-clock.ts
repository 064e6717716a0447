/**
 * Times in a store are those of the system's clock. A process counts its own from where that stood when it began, and the clock may be set
 * meanwhile: on a machine that has none of its own and asks the network, for example. The next process begins where it stands then.
 */
import { now } from '../timing/timers.ts'

/** The system brings its clock in line by this much without anybody having set it. Unit: ms. */
const SLEWED_MS = 1_000

/** From {@link now} to the system's clock. 0 stays what it is: never, or at once. */
export function toClock(at: number): number {
  return at === 0 ? 0 : at + setBy()
}

/** From the system's clock to {@link now}. */
export function fromClock(at: number): number {
  return at === 0 ? 0 : at - setBy()
}

/** By how much the clock was set since this process began. Unit: ms. */
function setBy(): number {
  const by = Date.now() - now()
  return Math.abs(by) < SLEWED_MS ? 0 : by
}
