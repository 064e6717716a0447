/** The result of a comparison: plain data, as it stands in the JSON file. */
import type { Tier } from '../index.ts'
import type { Arm } from './arm.ts'
import type { CellResult } from './cell-result.ts'
import type { Environment } from './environment.ts'
import type { Ratio, Spread } from './figures/statistics.ts'
import type { Verdict } from './figures/verdict.ts'
import type { Workload } from './load/workload.ts'

/** Changes when a reader of the JSON has to change. */
export const SCHEMA_VERSION = 2

export interface Report {
  readonly schemaVersion: typeof SCHEMA_VERSION
  readonly createdAt: string
  readonly environment: Environment
  readonly workloads: readonly Workload[]
  /** Runs of each cell that were wanted. */
  readonly repeats: number
  /** Sender and receiver in separate processes. */
  readonly apart: boolean
  readonly interrupted: boolean
  /** Where the brokers are: short names as used in the cells, and URLs without passwords. */
  readonly brokers: readonly { readonly name: string; readonly url: string }[]
  readonly cells: readonly Cell[]
  readonly comparisons: readonly Comparison[]
}

/** One workload on one arm, all its runs. */
export interface Cell {
  readonly workload: string
  readonly library: string
  readonly kind: Arm['kind']
  readonly adapter: string
  /** Short name: `redis`, or `redis 2` for the second of its kind. */
  readonly broker: string
  readonly tier: Tier | undefined
  readonly verdict: Verdict
  readonly reasons: readonly string[]
  readonly throughput: Spread
  /** Where a latency may be claimed. Unit: ms. */
  readonly latencyP50: Spread | undefined
  readonly latencyP99: Spread | undefined
  /** Why not. */
  readonly noLatencyClaim: string | undefined
  readonly runs: readonly CellResult[]
}

/** A Sluice cell against another of the same workload. */
export interface Comparison {
  readonly workload: string
  /** `overhead`: this library against another on one broker; `brokers`: this library on two brokers. */
  readonly kind: 'overhead' | 'brokers'
  /** `redis · sluice` */
  readonly what: string
  readonly against: string
  /** Guarantees of both: a faster one that promises less is no winner. */
  readonly tiers: readonly [Tier | undefined, Tier | undefined]
  /** Throughput of the first over the second; `undefined`: not comparable, one of them is INVALID. */
  readonly throughput: Ratio | undefined
  /** Latency (p50) of the first minus that of the second, of runs side by side, where both may claim one: the median. Unit: ms. */
  readonly latencyP50Ms: number | undefined
  /** The least and the most of these differences. Unit: ms. */
  readonly latencyP50RangeMs: readonly [number, number] | undefined
  /** Whether there is a difference at all. */
  readonly significant: boolean
}
