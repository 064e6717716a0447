/** Whether a cell's numbers may be believed, said before they are shown. */

import { tracksOf } from './arm.ts'
import type { CellResult } from './cell.ts'
import type { Workload } from './workload.ts'

export type Verdict = 'VALID' | 'DEGRADED' | 'INVALID'

export interface Judgement {
  readonly verdict: Verdict
  readonly reasons: readonly string[]
}

/** Above this the generator, not the broker, is likely to be measured. */
const BUSY_GENERATOR = 0.98
/** A generator this late does not keep its schedule. Unit: ms. */
const LATE_MS = 50

export function judge(
  workload: Workload,
  { account, problem, eventLoopUtilization, scheduleSlipMs, tier }: CellResult,
): Judgement {
  const invalid: string[] = []
  const degraded: string[] = []
  if (problem) invalid.push(problem)
  if (account.corrupt > 0) invalid.push(`${account.corrupt} corrupt`)
  if (account.unexpected > 0) invalid.push(`${account.unexpected} received though their send failed`)
  // Best effort may lose by its own word: the number stands, with the loss beside it.
  if (account.lost > 0) (tier === 'T0' ? degraded : invalid).push(`${account.lost} lost`)
  if (account.received === 0 && !problem) invalid.push('nothing was received')
  if (account.duplicatesUnmarked > 0)
    degraded.push(`${account.duplicatesUnmarked} duplicates not marked as redelivered`)
  if (account.duplicatesMarked > 0) degraded.push(`${account.duplicatesMarked} duplicates`)
  if (account.reordered > 0 && ordered(workload)) degraded.push(`${account.reordered} out of order`)
  if (account.inDoubt > 0) degraded.push(`${account.inDoubt} sends in doubt`)
  if (workload.rate > 0 && scheduleSlipMs > LATE_MS)
    degraded.push(`the generator was ${Math.round(scheduleSlipMs)} ms late`)
  if (workload.rate > 0 && eventLoopUtilization > BUSY_GENERATOR)
    degraded.push('the generator was busy all the time')
  if (invalid.length > 0) return { verdict: 'INVALID', reasons: [...invalid, ...degraded] }
  return { verdict: degraded.length > 0 ? 'DEGRADED' : 'VALID', reasons: degraded }
}

/** Competing receivers see parts of a stream, each part in order; requests overlap by design. */
function ordered(workload: Workload): boolean {
  return workload.pattern !== 'request-response' && tracksOf(workload) > 0
}
