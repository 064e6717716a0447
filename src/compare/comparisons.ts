/** What a report says about its cells against each other: this library against the client libraries, broker against broker. */

import { difference, ratio, significant } from './figures/statistics.ts'
import type { Cell, Comparison } from './report.ts'

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
