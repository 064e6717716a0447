/** The report as tables for the terminal and as Markdown. */
import type { Report } from '../report.ts'
import { type Table, tables } from './rows.ts'

/** What a terminal shows: the books only where they do not balance. */
export function terminalTable(report: Report): string {
  const clean = report.cells.every(({ verdict }) => verdict === 'VALID')
  const shown = tables(report).filter(({ title }) => !clean || title !== 'What became of the messages')
  const parts = shown.map((table) => `${table.title}\n${columns(table)}`)
  parts.push(summary(report))
  return `${parts.join('\n\n')}\n`
}

export function markdown(report: Report): string {
  const parts = tables(report).map(({ title, note, head, rows }) =>
    [`## ${title}`, note, markdownTable(head, rows)].join('\n\n'),
  )
  return `${['# Brokers compared', origin(report), ...parts, summary(report)].join('\n\n')}\n`
}

/** When, where and how it was measured. */
export function origin({ environment, createdAt, repeats, apart }: Report): string {
  return [
    `${createdAt.slice(0, 16).replace('T', ' ')} UTC`,
    `${repeats} ${repeats === 1 ? 'run' : 'interleaved runs'}`,
    apart ? 'sender and receiver in separate processes' : 'sender and receiver in one process',
    `Node ${environment.node}`,
    `${environment.cores} cores, ${environment.cpu}`,
    environment.platform,
  ].join(' · ')
}

export function summary({ cells, interrupted }: Report): string {
  const count = (wanted: string): number => cells.filter(({ verdict }) => verdict === wanted).length
  const text = `${cells.length} cells: ${count('VALID')} VALID, ${count('DEGRADED')} DEGRADED, ${count('INVALID')} INVALID.`
  return interrupted ? `${text} Interrupted: this is what was measured until then.` : text
}

function columns({ head, rows }: Table): string {
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

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
