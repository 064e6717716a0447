/** Whether a cell's numbers may be believed, said before they are shown. */
import type { CellResult } from '../cell-result.ts'
import type { Workload } from '../load/workload.ts'
import type { MachineState } from './machine-watch.ts'
import { STEADY_DRIFT } from './steady.ts'

export type Verdict = 'VALID' | 'DEGRADED' | 'INVALID'

export interface Judgement {
  readonly verdict: Verdict
  readonly reasons: readonly string[]
}

/** Above this the generator, not the broker, is likely to be measured. */
const BUSY_GENERATOR = 0.95
/** A generator this late does not keep its schedule. Unit: ms. */
const LATE_MS = 50

export function judge(workload: Workload, result: CellResult): Judgement {
  const { account, problem, eventLoopUtilization, scheduleSlipMs, tier, leftBehind } = result
  const invalid: string[] = []
  const degraded: string[] = []
  if (problem !== undefined) invalid.push(problem)
  if (account.corrupt > 0) invalid.push(`${account.corrupt} corrupt`)
  if (account.unexpected > 0) invalid.push(`${account.unexpected} received though their send failed`)
  // Best effort may lose by its own word: the number stands, with the loss beside it.
  if (account.lost > 0) {
    // A cell that was cut short may just not have read them.
    const what = problem === undefined ? 'lost' : 'accepted and not received by then'
    ;(tier === 'T0' ? degraded : invalid).push(`${account.lost} ${what}`)
  }
  if (account.received === 0 && problem === undefined) invalid.push('nothing was received')
  if (account.duplicatesUnmarked > 0)
    degraded.push(`${account.duplicatesUnmarked} duplicates not marked as redelivered`)
  if (account.duplicatesMarked > 0) degraded.push(`${account.duplicatesMarked} duplicates`)
  // Requests overlap by design.
  if (account.reordered > 0 && workload.pattern !== 'request-response')
    degraded.push(`${account.reordered} out of order`)
  if (account.inDoubt > 0) degraded.push(`${account.inDoubt} sends in doubt`)
  if (workload.rate > 0 || workload.loads.length > 0) {
    if (scheduleSlipMs > LATE_MS)
      degraded.push(`the generator was ${Math.round(scheduleSlipMs)} ms behind its schedule`)
    if (eventLoopUtilization > BUSY_GENERATOR) degraded.push('the generator was busy all the time')
  }
  if (workload.steadyMs > 0) degraded.push(...unsteady(workload, result))
  if (result.machine) degraded.push(...disturbances(result.machine))
  if (leftBehind !== undefined) degraded.push(`${leftBehind} could not be deleted`)
  if (invalid.length > 0) return { verdict: 'INVALID', reasons: [...invalid, ...degraded] }
  return { verdict: degraded.length > 0 ? 'DEGRADED' : 'VALID', reasons: degraded }
}

/** A backlog is read, a rate is offered: neither has a rate of its own to become steady. */
function unsteady({ pattern, steadyMs, rate, loads }: Workload, { steady, elapsedMs }: CellResult): string[] {
  if (pattern === 'store-and-forward' || pattern === 'browse' || rate > 0 || loads.length > 0) return []
  if (steady === undefined) return [`ended after ${Math.round(elapsedMs)} ms, too soon to have a steady rate`]
  const { fromMs, toMs, drift } = steady
  if (toMs - fromMs < steadyMs) return [`measured for ${toMs - fromMs} ms only`]
  return drift > STEADY_DRIFT
    ? [`not steady: its rate changed by ${Math.round(drift * 100)} % to the end`]
    : []
}

/** A spin that waits longer than this multiple of its processor time shares the processor. */
const MOST_WAITED = 1.2
/** … and one that needs this multiple of the time it needed before has a slower processor. */
const MOST_SLOWED = 1.3
const MOST_STOLEN = 0.05
/** Longer than any work of a client takes. Unit: ms. */
const MOST_STOOD_STILL_MS = 500

function disturbances({ waited, slowed, stolen, stoodStillMs }: MachineState): string[] {
  const percent = (share: number): string => `${Math.round(share * 100)} %`
  return [
    ...(waited > MOST_WAITED
      ? [`the machine was busy with other work: the processor came ${percent(waited - 1)} late`]
      : []),
    ...(slowed > MOST_SLOWED ? [`the processor was ${percent(slowed - 1)} slower than before`] : []),
    ...(stolen > MOST_STOLEN ? [`the host took ${percent(stolen)} of the processors away`] : []),
    ...(stoodStillMs > MOST_STOOD_STILL_MS
      ? [`the event loop stood still for ${Math.round(stoodStillMs)} ms`]
      : []),
  ]
}

const RANK: Record<Verdict, number> = { VALID: 0, DEGRADED: 1, INVALID: 2 }

/** Of several runs: the worst verdict with its reasons, and whether they agree with each other. */
export function judgeRuns(workload: Workload, runs: readonly CellResult[], notRun: string): Judgement {
  const [first, ...rest] = runs.map((run) => judge(workload, run))
  if (first === undefined) return { verdict: 'INVALID', reasons: [notRun] }
  const worst = rest.reduce((known, next) => (RANK[next.verdict] > RANK[known.verdict] ? next : known), first)
  const apart = apartness(runs.map(({ throughput }) => throughput))
  if (worst.verdict === 'INVALID' || apart <= UNSTABLE) return worst
  const reason = `unstable: the runs lie ${Math.round(apart * 100)} % apart`
  return { verdict: 'DEGRADED', reasons: [...worst.reasons, reason] }
}

/** Runs further apart than this share of their mean measure the machine's mood. */
const UNSTABLE = 0.75

function apartness(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return mean === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / mean
}
