/** Prints one line per adapter from the reports that the conformance suite has written. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

interface Report {
  readonly adapter: string
  readonly broker: { readonly product: string; readonly version: string }
  readonly cases: readonly { readonly result: string }[]
}

const RESULTS = ['passed', 'inverted', 'skipped', 'failed'] as const

/** `since`: older reports belong to another run. Unit: ms since 1970. */
export function printConformance(folder: string, since: number): void {
  const text = conformanceTable(readReports(folder, since))
  if (text !== '') process.stdout.write(`\n${text}`)
}

export function conformanceTable(reports: readonly Report[]): string {
  if (reports.length === 0) return ''
  const rows = reports.map(({ adapter, broker, cases }) => [
    adapter,
    `${broker.product} ${broker.version}`,
    ...RESULTS.map((result) => String(cases.filter((one) => one.result === result).length)),
  ])
  const table = [['conformance', 'broker', ...RESULTS], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: string[]) =>
    row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
  return `${table.map((row) => line(row).join('  ').trimEnd()).join('\n')}\n`
}

function readReports(folder: string, since: number): Report[] {
  let names: string[]
  try {
    names = readdirSync(folder).sort()
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.json') && statSync(join(folder, name)).mtimeMs >= since)
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report)
}
