/** The report as a table for the terminal, as Markdown and as CSV. */
import type { Report } from '../compare.ts'
import {
  ACCOUNT_HEAD,
  accountRow,
  CELL_HEAD,
  cellRow,
  OVERHEAD_HEAD,
  overheadRow,
  SETTINGS_HEAD,
  settingsRows,
} from './rows.ts'

export function terminalTable(report: Report): string {
  const parts = [columns(CELL_HEAD, report.cells.map(cellRow))]
  if (report.overheads.length > 0) {
    parts.push(
      'Through Sluice, compared with the client library alone (100 %: as fast):',
      columns(OVERHEAD_HEAD, report.overheads.map(overheadRow)),
    )
  }
  parts.push('Settings in force:', columns(SETTINGS_HEAD, settingsRows(report)))
  if (report.interrupted) parts.push('Interrupted: what was measured until then.')
  return `${parts.join('\n\n')}\n`
}

export function markdown(report: Report): string {
  const { environment, createdAt, repeats } = report
  return [
    `Measured ${createdAt.slice(0, 10)}, ${repeats} interleaved runs, Node ${environment.node}, ${environment.cores} cores (${environment.cpu}), ${environment.platform}.`,
    table(CELL_HEAD, report.cells.map(cellRow)),
    report.overheads.length > 0
      ? `Through Sluice, compared with the client library alone:\n\n${table(OVERHEAD_HEAD, report.overheads.map(overheadRow))}`
      : '',
    `What became of the messages:\n\n${table(ACCOUNT_HEAD, report.cells.map(accountRow))}`,
    `Settings in force:\n\n${table(SETTINGS_HEAD, settingsRows(report))}`,
    '',
  ]
    .filter((part, at, all) => part !== '' || at === all.length - 1)
    .join('\n\n')
}

/** One line for each run of each cell. */
export function csv(report: Report): string {
  const head = [
    'workload',
    'adapter',
    'library',
    'run',
    'verdict',
    'tier',
    'messages_per_second',
    'p50_ms',
    'p90_ms',
    'p99_ms',
    'p999_ms',
    'max_ms',
    'sent',
    'accepted',
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
  const lines = report.cells.flatMap((cell) =>
    cell.runs.map((run, index) => {
      const { account, latency } = run
      return [
        cell.workload,
        cell.adapter,
        cell.library,
        index + 1,
        cell.verdict,
        run.tier,
        run.throughput.toFixed(1),
        latency?.p50,
        latency?.p90,
        latency?.p99,
        latency?.p999,
        latency?.max,
        account.sent,
        account.accepted,
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
    }),
  )
  return `${[head, ...lines].map((line) => line.map(quote).join(',')).join('\r\n')}\r\n`
}

function quote(value: unknown): string {
  const text = value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
