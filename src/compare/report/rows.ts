/** The same rows for every form of the report that people read. */

import { MOST_LOAD } from '../load/load-curve.ts'
import type { Cell, Comparison, Report } from '../report.ts'
import { ms, percent, rate, withSpread } from './numbers.ts'

export interface Table {
  readonly title: string
  /** What one has to know to read it. */
  readonly note: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export const TIERS = 'T0 best effort, T1 survives a lost connection, T2 a killed broker, T3 power loss.'

/** In the order of reading; empty ones are left out. */
export function tables(report: Report): Table[] {
  const all = [
    results(report),
    overheads(report),
    brokers(report),
    loads(report),
    books(report),
    settings(report),
  ]
  return all.filter(({ rows }) => rows.length > 0)
}

/** Column of the verdict in the first table. */
export const VERDICT_COLUMN = 4

function results({ cells, workloads }: Report): Table {
  return {
    title: 'Results',
    note: `${TIERS} Compare like with like. A latency is shown where the broker was not at its limit: one request at a time, or up to ${MOST_LOAD * 100} % of the capacity; at full load it would only show the length of the queue. Loop: how busy the event loop of the measuring process was.`,
    head: [
      'workload',
      'broker',
      'library',
      'tier',
      'verdict',
      'throughput',
      'p50',
      'p99',
      'loop',
      'CPU/1000',
      'remarks',
    ],
    rows: cells.map((cell) => {
      const last = cell.runs.at(-1)
      // No number beside an invalid run: it would be read.
      const measured = cell.verdict !== 'INVALID' && last !== undefined
      const curve = workloads.some(({ name, loads }) => name === cell.workload && loads.length > 0)
      return [
        cell.workload,
        cell.broker,
        cell.library,
        cell.tier ?? '–',
        cell.verdict,
        measured ? withSpread(cell.throughput, cell.runs.length, rate) : '–',
        measured ? ms(cell.latencyP50?.median) : '–',
        measured ? ms(cell.latencyP99?.median) : '–',
        measured ? percent(last.eventLoopUtilization) : '–',
        measured ? ms(last.cpuMsPerThousand) : '–',
        remarks(cell, measured && curve).join('; '),
      ]
    }),
  }
}

/** Latencies that nobody expects here need no word. */
const EXPECTED = ['at full load', 'a backlog was read']

function remarks(cell: Cell, curve: boolean): string[] {
  const remarks = [...cell.reasons]
  const last = cell.runs.at(-1)
  if (
    cell.noLatencyClaim !== undefined &&
    !EXPECTED.includes(cell.noLatencyClaim) &&
    cell.verdict !== 'INVALID'
  )
    remarks.push(`no latency: ${cell.noLatencyClaim}`)
  if (!curve || last === undefined) return remarks
  const claimed = last.curve.findLast(({ load }) => load <= MOST_LOAD)
  remarks.push(`capacity${claimed ? `; latency at ${percent(claimed.load)} of it` : ''}`)
  if (last.knee !== undefined)
    remarks.push(`knee at ${percent(last.knee)}, ${rate(last.knee * last.throughput)}`)
  return remarks
}

const COMPARISON_HEAD = [
  'workload',
  'what',
  'against',
  'tiers',
  'throughput',
  'interval (95 %)',
  'difference',
  'p50',
]

function overheads({ comparisons }: Report): Table {
  return {
    title: 'Through Sluice, compared with the client library alone',
    note: '100 %: as fast. The interval is that of the ratio, from runs side by side. A difference is called one when chance would show the like less than once in fifty reports, all their lines counted: an interval that just leaves 100 % out is none yet. p50: the difference of latencies, median of the runs side by side, with the least and the most.',
    head: COMPARISON_HEAD,
    rows: comparisons.filter(({ kind }) => kind === 'overhead').map(comparisonRow),
  }
}

function brokers({ comparisons }: Report): Table {
  return {
    title: 'Broker against broker, through Sluice',
    note: 'Against the first URL given. Look at the tiers first.',
    head: COMPARISON_HEAD,
    rows: comparisons.filter(({ kind }) => kind === 'brokers').map(comparisonRow),
  }
}

function comparisonRow({
  workload,
  what,
  against,
  tiers,
  throughput,
  latencyP50Ms,
  latencyP50RangeMs,
  significant,
}: Comparison): string[] {
  const [ours, theirs] = tiers.map((tier) => tier ?? '–')
  return [
    workload,
    what,
    against,
    ours === theirs ? ours! : `${ours} to ${theirs}`,
    throughput ? percent(throughput.typical) : '–',
    throughput?.low === undefined ? '–' : `${percent(throughput.low)} to ${percent(throughput.high)}`,
    throughput === undefined
      ? 'not comparable'
      : throughput.pairs < 2
        ? 'one run tells none'
        : significant
          ? 'significant'
          : 'no significant difference',
    latencyP50Ms === undefined ? '–' : later(latencyP50Ms, latencyP50RangeMs),
  ]
}

/** A difference of latencies, with the least and the most where there was more than one pair of runs. */
function later(median: number, range: Comparison['latencyP50RangeMs']): string {
  if (range === undefined || range[0] === range[1]) return signed(median)
  return `${signed(median)} (${range.map(signed).join(' to ')})`
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : '−'}${ms(Math.abs(value))}`
}

function loads({ cells }: Report): Table {
  return {
    title: 'Latency under load',
    note: `From the intended send time. Above ${MOST_LOAD * 100} % of the capacity it belongs to the curve and is no claim.`,
    head: [
      'workload',
      'broker',
      'library',
      'load',
      'offered',
      'achieved',
      'p50',
      'p99',
      'max',
      'confirm p99',
    ],
    rows: cells
      .filter(({ verdict }) => verdict !== 'INVALID')
      .flatMap((cell) =>
        (cell.runs.at(-1)?.curve ?? []).map(({ load, offered, achieved, latency, service }) => [
          cell.workload,
          cell.broker,
          cell.library,
          load > MOST_LOAD ? `${percent(load)} (no claim)` : percent(load),
          rate(offered),
          rate(achieved),
          ms(latency?.p50),
          ms(latency?.p99),
          ms(latency?.max),
          ms(service?.p99),
        ]),
      ),
  }
}

type Account = Cell['runs'][number]['account']

const BOOKS: readonly (readonly [head: string, read: (account: Account) => number])[] = [
  ['sent', ({ sent }) => sent],
  ['accepted', ({ accepted }) => accepted],
  ['failed', ({ failed }) => failed],
  ['in doubt', ({ inDoubt }) => inDoubt],
  ['received', ({ received }) => received],
  ['lost', ({ lost }) => lost],
  ['duplicated', ({ duplicatesUnmarked }) => duplicatesUnmarked],
  ['marked', ({ duplicatesMarked }) => duplicatesMarked],
  ['reordered', ({ reordered }) => reordered],
  ['corrupt', ({ corrupt }) => corrupt],
]

/** Sums over all runs of a cell that sent something. */
function books({ cells }: Report): Table {
  return {
    title: 'What became of the messages',
    note: 'Over all runs. Marked: the broker said that it delivers again.',
    head: ['workload', 'broker', 'library', ...BOOKS.map(([head]) => head)],
    rows: cells.filter(hasSent).map(({ workload, broker, library, runs }) => {
      const sums = BOOKS.map(([, read]) => runs.reduce((total, run) => total + read(run.account), 0))
      return [workload, broker, library, ...sums.map(String)]
    }),
  }
}

function hasSent({ runs }: Cell): boolean {
  return runs.some(({ account }) => account.sent > 0)
}

/** One row for all workloads of an arm that had the same settings. */
function settings({ cells, workloads }: Report): Table {
  const rows = new Map<string, { cell: Cell; text: string; workloads: string[] }>()
  for (const cell of cells) {
    const text = Object.entries(cell.runs.find(({ tier }) => tier !== undefined)?.settings ?? {})
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')
    if (text === '') continue
    const key = `${cell.broker}\n${cell.library}\n${text}`
    const known = rows.get(key)
    if (known) known.workloads.push(cell.workload)
    else rows.set(key, { cell, text, workloads: [cell.workload] })
  }
  return {
    title: 'Settings in force',
    note: 'What was asked for and what library and broker agreed on.',
    head: ['broker', 'library', 'workloads', 'settings'],
    rows: [...rows.values()].map(({ cell, text, workloads: names }) => [
      cell.broker,
      cell.library,
      names.length === workloads.length ? 'all' : names.join(', '),
      text,
    ]),
  }
}
