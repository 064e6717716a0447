/** The same rows for every text form of the report. */
import type { Cell, Overhead, Report } from '../compare.ts'
import { ms, percent, rate, withSpread } from './numbers.ts'

export const CELL_HEAD = [
  'workload',
  'broker',
  'library',
  'tier',
  'verdict',
  'throughput',
  'p50',
  'p99',
  'CPU/1000',
  'reason',
]

export function cellRow(cell: Cell): string[] {
  const last = cell.runs.at(-1)
  const measured = cell.verdict !== 'INVALID'
  return [
    cell.workload,
    cell.adapter,
    cell.library,
    last?.tier ?? '–',
    cell.verdict,
    // No number beside an invalid run: it would be read.
    measured ? withSpread(cell.throughput, rate) : '–',
    measured ? ms(cell.latencyP50?.median) : '–',
    measured ? ms(cell.latencyP99?.median) : '–',
    measured && last ? ms(last.cpuMsPerThousand) : '–',
    cell.reasons.join('; '),
  ]
}

export const OVERHEAD_HEAD = ['workload', 'broker', 'against', 'throughput', 'interval (95 %)', 'p50']

export function overheadRow({ workload, adapter, library, throughput, latencyP50Ms }: Overhead): string[] {
  return [
    workload,
    adapter,
    library,
    throughput
      ? throughput.noDifference
        ? `${percent(throughput.median)}, no significant difference`
        : percent(throughput.median)
      : 'not comparable',
    throughput ? `${percent(throughput.low)} to ${percent(throughput.high)}` : '–',
    latencyP50Ms === undefined ? '–' : `${latencyP50Ms >= 0 ? '+' : '−'}${ms(Math.abs(latencyP50Ms))}`,
  ]
}

export const SETTINGS_HEAD = ['workload', 'broker', 'library', 'settings in force']

export function settingsRows(report: Report): string[][] {
  return report.cells
    .filter((cell) => cell.runs.length > 0)
    .map((cell) => [
      cell.workload,
      cell.adapter,
      cell.library,
      Object.entries(cell.runs[0]!.settings)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(', '),
    ])
}

export const ACCOUNT_HEAD = [
  'workload',
  'broker',
  'library',
  'sent',
  'accepted',
  'failed',
  'in doubt',
  'received',
  'lost',
  'duplicated',
  'marked',
  'reordered',
  'corrupt',
]

/** Sums over all runs of a cell. */
export function accountRow(cell: Cell): string[] {
  const sum = (read: (account: Cell['runs'][number]['account']) => number): string =>
    String(cell.runs.reduce((total, run) => total + read(run.account), 0))
  return [
    cell.workload,
    cell.adapter,
    cell.library,
    sum((account) => account.sent),
    sum((account) => account.accepted),
    sum((account) => account.failed),
    sum((account) => account.inDoubt),
    sum((account) => account.received),
    sum((account) => account.lost),
    sum((account) => account.duplicatesUnmarked),
    sum((account) => account.duplicatesMarked),
    sum((account) => account.reordered),
    sum((account) => account.corrupt),
  ]
}
