/** What a report says about its cells against each other: this library against the client libraries, broker against broker. */
import type { Tier } from '../index.ts'
import type { Cell } from './report.ts'
import { difference, type Ratio, ratio, significant } from './statistics.ts'

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

/** The first broker is what the others are held against. */
export function comparisons(cells: readonly Cell[]): Comparison[] {
  const pairs: Omit<Comparison, 'significant'>[] = []
  const ours = cells.filter(({ kind }) => kind === 'sluice')
  for (const cell of ours) {
    const rivals = cells.filter(
      (rival) => rival.kind !== 'sluice' && rival.workload === cell.workload && rival.broker === cell.broker,
    )
    for (const rival of rivals) pairs.push(pair('overhead', cell, rival))
  }
  for (const cell of ours) {
    const first = ours.find(({ workload }) => workload === cell.workload)!
    if (first !== cell) pairs.push(pair('brokers', cell, first))
  }
  const marks = significant(pairs.map(({ throughput }) => throughput?.p))
  return pairs.map((one, at) => ({ ...one, significant: marks[at]! }))
}

function pair(kind: Comparison['kind'], a: Cell, b: Cell): Omit<Comparison, 'significant'> {
  const comparable = a.verdict !== 'INVALID' && b.verdict !== 'INVALID'
  const latency =
    comparable && a.latencyP50 && b.latencyP50 ? difference(latencies(a), latencies(b)) : undefined
  return {
    workload: a.workload,
    kind,
    what: `${a.broker} · ${a.library}`,
    against: `${b.broker} · ${b.library}`,
    tiers: [a.tier, b.tier],
    throughput: comparable ? ratio(throughputs(a), throughputs(b)) : undefined,
    latencyP50Ms: latency?.median,
    latencyP50RangeMs: latency && [latency.min, latency.max],
  }
}

function throughputs(cell: Cell): number[] {
  return cell.runs.map(({ throughput }) => throughput)
}

/** By run; `undefined` where nothing was measured. */
function latencies(cell: Cell): (number | undefined)[] {
  return cell.runs.map(({ latency }) => latency?.p50)
}
