/**
 * The part of a run in which its rate was steady: what comes before it measures the compiler, cold caches and a broker that
 * is waking up. Pure.
 */
import { TIMELINE_STEP_MS } from '../load/measurement.ts'

export interface SteadyPart {
  /** Unit: messages per second. */
  readonly throughput: number
  /** Unit: ms. */
  readonly fromMs: number
  readonly toMs: number
  /** How far the rates of its halves lie apart, as a share of their mean. */
  readonly drift: number
}

/** Halves that lie further apart than this are still on their way somewhere. */
export const STEADY_DRIFT = 0.1

/**
 * The longest end of the run whose halves have the same rate; where there is none, the last `leastMs`, with its drift.
 *
 * @param timeline arrivals of each slot
 * @param endMs when sending ended: behind it the pipe runs empty
 * @returns `undefined` where not even two slots are whole
 */
export function steadyPart(
  timeline: readonly number[],
  endMs: number,
  leastMs: number,
): SteadyPart | undefined {
  const end = Math.min(timeline.length, Math.floor(endMs / TIMELINE_STEP_MS))
  const least = Math.max(2, Math.ceil(leastMs / TIMELINE_STEP_MS))
  const last = Math.max(0, end - least)
  for (let begin = 0; begin < last; begin++) {
    const part = partOf(timeline, begin, end)
    if (part.drift <= STEADY_DRIFT) return part
  }
  return end < 2 ? undefined : partOf(timeline, last, end)
}

function partOf(timeline: readonly number[], begin: number, end: number): SteadyPart {
  const middle = Math.floor((begin + end) / 2)
  const [early, late] = [rate(timeline, begin, middle), rate(timeline, middle, end)]
  const throughput = rate(timeline, begin, end)
  return {
    throughput,
    fromMs: begin * TIMELINE_STEP_MS,
    toMs: end * TIMELINE_STEP_MS,
    drift: throughput === 0 ? 0 : Math.abs(late - early) / throughput,
  }
}

/** Unit: messages per second. */
function rate(timeline: readonly number[], begin: number, end: number): number {
  const sum = timeline.slice(begin, end).reduce((all, one) => all + one, 0)
  return (sum * 1000) / ((end - begin) * TIMELINE_STEP_MS)
}
