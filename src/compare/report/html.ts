/** The report as one self-contained page: no network, no script, readable in light and dark and on a phone. */
import type { Report } from '../compare.ts'
import { charts } from './charts.ts'
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

const STYLE = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #59636e; --grid: #d8dee4; --good: #1a7f37; --fair: #9a6700; --bad: #cf222e }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --text: #e6edf3; --soft: #9198a1; --grid: #343b44; --good: #3fb950; --fair: #d29922; --bad: #f85149 } }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } p, caption { color: var(--soft) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--grid); text-align: left; white-space: nowrap } td:last-child { white-space: normal }
.VALID { color: var(--good); font-weight: 600 } .DEGRADED { color: var(--fair); font-weight: 600 } .INVALID { color: var(--bad); font-weight: 600 }
figure { margin: 1rem 0; color: var(--text) }
`

export async function html(report: Report): Promise<string> {
  const { environment } = report
  const drawn = await charts(report)
  const worst = report.cells.filter((cell) => cell.verdict === 'INVALID').length
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Brokers compared · Sluice</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Brokers compared</h1>
<p>${escaped(report.createdAt)} · ${report.repeats} interleaved runs · Node ${escaped(environment.node)} · ${environment.cores} cores, ${escaped(environment.cpu)} · ${escaped(environment.platform)}</p>
<p>${worst === 0 ? 'Every cell could be measured.' : `${worst} of ${report.cells.length} cells are INVALID: their numbers are left out, the reason stands beside.`}
${report.interrupted ? ' The run was interrupted.' : ''} T0 best effort, T1 survives a lost connection, T2 a killed broker, T3 power loss: compare like with like.</p>
<h2>Results</h2>
${table(CELL_HEAD, report.cells.map(cellRow), 4)}
${report.overheads.length > 0 ? `<h2>Through Sluice, compared with the client library alone</h2>\n${table(OVERHEAD_HEAD, report.overheads.map(overheadRow))}` : ''}
${drawn.map(({ workload, svg }) => (svg.length === 0 ? '' : `<h2>${escaped(workload)}</h2>\n${svg.map((one) => `<figure>${one}</figure>`).join('\n')}`)).join('\n')}
<h2>What became of the messages</h2>
${table(ACCOUNT_HEAD, report.cells.map(accountRow))}
<h2>Settings in force</h2>
${table(SETTINGS_HEAD, settingsRows(report))}
<h2>Versions</h2>
<p>Sluice ${escaped(environment.sluice)}${Object.entries(environment.libraries)
    .map(([name, version]) => `, ${escaped(name)} ${escaped(version)}`)
    .join('')}</p>
</body>
</html>
`
}

function table(head: readonly string[], rows: readonly (readonly string[])[], verdictColumn = -1): string {
  const cells = (row: readonly string[]): string =>
    row
      .map(
        (cell, column) =>
          `<td${column === verdictColumn ? ` class="${escaped(cell)}"` : ''}>${escaped(cell)}</td>`,
      )
      .join('')
  return `<div class="wide"><table><thead><tr>${head.map((title) => `<th>${escaped(title)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n')}</tbody></table></div>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
