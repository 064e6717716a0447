/**
 * One backend, in this process: `measure.js BACKEND URL RESULT.json REPEATS FOLDER`. The hub of ZeroMQ and the folder of the embedded
 * store are made here.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Arm } from '../../src/compare/arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { compare, type Report, workload } from '../../src/compare/index.ts'
import { HubProcess } from './hub-process.ts'
import { peersOf } from './peers.ts'

/** Long enough for a rate, short enough for many turns. Unit: ms. */
const durationMs = 800
const count = 1_000_000

const WORKLOADS = [
  workload({ pattern: 'point-to-point', name: 'queue, 200 B', bytes: 200, durationMs, count }),
  workload({ pattern: 'point-to-point', name: 'queue, 1 KiB', bytes: 1024, durationMs, count }),
  workload({ pattern: 'fan-out', name: 'live, 200 B', durable: false, durationMs, count }),
  workload({
    pattern: 'request-response',
    name: 'request',
    inFlight: 1,
    durable: false,
    // A broker on Java becomes twice as fast over its first thousands.
    warmUp: 2_000,
    durationMs,
    count,
  }),
]

const [backend, given, result, repeats, folder] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const hub = backend === 'zeromq' ? await HubProcess.start() : undefined
const url = hub?.url ?? (backend === 'file' ? `file:${join(folder, 'data')}` : given)
const stop = new AbortController()
/** When the first cell was done: what comes before warms up, and says nothing about the rest. */
let firstAt: number | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
const report = await compare({
  urls: [url],
  workloads: WORKLOADS,
  repeats: Number(repeats),
  signal: stop.signal,
  timeoutMs: 20_000,
  arms: async (each): Promise<Arm[]> => [...(await armsFor(each)), ...(await peersOf(backend, each))],
  progress: ({ done, total, cell, judgement, throughput }) => {
    const { verdict, reasons } = judgement
    const now = performance.now()
    firstAt ??= now
    const left =
      done > 1 ? ` (${Math.ceil((((now - firstAt) / (done - 1)) * (total - done)) / 1000)} s left)` : ''
    console.log(
      `${done}/${total} ${cell}: ${[`${verdict} ${Math.round(throughput)}/s`, ...reasons].join('; ')}${left}`,
    )
  },
})
await writeFile(result, `${JSON.stringify(kept(report), undefined, 1)}\n`)
await hub?.[Symbol.asyncDispose]()
// A peer whose set-up failed may hold connections that nobody can close.
process.exit()

/** Without what only charts need, and without addresses of this machine. */
function kept(full: Report): Report {
  const brief = <T extends { curve: unknown } | undefined>(latency: T): T =>
    latency && { ...latency, curve: [] }
  return {
    ...full,
    brokers: full.brokers.map(({ name }) => ({ name, url: `${name}:` })),
    cells: full.cells.map((cell) => ({
      ...cell,
      runs: cell.runs.map((run) => ({
        ...run,
        latency: brief(run.latency),
        service: brief(run.service),
        timeline: [],
        slowest: [],
      })),
    })),
  }
}
