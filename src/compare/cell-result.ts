/** What one run of one workload on one arm came to. */
import type { Tier } from '../index.ts'
import type { Settings } from './arm.ts'
import type { LatencySummary } from './figures/latency.ts'
import type { Account } from './figures/ledger.ts'
import type { MachineState } from './figures/machine-watch.ts'
import type { SteadyPart } from './figures/steady.ts'
import type { Mark } from './load/measurement.ts'

export interface CellResult {
  readonly account: Account
  readonly settings: Settings
  readonly tier: Tier | undefined
  /**
   * Messages per second, from the first send to the last arrival on every track; of a backlog from the first arrival; of a load
   * curve the capacity found.
   */
  readonly throughput: number
  /** What the throughput is of; `undefined`: of the whole run. */
  readonly steady: SteadyPart | undefined
  readonly machine: MachineState | undefined
  /** Confirmed sends per second. */
  readonly sendThroughput: number
  /** From the intended send time to the arrival: what a user waits, slips of the schedule included. */
  readonly latency: LatencySummary | undefined
  /** From the call of send to its outcome. */
  readonly service: LatencySummary | undefined
  /** Why the latencies are no claim about the broker; `undefined`: they are one. */
  readonly noLatencyClaim: string | undefined
  /** Rate and capacity behind a latency. Unit: messages per second. */
  readonly rate: number
  readonly capacity: number | undefined
  readonly elapsedMs: number
  /** How late the generator was against its own schedule at worst. Unit: ms. */
  readonly scheduleSlipMs: number
  /** Share of time the event loop of the measuring process was busy, 0 to 1. */
  readonly eventLoopUtilization: number
  /** CPU of the measuring process for 1000 arrivals. Unit: ms. */
  readonly cpuMsPerThousand: number
  readonly peakRssBytes: number
  /** Arrivals for each tenth of a second since the start. */
  readonly timeline: readonly number[]
  /** Longest latency of those arrivals. Unit: ms. */
  readonly slowest: readonly number[]
  /** Faults made, connections lost and regained. */
  readonly marks: readonly Mark[]
  /** Latency versus load. */
  readonly curve: readonly LoadPoint[]
  /** The highest load before latency takes off; `undefined`: not found, or no curve. Share of the capacity. */
  readonly knee: number | undefined
  /** Why there is no result, or less than wanted. */
  readonly problem: string | undefined
  /** The broker could not be reached at all. */
  readonly unreachable: boolean
  /** Name of a node that could not be deleted. */
  readonly leftBehind: string | undefined
}

/** One step of a load curve. */
export interface LoadPoint {
  /** Share of the capacity. */
  readonly load: number
  /** Unit: messages per second. */
  readonly offered: number
  readonly achieved: number
  readonly latency: LatencySummary | undefined
  readonly service: LatencySummary | undefined
}
