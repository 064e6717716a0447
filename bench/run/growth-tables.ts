/** One table for each thing that grows: a row for each backend and client, a column for each size. */
import { markdownTable } from '../../src/compare/index.ts'
import type { GrowthRow } from '../parts/growth.ts'

interface Backend {
  readonly backend: string
  readonly rows: readonly GrowthRow[]
}

const TITLES: Readonly<Record<GrowthRow['what'], string>> = {
  'waiting: send': 'sent on top of so many that wait',
  'waiting: receive': 'received and accepted, so many waiting',
  subscriptions: 'published with so many subscriptions, of which one fits',
  links: 'through so many links at one queue',
  body: 'bytes of a body',
}

export function growthTables(backends: readonly Backend[]): string {
  return Object.entries(TITLES)
    .map(([what, title]) => table(what as GrowthRow['what'], title, backends))
    .join('\n\n')
}

function table(what: GrowthRow['what'], title: string, backends: readonly Backend[]): string {
  const rows = backends.flatMap(({ backend, rows }) =>
    rows.filter((row) => row.what === what).map((row) => ({ ...row, backend })),
  )
  const sizes = [...new Set(rows.map(({ size }) => size))].sort((a, b) => a - b)
  const lines = new Map<string, Map<number, GrowthRow>>()
  for (const row of rows) {
    const key = `${row.backend}\n${row.library}`
    lines.set(key, (lines.get(key) ?? new Map()).set(row.size, row))
  }
  const large = what === 'body' ? [] : ['largest of smallest']
  return markdownTable(
    [title, 'client', ...sizes.map((size) => sizeText(size, what)), ...large],
    [...lines].map(([key, bySize]) => [
      ...key.split('\n'),
      ...sizes.map((size) => figure(bySize.get(size), what)),
      ...(large.length === 0 ? [] : [growthOf(bySize, sizes)]),
    ]),
  )
}

function sizeText(size: number, what: GrowthRow['what']): string {
  if (what !== 'body') return size.toLocaleString('en')
  if (size < 1024) return `${size} B`
  return size < 1024 * 1024 ? `${size / 1024} KiB` : `${size / 1024 / 1024} MiB`
}

/** Messages a second; of large bodies what goes through. */
function figure(row: GrowthRow | undefined, what: GrowthRow['what']): string {
  if (!row) return '–'
  if (!row.cost) return row.problem ?? '–'
  const { rate, clientUs } = row.cost
  if (what === 'body' && row.size >= 64 * 1024)
    return `${((rate.median * row.size) / 1024 / 1024).toFixed(0)} MiB/s`
  return `${Math.round(rate.median).toLocaleString('en')}/s, ${clientUs.median.toFixed(1)} µs`
}

/** Time of a message at the largest size over that at the smallest. */
function growthOf(bySize: ReadonlyMap<number, GrowthRow>, sizes: readonly number[]): string {
  const [first, last] = [bySize.get(sizes[0]!)?.cost, bySize.get(sizes.at(-1)!)?.cost]
  return first && last ? `× ${(first.rate.median / last.rate.median).toFixed(2)}` : '–'
}
