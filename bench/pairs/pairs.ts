/**
 * Old code and new in turns, on every kind of work of the README's table:
 *
 *   npm run bench:pairs -- CHECKOUT [BACKEND…] [--turns 5] [--write]
 *
 * CHECKOUT: of the older code, with its packages installed. `--write` puts the table into docs/performance.md.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { markdownTable } from '../../src/compare/index.ts'
import { ratioOf, type Several, several } from '../parts/part.ts'
import { Brokers } from '../run/brokers.ts'
import { compile } from '../run/compile.ts'
import { HubProcess } from '../run/hub-process.ts'
import { writeBetween } from '../run/marks.ts'
import type { Figures, Work } from './program.ts'

const BACKENDS = ['memory', 'file', 'zeromq', 'redis', 'rabbitmq', 'qpid'] as const
type Backend = (typeof BACKENDS)[number]
const CHECKOUT = resolve(import.meta.dirname, '../..')
/** What runs beside the code of either side, compiled. */
const PROGRAM = join('bench', 'pairs', 'program.js')
const HUB = join('bench', 'run', 'hub-process.js')
/** A process that takes longer hangs. Unit: ms. */
const LONGEST_MS = 60_000

interface Kind extends Omit<Work, 'url'> {
  readonly title: string
}

const KINDS: readonly Kind[] = [
  { title: 'queue, 200 B', kind: 'queue', bytes: 200, durable: true },
  { title: 'queue, 1 KiB', kind: 'queue', bytes: 1_024, durable: true },
  { title: 'queue, transient, 200 B', kind: 'queue', bytes: 200, durable: false },
  { title: 'live, 200 B', kind: 'live', bytes: 200, durable: false },
  { title: 'request, 200 B', kind: 'request', bytes: 200, durable: false },
]

interface Side {
  /** Where its code stands, compiled. */
  readonly folder: string
  readonly place: { readonly url: string } & AsyncDisposable
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: 'string', default: '5' }, write: { type: 'boolean', default: false } },
})
const [older, ...chosen] = positionals
if (older === undefined) {
  process.stderr.write('usage: npm run bench:pairs -- CHECKOUT [BACKEND…] [--turns N] [--write]\n')
  process.exit(2)
}

const work = await mkdtemp(join(tmpdir(), 'sluice-pairs-'))
const brokers = new Brokers(CHECKOUT, join(work, 'brokers'))
try {
  const folders = { before: join(work, 'before'), now: join(work, 'now') }
  await compile(resolve(older), folders.before)
  await compile(CHECKOUT, folders.now)
  for (const file of [PROGRAM, HUB]) {
    await mkdir(dirname(join(folders.before, file)), { recursive: true })
    await copyFile(join(folders.now, file), join(folders.before, file))
  }
  const rows: string[][] = []
  for (const backend of BACKENDS)
    if (chosen.length === 0 || chosen.includes(backend)) rows.push(...(await measure(backend, folders)))
  const columns = ['broker', 'work', 'before', 'now', 'now of before', 'processor time, before of now']
  const table = markdownTable(columns, rows)
  process.stdout.write(`${table}\n`)
  if (values.write) await writeBetween(join(CHECKOUT, 'docs', 'performance.md'), 'pairs', table)
} finally {
  await brokers.down()
  await rm(work, { recursive: true, force: true })
}

async function measure(backend: Backend, folders: { before: string; now: string }): Promise<string[][]> {
  const rows: string[][] = []
  for (const { title, ...kind } of KINDS) {
    await using older = await sideOf(backend, folders.before)
    await using newer = await sideOf(backend, folders.now)
    const pairs: { before: Figures; now: Figures }[] = []
    for (let turn = 0; turn < Number(values.turns); turn++) {
      process.stderr.write(`${backend} ${title}: turn ${turn + 1} of ${values.turns}\n`)
      // Each goes first as often as the other.
      const [first, second] = turn % 2 === 0 ? [older, newer] : [newer, older]
      const one = await run(first, kind)
      const other = await run(second, kind)
      pairs.push(turn % 2 === 0 ? { before: one, now: other } : { before: other, now: one })
    }
    const before = pairs.map((pair) => pair.before)
    const now = pairs.map((pair) => pair.now)
    const rate = (all: readonly Figures[]) => all.map(({ rate }) => rate)
    const effort = (all: readonly Figures[]) => all.map(({ cpuUs }) => cpuUs)
    rows.push([
      backend,
      title,
      ...[before, now].map((all) => `${thousands(several(rate(all)).median)}/s`),
      ...[ratioOf(rate(now), rate(before)), ratioOf(effort(before), effort(now))].map(spread),
    ])
    process.stderr.write(`${rows.at(-1)!.join(' | ')}\n`)
  }
  return rows
}

async function sideOf(backend: Backend, folder: string): Promise<Side & AsyncDisposable> {
  const place = await placeOf(backend, folder)
  return { folder, place, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() }
}

async function placeOf(backend: Backend, folder: string): Promise<Side['place']> {
  if (backend === 'memory') return { url: 'memory:', [Symbol.asyncDispose]: async () => {} }
  if (backend === 'file') {
    const store = await mkdtemp(join(work, 'store-'))
    return {
      url: `file:${store}`,
      [Symbol.asyncDispose]: () => rm(store, { recursive: true, force: true }),
    }
  }
  if (backend === 'zeromq') return HubProcess.start(join(folder, HUB))
  const url = await brokers.up(backend, `SLUICE_TEST_${backend.toUpperCase()}`)
  return { url, [Symbol.asyncDispose]: async () => {} }
}

async function run({ folder, place }: Side, kind: Omit<Work, 'url'>): Promise<Figures> {
  const args = [join(folder, PROGRAM), JSON.stringify({ ...kind, url: place.url } satisfies Work)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LONGEST_MS })
  return JSON.parse(stdout) as Figures
}

function spread({ least, median, most }: Several): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`
}

function thousands(number: number): string {
  return Math.round(number).toLocaleString('en')
}
