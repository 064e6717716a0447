/** The report as comma-separated values: a line for each run of each cell. */
import type { CellResult } from '../cell-result.ts'
import type { Cell, Report } from '../report.ts'

const HEAD = [
  'workload',
  'broker',
  'adapter',
  'library',
  'run',
  'verdict',
  'tier',
  'messages_per_second',
  'sends_per_second',
  'latency_claim',
  'p50_ms',
  'p90_ms',
  'p99_ms',
  'p999_ms',
  'max_ms',
  'confirm_p50_ms',
  'confirm_p99_ms',
  'knee',
  'sent',
  'accepted',
  'failed',
  'in_doubt',
  'received',
  'lost',
  'duplicated',
  'reordered',
  'corrupt',
  'cpu_ms_per_1000',
  'event_loop',
  'peak_rss_bytes',
  'problem',
]

export function csv(report: Report): string {
  const lines = report.cells.flatMap((cell) =>
    cell.runs.length > 0 ? cell.runs.map((run, index) => runLine(cell, run, index + 1)) : [notRunLine(cell)],
  )
  return `${[HEAD, ...lines].map((line) => line.map(quote).join(',')).join('\r\n')}\r\n`
}

function runLine(cell: Cell, run: CellResult, number: number): unknown[] {
  const { account, latency, service } = run
  return [
    cell.workload,
    cell.broker,
    cell.adapter,
    cell.library,
    number,
    cell.verdict,
    run.tier,
    run.throughput.toFixed(1),
    run.sendThroughput.toFixed(1),
    run.noLatencyClaim === undefined ? 'yes' : `no: ${run.noLatencyClaim}`,
    latency?.p50,
    latency?.p90,
    latency?.p99,
    latency?.p999,
    latency?.max,
    service?.p50,
    service?.p99,
    run.knee,
    account.sent,
    account.accepted,
    account.failed,
    account.inDoubt,
    account.received,
    account.lost,
    account.duplicatesMarked + account.duplicatesUnmarked,
    account.reordered,
    account.corrupt,
    run.cpuMsPerThousand.toFixed(2),
    run.eventLoopUtilization.toFixed(3),
    run.peakRssBytes,
    run.problem,
  ]
}

/** A cell without a run has its line all the same, with the reason. */
function notRunLine({ workload, broker, adapter, library, verdict, reasons }: Cell): unknown[] {
  const known = [workload, broker, adapter, library, 0, verdict]
  return [...known, ...Array(HEAD.length - known.length - 1), reasons.join('; ')]
}

/** A text that a spreadsheet would take for a formula is kept a text. */
function quote(value: unknown): string {
  const text = value === undefined ? '' : String(value)
  const safe =
    typeof value === 'string' && /^[=+@-]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
