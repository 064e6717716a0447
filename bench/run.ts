/**
 * Every figure of the README and of docs/performance.md, by one command:
 *
 *   npm run bench [-- BACKEND...] [--part NAME]... [--rounds 5] [--deep 1000000] [--minutes 25] [--again]
 *   npm run bench -- --write              only the tables again, from bench/results
 *
 * BACKEND: rabbitmq qpid redis zeromq memory file; default all. Parts: table fresh ceilings store growth start; default all.
 * Brings the brokers up privately, measures each part in a process of its own, from compiled code (a loader that rewrites
 * TypeScript on the way makes closures dearer than they are), keeps `bench/results/BACKEND.json` and
 * `bench/results/PART/BACKEND.json`, and writes the tables. The part growth takes `--minutes` at most, for all backends together, and
 * begins where its last run ended; with `--again` from the start.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BACKENDS, type Backend, PARTS } from './parts/index.ts'
import { Brokers } from './run/brokers.ts'
import { compile } from './run/compile.ts'
import { writePerformance } from './run/performance.ts'
import { writeTable } from './run/table.ts'

const CHECKOUT = resolve(import.meta.dirname, '..')
const RESULTS = join(CHECKOUT, 'bench', 'results')

/** Where the URL of a broker that is brought up stands. */
const VARIABLES: Partial<Record<Backend, string>> = {
  rabbitmq: 'SLUICE_TEST_RABBITMQ',
  qpid: 'SLUICE_TEST_QPID',
  redis: 'SLUICE_TEST_REDIS',
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
let interrupted = false
/** Times that a part that can be continued is begun again. */
const MOST_CRASHES = 5

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    rounds: { type: 'string', default: '5' },
    deep: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '25' },
    again: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
for (const name of positionals) if (!isBackend(name)) throw new Error(`There is no backend ${name}`)
for (const name of values.part) if (!(name in PARTS)) throw new Error(`There is no part ${name}`)
const chosen = positionals.length > 0 ? (positionals as Backend[]) : BACKENDS
if (!values.write) {
  const script = await compile(CHECKOUT, join(CHECKOUT, 'node_modules', '.cache', 'bench'))
  let leftMs = Number(values.minutes) * 60_000
  for (const [at, backend] of chosen.entries()) {
    const parts = values.part.filter((part) => PARTS[part]!.backends.includes(backend))
    // What one backend does not need is there for those that follow.
    if (parts.length > 0) leftMs -= await measure(script, backend, parts, leftMs / (chosen.length - at))
  }
}
await writeTable(RESULTS, join(CHECKOUT, 'README.md'))
await writePerformance(RESULTS, join(CHECKOUT, 'docs', 'performance.md'))

function isBackend(name: string): name is Backend {
  return (BACKENDS as readonly string[]).includes(name)
}

/**
 * @param mostMs for the parts that keep to a time
 * @returns how long these took
 */
async function measure(
  script: string,
  backend: Backend,
  parts: readonly string[],
  mostMs: number,
): Promise<number> {
  let tookMs = 0
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const variable = VARIABLES[backend]
  const brokers = variable === undefined ? undefined : new Brokers(CHECKOUT, join(folder, 'brokers'))
  try {
    const url = brokers ? await brokers.up(backend, variable!) : `${backend}:`
    for (const part of parts) {
      const begun = performance.now()
      const file =
        part === 'table' ? join(RESULTS, `${backend}.json`) : join(RESULTS, part, `${backend}.json`)
      const own = await mkdtemp(join(folder, 'part-'))
      const { canContinue = false } = PARTS[part]!
      const order = {
        part,
        file,
        backend,
        url,
        folder: own,
        checkout: CHECKOUT,
        rounds: Number(values.rounds),
        deep: Number(values.deep),
        until: Math.round(Date.now() + mostMs),
      }
      if (canContinue) await keepGoing(script, order)
      else await child(script, [JSON.stringify(order)])
      const ms = performance.now() - begun
      if (canContinue) tookMs += ms
      console.log(`${part}, ${backend}: ${Math.round(ms / 1000)} s`)
    }
    return tookMs
  } finally {
    await brokers?.down()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a cell did to its process does not cost the cells behind it. */
async function keepGoing(script: string, order: object): Promise<void> {
  for (let crashes = 0; crashes <= MOST_CRASHES; crashes++) {
    const crashed = crashes > 0
    const continued = crashed || !values.again
    try {
      return await child(script, [JSON.stringify({ ...order, continued, crashed })])
    } catch (error) {
      if (interrupted) throw error
      console.error((error as Error).message)
    }
  }
}

function child(script: string, args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const running = fork(script, args, { execArgv: [], stdio: 'inherit' })
    // Interrupted, it writes what it has, and the brokers are taken down all the same.
    const stop = (signal: NodeJS.Signals): void => {
      interrupted = true
      running.kill(signal)
    }
    for (const signal of SIGNALS) process.on(signal, stop)
    running.once('error', failed)
    running.once('exit', (code) => {
      for (const signal of SIGNALS) process.off(signal, stop)
      if (code === 0) done()
      else failed(new Error(`${args[0]} ended with ${code}`))
    })
  })
}
