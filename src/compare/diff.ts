/** Two reports against each other, for a pipeline that must fail when something got slower or lost its validity. */
import { MessagingError } from '../index.ts'
import { type Cell, type Report, SCHEMA_VERSION } from './compare.ts'
import { ratio } from './statistics.ts'

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

export function diff(old: Report, now: Report, options: DiffOptions = {}): Change[] {
  const { leastThroughput = 0.9, mostLatency = 1.25 } = options
  for (const report of [old, now]) {
    if (report?.schemaVersion !== SCHEMA_VERSION) {
      throw new MessagingError(
        'CONFIG_INVALID',
        `The report has schema version ${String(report?.schemaVersion)}, this program reads ${SCHEMA_VERSION}`,
      )
    }
  }
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

function change(old: Cell, now: Cell, leastThroughput: number, mostLatency: number): Change {
  const cell = key(now)
  if (now.verdict === 'INVALID') {
    return { cell, regression: old.verdict !== 'INVALID', text: `INVALID: ${now.reasons.join('; ')}` }
  }
  if (old.verdict === 'INVALID') return { cell, regression: false, text: `was INVALID, is ${now.verdict}` }
  const speed = ratio(
    now.runs.map((run) => run.throughput),
    old.runs.map((run) => run.throughput),
  )
  const median = now.throughput.median / old.throughput.median
  const slower =
    median < leastThroughput && speed !== undefined && (speed.high < 1 || speed.noDifference === false)
  const latency = old.latencyP50 && now.latencyP50 ? now.latencyP50.median / old.latencyP50.median : undefined
  const later = latency !== undefined && latency > mostLatency
  const facts = [
    `throughput ${Math.round(median * 100)} %${speed?.noDifference ? ' (no significant difference)' : ''}`,
  ]
  if (latency !== undefined) facts.push(`p50 ${Math.round(latency * 100)} %`)
  return { cell, regression: slower || later, text: facts.join(', ') }
}

function key(cell: Cell): string {
  return `${cell.workload} · ${cell.adapter} · ${cell.library}`
}
