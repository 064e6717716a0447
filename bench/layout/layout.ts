/**
 * `npm run bench:layout [-- BROKER…]`: what a connection, a link, a subscription and an address cost at each broker, at 1, 100 and 10,000 of
 * them. Each broker is one of its own; what comes out replaces its rows in docs/layout.md.
 *
 * `--seconds`: longest time for one cell, 40 if nothing is said.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { Brokers } from '../run/brokers.ts'
import { listeningAt } from '../run/processor-time.ts'
import { type Cost, type Order, THINGS, type Thing } from './order.ts'

const COUNTS = [1, 100, 10_000]
const VARIABLES: Readonly<Record<string, string>> = {
  rabbitmq: 'SLUICE_TEST_RABBITMQ',
  qpid: 'SLUICE_TEST_QPID',
  redis: 'SLUICE_TEST_REDIS',
}
const CHECKOUT = join(import.meta.dirname, '../..')
const PAGE = join(CHECKOUT, 'docs', 'layout.md')
/** What a process takes that is neither opening nor closing: starting, loading, warming up, ending. Unit: ms. */
const AROUND_MS = 150_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '40' } },
})
for (const broker of positionals.length > 0 ? positionals : Object.keys(VARIABLES)) {
  const variable = VARIABLES[broker]
  if (variable === undefined)
    throw new Error(`There is no broker ${broker}; there are ${Object.keys(VARIABLES).join(' ')}`)
  const rows = await measured(broker, variable)
  writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), broker, rows))
}

async function measured(broker: string, variable: string): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-layout-'))
  const brokers = new Brokers(CHECKOUT, home)
  try {
    const url = await brokers.up(broker, variable)
    const pids = listeningAt(Number(new URL(url).port))
    const rows: string[] = []
    for (const thing of THINGS) {
      for (const count of COUNTS) {
        const limitMs = Number(values.seconds) * 1000
        const row = line(thing, count, await cost({ url, thing, count, pids, limitMs }))
        console.log(`${broker} ${row}`)
        rows.push(row)
      }
    }
    return rows.join('\n')
  } finally {
    await brokers.down()
    rmSync(home, { recursive: true, force: true })
  }
}

async function cost(order: Order): Promise<Cost> {
  const node = ['--expose-gc', '--import', 'tsx', join(CHECKOUT, 'bench', 'layout', 'cell.ts')]
  const { stdout } = await promisify(execFile)(process.execPath, [...node, JSON.stringify(order)], {
    cwd: CHECKOUT,
    timeout: order.limitMs + AROUND_MS,
  })
  return JSON.parse(stdout)
}

function line(thing: Thing, count: number, { made, ms, clientBytes, brokerBytes, problem }: Cost): string {
  const reached =
    made === count
      ? count.toLocaleString('en')
      : `${made.toLocaleString('en')} of ${count.toLocaleString('en')}`
  // Of one alone the memory is lost in that of everything else.
  const kib = (bytes: number) => (made < 100 ? '–' : (Math.max(0, bytes) / 1024).toFixed(1))
  const cells = [thing, reached, (ms / made).toFixed(1), kib(clientBytes), kib(brokerBytes), problem ?? '']
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function replaced(page: string, broker: string, rows: string): string {
  const marked = new RegExp(`(<!-- ${broker}:start -->\n).*?(<!-- ${broker}:end -->)`, 's')
  if (!marked.test(page)) throw new Error(`The page has no marks for ${broker}`)
  const head = `| of | how many | ms each | client, KiB each | broker, KiB each | ended by |
|---|---|---|---|---|---|
`
  return page.replace(marked, (_, start, end) => `${start}${head}${rows}\n${end}`)
}
