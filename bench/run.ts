/**
 * The numbers of the README: every backend with the bare client library and its peers on the same work, interleaved.
 *
 *   npm run bench [-- BACKEND...] [--repeats 5]     rabbitmq qpid redis zeromq memory file; default all
 *   npm run bench -- --table                        only the table again, from bench/results
 *
 * Brings the brokers up privately, measures each backend in a process of its own, from compiled code (a loader that rewrites
 * TypeScript on the way makes closures dearer than they are), writes `bench/results/BACKEND.json` and the table of the README.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Brokers } from './run/brokers.ts'
import { compile } from './run/compile.ts'
import { writeTable } from './run/table.ts'

const CHECKOUT = resolve(import.meta.dirname, '..')
const RESULTS = join(CHECKOUT, 'bench', 'results')

/** Each backend with the environment variable of its broker, where it needs one that is brought up. */
const BACKENDS: Readonly<Record<string, string | undefined>> = {
  rabbitmq: 'SLUICE_TEST_RABBITMQ',
  qpid: 'SLUICE_TEST_QPID',
  redis: 'SLUICE_TEST_REDIS',
  zeromq: undefined,
  memory: undefined,
  file: undefined,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { repeats: { type: 'string', default: '5' }, table: { type: 'boolean', default: false } },
})
const chosen = positionals.length > 0 ? positionals : Object.keys(BACKENDS)
for (const name of chosen) if (!(name in BACKENDS)) throw new Error(`There is no backend ${name}`)
if (!values.table) for (const name of chosen) await measure(name, BACKENDS[name])
await writeTable(RESULTS, join(CHECKOUT, 'README.md'))

async function measure(name: string, variable: string | undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const brokers = variable === undefined ? undefined : new Brokers(CHECKOUT, join(folder, 'brokers'))
  try {
    const url = brokers ? await brokers.up(name, variable!) : `${name}:`
    const script = await compile(CHECKOUT, join(CHECKOUT, 'node_modules', '.cache', 'bench'))
    await child(script, [name, url, join(RESULTS, `${name}.json`), values.repeats!, folder])
  } finally {
    await brokers?.down()
    await rm(folder, { recursive: true, force: true })
  }
}

function child(script: string, args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const running = fork(script, args, { execArgv: [], stdio: 'inherit' })
    // Interrupted, it writes what it has, and the brokers are taken down all the same.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => running.kill(signal))
    running.once('error', failed)
    running.once('exit', (code) => (code === 0 ? done() : failed(new Error(`${args[0]} ended with ${code}`))))
  })
}
