/** Latency versus load: finds the capacity, then offers shares of it on schedule, and sees where latency takes off. */
import type { Arm } from '../arm.ts'
import { type CellOptions, runCell } from '../cell.ts'
import type { CellResult, LoadPoint } from '../cell-result.ts'
import type { Account } from '../figures/ledger.ts'
import type { Workload } from './workload.ts'

/** Above this share of the capacity a latency is that of a queue filling up, not the broker's. */
export const MOST_LOAD = 0.8
/** Latency has taken off when its 99th percentile is so many times that of the lowest load … */
const TAKE_OFF = 3
/** … and no longer lost in the millisecond the generator's own timer has. Unit: ms. */
const TIMER_MS = 2
/** Less than this share of what was offered came in time: the broker does not keep up. */
const KEEPS_UP = 0.95

/** Messages and time spent to find a capacity. */
const PROBE_COUNT = 20_000
const PROBE_MS = 2_000

/** A run as fast as it goes, of the same work. */
export function capacityProbe(workload: Workload): Workload {
  const durationMs = Math.min(PROBE_MS, workload.durationMs || PROBE_MS)
  return {
    ...workload,
    rate: 0,
    loads: [],
    faults: [],
    durationMs,
    count: Math.min(workload.count, PROBE_COUNT),
  }
}

export async function runLoadCurve(arm: Arm, workload: Workload, options: CellOptions): Promise<CellResult> {
  const probe = await runCell(arm, capacityProbe(workload), options)
  const capacity = probe.throughput
  const runs = [probe]
  const curve: LoadPoint[] = []
  let claimed: CellResult | undefined
  for (const load of [...workload.loads].sort((a, b) => a - b)) {
    const last = runs.at(-1)!
    if (last.problem !== undefined || capacity === 0) break
    const rate = load * capacity
    const count = Math.min(workload.count, Math.max(1, Math.ceil((rate * workload.durationMs) / 1000)))
    const result = await runCell(arm, { ...workload, rate, count, loads: [] }, options)
    runs.push(result)
    if (result.problem !== undefined) break
    const { latency, service } = result
    curve.push({ load, offered: rate, achieved: achieved(result), latency, service })
    if (load <= MOST_LOAD) claimed = result
  }
  const shown = claimed ?? runs.at(-1)!
  return {
    ...shown,
    throughput: capacity,
    capacity,
    account: runs.map(({ account }) => account).reduce(sum),
    noLatencyClaim: claimed ? undefined : `no step at or below ${MOST_LOAD * 100} % of the capacity`,
    scheduleSlipMs: claimed?.scheduleSlipMs ?? 0,
    curve,
    knee: kneeOf(curve),
    problem: runs.find(({ problem }) => problem !== undefined)?.problem,
    unreachable: probe.unreachable,
    leftBehind: runs.find(({ leftBehind }) => leftBehind !== undefined)?.leftBehind,
  }
}

/** The way of the last message is no part of the rate: it would weigh on a short step. */
function achieved({ account, throughput, sendThroughput, elapsedMs, latency }: CellResult): number {
  const arrivals = (throughput * elapsedMs) / 1000
  const sendingMs = sendThroughput > 0 ? (account.accepted / sendThroughput) * 1000 : 0
  return (arrivals * 1000) / Math.max(1, sendingMs, elapsedMs - (latency?.p50 ?? 0))
}

/** The last load before the first at which latency has taken off or the broker did not keep up. */
export function kneeOf(curve: readonly LoadPoint[]): number | undefined {
  const rest = curve[0]?.latency?.p99
  if (rest === undefined) return undefined
  const limit = Math.max(rest * TAKE_OFF, rest + TIMER_MS)
  let knee: number | undefined
  for (const { load, offered, achieved, latency } of curve) {
    if ((latency?.p99 ?? Infinity) > limit || achieved < offered * KEEPS_UP) return knee
    knee = load
  }
  return knee
}

function sum(a: Account, b: Account): Account {
  const total: Record<string, number> = { ...a }
  for (const [key, value] of Object.entries(b)) total[key] = (total[key] ?? 0) + value
  return total as unknown as Account
}
