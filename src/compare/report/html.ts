/** The report as one self-contained page: no network, no script, readable in light and dark and on a phone. */
import type { Report } from '../report.ts'
import { type Chart, charts } from './charts.ts'
import { type Table, TIERS, tables, VERDICT_COLUMN } from './rows.ts'
import { origin, summary } from './text.ts'

const STYLE = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #59636e; --grid: #d8dee4; --card: #f6f8fa; --good: #1a7f37; --fair: #9a6700; --bad: #cf222e }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --text: #e6edf3; --soft: #9198a1; --grid: #343b44; --card: #1a2028; --good: #3fb950; --fair: #d29922; --bad: #f85149 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.4rem } p { color: var(--soft); max-width: 50rem; margin: 0.4rem 0 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.85rem }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--grid); text-align: left; white-space: nowrap; vertical-align: top }
th { color: var(--soft); font-weight: 600 } td:last-child { white-space: normal; min-width: 12rem }
.VALID { color: var(--good); font-weight: 600 } .DEGRADED { color: var(--fair); font-weight: 600 } .INVALID { color: var(--bad); font-weight: 600 }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); gap: 1rem; align-items: start }
figure { margin: 0; padding: 0.6rem; background: var(--card); border-radius: 8px; color: var(--text) }
figure svg { display: block; width: 100%; height: auto } .phone { display: none }
@media (max-width: 600px) { .window { display: none } .phone { display: block } body { padding: 0.7rem } figure { padding: 0.3rem } }
`

export async function html(report: Report): Promise<string> {
  const { environment } = report
  const [results, ...others] = tables(report)
  const drawn = await charts(report)
  const libraries = Object.entries(environment.libraries).map(([name, version]) => `${name} ${version}`)
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
<p>${escaped(origin(report))}</p>
<p>${escaped(summary(report))} An INVALID cell has its reason instead of its numbers. ${TIERS}</p>
<p>${report.brokers.map(({ name, url }) => `${escaped(name)}: ${escaped(url)}`).join(' · ')}</p>
${results ? section(results, VERDICT_COLUMN) : ''}
${drawn.map(({ workload, charts: own }) => `<h2>${escaped(workload)}</h2>\n<div class="charts">${own.map(figure).join('\n')}</div>`).join('\n')}
${others.map((table) => section(table)).join('\n')}
<h2>Versions</h2>
<p>Sluice ${escaped(environment.sluice)}, ${escaped(libraries.join(', '))}</p>
</body>
</html>
`
}

function figure({ drawings }: Chart): string {
  return `<figure>${drawings.map(({ canvas, svg }) => `<div class="${canvas}">${svg}</div>`).join('')}</figure>`
}

function section({ title, note, head, rows }: Table, verdictColumn = -1): string {
  const cell = (text: string, column: number): string =>
    `<td${column === verdictColumn ? ` class="${escaped(text)}"` : ''}>${escaped(text)}</td>`
  return `<h2>${escaped(title)}</h2>
<p>${escaped(note)}</p>
<div class="scroll"><table><thead><tr>${head.map((name) => `<th>${escaped(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody></table></div>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
