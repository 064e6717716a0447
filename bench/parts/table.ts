/**
 * The table of the README: one backend with the bare client library and its peers on the same work, interleaved.
 */
import type { Arm } from '../../src/compare/arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { compare, type Report, type Workload, workload } from '../../src/compare/index.ts'
import { peersOf } from '../run/peers.ts'
import type { Part } from './part.ts'

/** Long enough for a rate, short enough for many turns. Unit: ms. */
const durationMs = 800
const count = 1_000_000

const QUEUE = { pattern: 'point-to-point', durationMs, count } as const
/** What is kept in memory only is another path through these brokers. */
const TRANSIENT = workload({ ...QUEUE, name: 'queue, transient, 200 B', bytes: 200, durable: false })
const WITH_TRANSIENT = ['rabbitmq', 'qpid']
const WORKLOADS = [
  workload({ ...QUEUE, name: 'queue, 200 B', bytes: 200 }),
  workload({ ...QUEUE, name: 'queue, 1 KiB', bytes: 1024 }),
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

function workloadsOf(backend: string): Workload[] {
  return WITH_TRANSIENT.includes(backend) ? WORKLOADS.toSpliced(2, 0, TRANSIENT) : WORKLOADS
}

/** Resolves to a report of `compare`. */
export const table: Part = async ({ backend, url, rounds }) => {
  const stop = new AbortController()
  /** When the first cell was done: what comes before warms up, and says nothing about the rest. */
  let firstAt: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const report = await compare({
    urls: [url],
    workloads: workloadsOf(backend),
    repeats: rounds,
    signal: stop.signal,
    timeoutMs: 20_000,
    arms: async (each) => armsOf(backend, each),
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
  return kept(report)
}

/** The hub has a hand-written broker beside it in place of the sockets alone. */
async function armsOf(backend: string, url: string): Promise<Arm[]> {
  const [ours, ...bare] = await armsFor(url)
  const beside = backend === 'zeromq' ? [] : bare
  return [ours!, ...beside, ...(await peersOf(backend, url))]
}

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
