/** One table for each thing that grows: a row for each backend and client, a column for each size, and whether the cost stays flat. */
import { markdownTable } from '../../src/compare/index.ts'
import type { GrowthRow } from '../parts/growth/cells.ts'
import type { Cost } from '../parts/growth/stand.ts'

interface Backend {
  readonly backend: string
  readonly rows: readonly GrowthRow[]
}

/** Of one client on one backend. */
type Line = ReadonlyMap<number, GrowthRow>

const TITLES: Readonly<Record<GrowthRow['what'], string>> = {
  'waiting: send': 'sent on top of so many that wait (10,000 more)',
  'waiting: receive': 'received and accepted from the head of so many (10,000 of them)',
  subscriptions: 'published with so many subscriptions, of which one fits',
  links: 'through so many links at one queue, half of them senders',
  body: 'bytes of a body',
}

/** Costs that differ by less are flat. */
const FLAT = 1.2
/** From here on bodies are told, and compared, by what goes through. */
const LARGE = 1024 * 1024

export function growthTables(backends: readonly Backend[]): string {
  return Object.entries(TITLES)
    .map(([what, title]) => table(what as GrowthRow['what'], title, backends))
    .join('\n\n')
}

function table(what: GrowthRow['what'], title: string, backends: readonly Backend[]): string {
  const rows = backends.flatMap(({ rows }) => rows.filter((row) => row.what === what))
  const sizes = [...new Set(rows.map(({ size }) => size))].sort((a, b) => a - b)
  const compared = what === 'body' ? '64 MiB of 1 MiB, for a byte' : 'largest of smallest'
  return markdownTable(
    [title, 'client', ...sizes.map((size) => sizeText(size, what)), compared, ''],
    backends.flatMap(({ backend, rows }) => {
      const lines = new Map<string, Map<number, GrowthRow>>()
      for (const row of rows.filter((row) => row.what === what))
        lines.set(row.library, (lines.get(row.library) ?? new Map()).set(row.size, row))
      const bare = [...lines].find(([library]) => library !== 'sluice')
      return [...lines].map(([library, line]) => [
        backend,
        library,
        ...sizes.map((size) => figure(line.get(size), what)),
        ...verdict(
          growthOf(line, sizes, what),
          library === 'sluice' && bare
            ? { library: bare[0], growth: growthOf(bare[1], sizes, what) }
            : undefined,
        ),
      ])
    }),
  )
}

function sizeText(size: number, what: GrowthRow['what']): string {
  if (what !== 'body') return size.toLocaleString('en')
  if (size < 1024) return `${size} B`
  return size < 1024 * 1024 ? `${size / 1024} KiB` : `${size / 1024 / 1024} MiB`
}

/** Messages a second; of large bodies what goes through. */
function figure(row: GrowthRow | undefined, what: GrowthRow['what']): string {
  if (!row) return 'not measured'
  if (!row.cost) return row.problem ?? 'not measured'
  const { rate } = row.cost
  if (what === 'body' && row.size >= LARGE)
    return `${((rate.median * row.size) / 1024 / 1024).toFixed(0)} MiB/s, ${processorUs(row.cost).toFixed(0)} µs`
  return `${Math.round(rate.median).toLocaleString('en')}/s, ${processorUs(row.cost).toFixed(1)} µs`
}

/** Of client and broker. */
function processorUs({ clientUs, brokerUs }: Cost): number {
  return clientUs.median + brokerUs.median
}

interface Growth {
  readonly time: number
  readonly processor: number
}

/** What a message (of large bodies: a byte) costs at the largest size over what it costs at the smallest. */
function growthOf(line: Line, sizes: readonly number[], what: GrowthRow['what']): Growth | undefined {
  const from = what === 'body' ? LARGE : sizes[0]!
  const to = sizes.at(-1)!
  const [first, last] = [line.get(from)?.cost, line.get(to)?.cost]
  if (!first || !last) return undefined
  const bytes = what === 'body' ? to / from : 1
  return {
    // The best round of each: the one that the machine disturbed least.
    time: first.rate.most / last.rate.most / bytes,
    processor: processorUs(last) / processorUs(first) / bytes,
  }
}

function verdict(
  growth: Growth | undefined,
  bare?: { library: string; growth: Growth | undefined },
): string[] {
  if (!growth) return ['–', '–']
  const text = `time × ${growth.time.toFixed(2)}, processor × ${growth.processor.toFixed(2)}`
  if (growth.time <= FLAT && growth.processor <= FLAT) return [text, 'flat']
  const theirs = bare?.growth
  const isTheirs = theirs && growth.time <= theirs.time * FLAT && growth.processor <= theirs.processor * FLAT
  return [text, isTheirs ? `not flat, nor is ${bare.library}` : '**not flat**']
}
