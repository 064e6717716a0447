/** Two reports against each other, for a pipeline that must fail when something got slower or lost its validity. */
import { isRecord } from '../core/options/typed.ts'
import { MessagingError } from '../index.ts'
import { type Cell, type Report, SCHEMA_VERSION } from './report.ts'

export interface DiffOptions {
  /** Throughput below this share of the old one is a regression. Default 0.9. */
  readonly leastThroughput?: number
  /** Median latency above this multiple of the old one is a regression. Default 1.25. */
  readonly mostLatency?: number
}

export interface Change {
  readonly cell: string
  readonly regression: boolean
  readonly text: string
}

/** Differences within the spread of either report are none. Cells come in the order of the new report. */
export function diff(old: Report, now: Report, options: DiffOptions = {}): Change[] {
  const { leastThroughput = 0.9, mostLatency = 1.25 } = options
  for (const report of [old, now]) checkReport(report)
  const before = new Map(old.cells.map((cell) => [key(cell), cell]))
  const changes = now.cells.map((cell) => {
    const known = before.get(key(cell))
    before.delete(key(cell))
    return known
      ? change(known, cell, leastThroughput, mostLatency)
      : { cell: key(cell), regression: false, text: 'new' }
  })
  for (const missing of before.keys())
    changes.push({ cell: missing, regression: true, text: 'missing in the new report' })
  return changes
}

/** @throws `CONFIG_INVALID` when it is no report, a damaged one, or one of another version */
export function checkReport(report: Report): Report {
  if (report?.schemaVersion !== SCHEMA_VERSION) {
    throw new MessagingError(
      'CONFIG_INVALID',
      `The report has schema version ${String(report?.schemaVersion)}, this program reads ${SCHEMA_VERSION}`,
    )
  }
  const { environment, workloads, comparisons, cells } = report
  const isWhole =
    typeof report.createdAt === 'string' &&
    isRecord(environment) &&
    [workloads, comparisons, cells].every((list) => Array.isArray(list) && list.every(isRecord)) &&
    cells.every(isCell)
  if (!isWhole) throw new MessagingError('CONFIG_INVALID', 'The report is damaged: parts of it are missing')
  return report
}

const CELL_TEXTS = ['workload', 'library', 'kind', 'adapter', 'broker', 'verdict'] as const

function isCell(cell: Cell): boolean {
  return (
    CELL_TEXTS.every((name) => typeof cell[name] === 'string') &&
    Array.isArray(cell.reasons) &&
    Array.isArray(cell.runs) &&
    cell.runs.every(isRecord) &&
    isRecord(cell.throughput)
  )
}

function change(old: Cell, now: Cell, leastThroughput: number, mostLatency: number): Change {
  const cell = key(now)
  if (now.verdict === 'INVALID') {
    return { cell, regression: old.verdict !== 'INVALID', text: `INVALID: ${now.reasons.join('; ')}` }
  }
  if (old.verdict === 'INVALID') return { cell, regression: false, text: `was INVALID, is ${now.verdict}` }
  const speed = now.throughput.typical / old.throughput.typical
  // Every new run below every old one: what one slow run shows is no regression.
  const slower = speed < leastThroughput && now.throughput.max < old.throughput.min
  const facts = [`throughput ${Math.round(speed * 100)} %`]
  if (speed < leastThroughput && !slower) facts.push('within the spread')
  if (!old.latencyP50 || !now.latencyP50) return { cell, regression: slower, text: facts.join(', ') }
  const latency = now.latencyP50.median / old.latencyP50.median
  const later = latency > mostLatency && now.latencyP50.min > old.latencyP50.max
  facts.push(`p50 ${Math.round(latency * 100)} %`)
  if (latency > mostLatency && !later) facts.push('within the spread')
  return { cell, regression: slower || later, text: facts.join(', ') }
}

function key(cell: Cell): string {
  return `${cell.workload} · ${cell.broker} · ${cell.library}`
}
