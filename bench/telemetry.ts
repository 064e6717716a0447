/**
 * What telemetry costs for each message on the broker in this process, where nothing else does: nobody listening, every channel listened
 * to by a function that does nothing, and spans and metrics with the SDK. The arms take turns, so that the mood of the machine falls on all alike.
 *
 *   npx tsx bench/telemetry.ts [--turns 40] [--heard] [--before FILE] [--json]
 *
 * `--heard`: with the arms that listen. Not by default, because whatever keeps a context slows down every promise of its process on Node 20.
 * `--before`: `dist/index.js` of another checkout, built, as one more arm that nobody listens to. Shows the processor time, which neighbours disturb least, for a message sent, handled by
 * `consume` and accepted (median of all turns), and the difference to the first arm in neighbouring turns: its median, and the range that
 * holds the true one with 95 %.
 */
import { tracingChannel } from 'node:diagnostics_channel'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace-base'
import * as sluice from '../src/index.ts'
import { instrument } from '../src/telemetry/index.ts'
import { runCompiled } from './run/compiled.ts'

/** Messages of one turn. */
const TURN = 5_000
const IN_FLIGHT = 500
/** Half the width of a 95 % interval of the normal distribution, in standard deviations. */
const REACH = 1.96
const OPERATIONS = ['send', 'receive', 'process', 'settle', 'request', 'respond']

interface Arm {
  readonly name: string
  readonly library: typeof sluice
  /** Switches on what the arm measures; the returned function switches it off. */
  on(): () => void
  readonly times: number[]
}

/** Messages through a queue, each handled and accepted. Unit of the result: µs of processor time for each. */
async function turn({ library, on }: Arm): Promise<number> {
  const off = on()
  const connection = await library.connect(`memory:bench-${Math.random()}`)
  try {
    const jobs = library.queue<Uint8Array>('jobs')
    let handled = 0
    let done: () => void
    const all = new Promise<void>((resolve) => {
      done = resolve
    })
    await connection.consume(jobs, () => {
      if (++handled === TURN) done()
    })
    const sender = await connection.sender(jobs, { capacity: IN_FLIGHT })
    const body = Buffer.alloc(100)
    const began = process.cpuUsage()
    const sends: Promise<unknown>[] = []
    for (let sent = 0; sent < TURN; sent++) {
      const outcome = sender.send(body)
      sends.push(outcome)
      if (sent % IN_FLIGHT === IN_FLIGHT - 1) await outcome
    }
    await Promise.all(sends)
    await all
    const { user, system } = process.cpuUsage(began)
    return (user + system) / TURN
  } finally {
    await connection.close()
    off()
  }
}

function listening(): () => void {
  const nothing = (): void => {}
  const channels = OPERATIONS.map((name) => tracingChannel(`sluice:${name}`))
  const all = { start: nothing, end: nothing, asyncStart: nothing, asyncEnd: nothing, error: nothing }
  for (const channel of channels) channel.subscribe(all)
  return () => {
    for (const channel of channels) channel.unsubscribe(all)
  }
}

function withSdk(sampler: Sampler): () => () => void {
  const tracerProvider = new BasicTracerProvider({ sampler, spanProcessors: [] })
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.DELTA),
    exportIntervalMillis: 2 ** 30,
    exportTimeoutMillis: 2 ** 29,
  })
  const meterProvider = new MeterProvider({ readers: [reader] })
  return () => {
    const { disable } = instrument({ tracerProvider, meterProvider })
    return disable
  }
}

const middle = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** Differences to the first arm, turn by turn. Unit: µs. */
function difference(arm: Arm, first: Arm): { median: number; least: number; most: number } {
  const all = arm.times.map((time, at) => time - first.times[at]!)
  const median = middle(all)
  const spread = middle(all.map((one) => Math.abs(one - median))) * 1.4826
  const reach = (REACH * 1.2533 * spread) / Math.sqrt(all.length)
  return { median, least: median - reach, most: median + reach }
}

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      turns: { type: 'string', default: '40' },
      heard: { type: 'boolean' },
      before: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  if (values.heard) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const unheard = (): (() => void) => () => {}
  const arm = (name: string, on: Arm['on'], library = sluice): Arm => ({ name, library, on, times: [] })
  const arms = [arm('nobody listens', unheard)]
  if (values.before !== undefined) {
    const before = (await import(resolve(values.before))) as typeof sluice
    arms.push(arm('the code before', unheard, before))
  }
  if (values.heard)
    arms.push(
      arm('channels listened to', listening),
      arm('spans not sampled', withSdk(new AlwaysOffSampler())),
      arm('spans and metrics', withSdk(new AlwaysOnSampler())),
    )
  for (let warm = 0; warm < 4; warm++) for (const one of arms) await turn(one)
  for (let round = 0; round < Number(values.turns); round++) {
    const order = round % 2 === 0 ? arms : [...arms].reverse()
    for (const one of order) one.times.push(await turn(one))
  }
  const results = arms.map((one) => ({ arm: one.name, us: middle(one.times), ...difference(one, arms[0]!) }))
  if (values.json) console.log(JSON.stringify(results, null, 2))
  else
    for (const { arm: name, us, median, least, most } of results)
      console.log(
        `${name.padEnd(22)} ${us.toFixed(2)} µs   ${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`,
      )
}

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else await measure()
