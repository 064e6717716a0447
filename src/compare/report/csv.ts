/** The report as comma-separated values: a line for each run of each cell. */
import type { CellResult } from '../cell-result.ts'
import type { Cell, Report } from '../report.ts'

interface Line {
  readonly cell: Cell
  readonly run: CellResult
  /** Which run of the cell, from 1. */
  readonly number: number
}

const COLUMNS: readonly (readonly [head: string, value: (line: Line) => unknown])[] = [
  ['workload', ({ cell }) => cell.workload],
  ['broker', ({ cell }) => cell.broker],
  ['adapter', ({ cell }) => cell.adapter],
  ['library', ({ cell }) => cell.library],
  ['run', ({ number }) => number],
  ['verdict', ({ cell }) => cell.verdict],
  ['tier', ({ run }) => run.tier],
  ['messages_per_second', ({ run }) => run.throughput.toFixed(1)],
  ['sends_per_second', ({ run }) => run.sendThroughput.toFixed(1)],
  ['latency_claim', ({ run }) => (run.noLatencyClaim === undefined ? 'yes' : `no: ${run.noLatencyClaim}`)],
  ['p50_ms', ({ run }) => run.latency?.p50],
  ['p90_ms', ({ run }) => run.latency?.p90],
  ['p99_ms', ({ run }) => run.latency?.p99],
  ['p999_ms', ({ run }) => run.latency?.p999],
  ['max_ms', ({ run }) => run.latency?.max],
  ['confirm_p50_ms', ({ run }) => run.service?.p50],
  ['confirm_p99_ms', ({ run }) => run.service?.p99],
  ['knee', ({ run }) => run.knee],
  ['sent', ({ run }) => run.account.sent],
  ['accepted', ({ run }) => run.account.accepted],
  ['failed', ({ run }) => run.account.failed],
  ['in_doubt', ({ run }) => run.account.inDoubt],
  ['received', ({ run }) => run.account.received],
  ['lost', ({ run }) => run.account.lost],
  ['duplicated', ({ run }) => run.account.duplicatesMarked + run.account.duplicatesUnmarked],
  ['reordered', ({ run }) => run.account.reordered],
  ['corrupt', ({ run }) => run.account.corrupt],
  ['cpu_ms_per_1000', ({ run }) => run.cpuMsPerThousand.toFixed(2)],
  ['event_loop', ({ run }) => run.eventLoopUtilization.toFixed(3)],
  ['peak_rss_bytes', ({ run }) => run.peakRssBytes],
  ['problem', ({ run }) => run.problem],
]

export function csv(report: Report): string {
  const lines = report.cells.flatMap((cell) =>
    cell.runs.length > 0
      ? cell.runs.map((run, index) => COLUMNS.map(([, value]) => value({ cell, run, number: index + 1 })))
      : [notRunLine(cell)],
  )
  const head = COLUMNS.map(([name]) => name)
  return `${[head, ...lines].map((line) => line.map(quote).join(',')).join('\r\n')}\r\n`
}

/** A cell without a run has its line all the same, with the reason. */
function notRunLine({ workload, broker, adapter, library, verdict, reasons }: Cell): unknown[] {
  const known = [workload, broker, adapter, library, 0, verdict]
  return [...known, ...Array(COLUMNS.length - known.length - 1), reasons.join('; ')]
}

/** A text that a spreadsheet would take for a formula is kept a text. */
function quote(value: unknown): string {
  const text = value === undefined ? '' : String(value)
  const safe =
    typeof value === 'string' && /^[=+@-]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
