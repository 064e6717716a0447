/** One run of a workload in the way it asks for: as fast as it goes, at a rate, or along a load curve; and what its latencies are worth. */
import type { Arm } from '../arm.ts'
import { type CellOptions, runCell } from '../cell.ts'
import type { CellResult } from '../cell-result.ts'
import { capacityProbe, MOST_LOAD, runLoadCurve } from './load-curve.ts'
import type { Workload } from './workload.ts'

/** `capacity`: known from an earlier run of the same arm and workload. */
export async function runWorkload(
  arm: Arm,
  workload: Workload,
  options: CellOptions,
  capacity?: number,
): Promise<CellResult> {
  if (workload.loads.length > 0) return runLoadCurve(arm, workload, options)
  if (workload.rate > 0) return atRate(arm, workload, options, capacity)
  const result = await runCell(arm, workload, options)
  // One at a time, the broker is idle in between: that is a latency. A full pipe only shows its own length.
  if (workload.inFlight === 1 || result.noLatencyClaim !== undefined) return result
  return { ...result, noLatencyClaim: 'at full load' }
}

async function atRate(
  arm: Arm,
  workload: Workload,
  options: CellOptions,
  known: number | undefined,
): Promise<CellResult> {
  let capacity = known
  if (capacity === undefined) {
    const probe = await runCell(arm, capacityProbe(workload), options)
    if (probe.problem !== undefined) return probe
    capacity = probe.throughput
  }
  const result = await runCell(arm, workload, options)
  const load = workload.rate / capacity
  if (load <= MOST_LOAD || result.noLatencyClaim !== undefined) return { ...result, capacity }
  const share = `${Math.round(load * 100)} % of the capacity, ${Math.round(capacity)} /s`
  return { ...result, capacity, noLatencyClaim: `offered ${share}` }
}
