/** The tables of docs/performance.md, from the results that are kept as data. */
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { markdownTable } from '../../src/compare/index.ts'
import type { CeilingRow } from '../parts/ceilings.ts'
import type { FreshRow } from '../parts/fresh.ts'
import type { GrowthResult } from '../parts/growth/cells.ts'
import { BACKENDS } from '../parts/index.ts'
import type { Kept, Several } from '../parts/part.ts'
import type { SizeRow, StartRow } from '../parts/start.ts'
import type { StoreResult } from '../parts/store.ts'
import { growthTables } from './growth-tables.ts'
import { replaceBetween } from './marks.ts'

type Results<R> = readonly (Kept<R> & { readonly backend: string })[]

/** Writes each table between its marks, where there are results for it. */
export async function writePerformance(results: string, page: string): Promise<void> {
  let text = await readFile(page, 'utf8')
  for (const [part, tables] of Object.entries(TABLES)) {
    const all = await read(results, part)
    const content =
      all.length === 0
        ? 'Not measured yet.'
        : `${tables(all as never)}\n\n${origin(all)} ${FIGURES[part] ?? SPREAD}`
    text = replaceBetween(text, part, content, page)
  }
  await writeFile(page, text)
}

async function read(results: string, part: string): Promise<Results<unknown>> {
  const folder = join(results, part)
  if (!existsSync(folder)) return []
  const there = await readdir(folder)
  const backends = BACKENDS.filter((backend) => there.includes(`${backend}.json`))
  return Promise.all(
    backends.map(async (backend) => ({
      ...(JSON.parse(await readFile(join(folder, `${backend}.json`), 'utf8')) as Kept<unknown>),
      backend,
    })),
  )
}

const TABLES: Readonly<Record<string, (all: never) => string>> = {
  fresh: (all: Results<{ rows: FreshRow[] }>) =>
    markdownTable(
      ['messages', 'Sluice', 'amqplib', 'Sluice of amqplib', 'processor time, amqplib of Sluice'],
      all.flatMap(({ result }) =>
        result.rows.map(({ title, ours, bare, ratio, effort }) => [
          title,
          perSecond(ours),
          perSecond(bare),
          spread(ratio, 2),
          spread(effort, 2),
        ]),
      ),
    ),
  ceilings: (all: Results<{ rows: CeilingRow[]; leftOut?: string }>) =>
    [
      markdownTable(
        ['broker', 'client', 'messages', 'client, µs of processor', 'broker, µs of processor'],
        all.flatMap(({ backend, result }) =>
          result.rows.map(({ library, rate, clientUs, brokerUs }) => [
            backend,
            library,
            perSecond(rate),
            spread(clientUs, 1),
            brokerUs.most > 0 ? spread(brokerUs, 1) : '–',
          ]),
        ),
      ),
      ...all.flatMap(({ result }) =>
        result.leftOut === undefined ? [] : ['', `Left out: ${result.leftOut}.`],
      ),
    ].join('\n'),
  store: (all: Results<StoreResult>) =>
    markdownTable(
      ['one after the other', 'time of one'],
      all.flatMap(({ result: { syncUs, lmdbPutUs, sendUs } }) => [
        ['4 KiB written and synced (fdatasync)', `${spread(syncUs, 0)} µs`],
        ['a put on bare lmdb, synced', `${spread(lmdbPutUs, 0)} µs`],
        ['a durable send on `file:`, 200 B', `${spread(sendUs, 0)} µs`],
      ]),
    ),
  growth: (all: Results<GrowthResult>) =>
    growthTables(all.map(({ backend, result }) => ({ backend, rows: result.rows }))),
  start: (all: Results<{ rows: StartRow[]; sizes: SizeRow[] }>) =>
    [
      markdownTable(
        ['backend', 'a process that does', 'until done', 'processor time'],
        all.flatMap(({ backend, result }) =>
          result.rows.map(({ what, ms, cpuMs }) => [
            backend,
            what,
            `${spread(ms, 0)} ms`,
            `${spread(cpuMs, 0)} ms`,
          ]),
        ),
      ),
      '',
      markdownTable(
        ['installed', 'packages', 'files', 'size'],
        all
          .flatMap(({ result }) => result.sizes)
          .map(({ name, packages, files, bytes }) => [
            name,
            String(packages),
            String(files),
            `${(bytes / 1024).toLocaleString('en', { maximumFractionDigits: 0 })} KiB`,
          ]),
      ),
    ].join('\n'),
}

function perSecond({ least, median, most }: Several): string {
  const [low, middle, high] = [least, median, most].map((value) => Math.round(value).toLocaleString('en'))
  return `${middle}/s (${low} to ${high})`
}

function spread({ least, median, most }: Several, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`
}

const SPREAD = 'Behind a figure its least and its most.'
/** What its figures are, where they are others. */
const FIGURES: Readonly<Record<string, string>> = {
  growth:
    'A figure is the median of five rounds, received: of one; the processor time is that of client and broker. Growth is told by the best rounds. A cell with words could not be measured, for that reason.',
}

/** When, where and with what. */
function origin(all: Results<unknown>): string {
  const days = [...new Set(all.map(({ createdAt }) => createdAt.slice(0, 10)))].sort()
  const { node, cores, cpu, libraries } = all[0]!.environment
  const used = ['amqplib', 'rhea', 'ioredis', 'zeromq', 'lmdb'].map((name) => `${name} ${libraries[name]}`)
  return `${days.join(', ')}; broker and clients on the same ${cores} cores (${cpu}), Node ${node}; ${used.join(', ')}.`
}
