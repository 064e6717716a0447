/** The table of the README, from the results that are kept as data. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cell, checkReport, markdownTable, type Report } from '../../src/compare/index.ts'
import { writeBetween } from './marks.ts'

const ORDER = ['rabbitmq', 'qpid', 'redis', 'zeromq', 'memory', 'file']

/** Writes it between the marks. */
export async function writeTable(results: string, readme: string): Promise<void> {
  const files = (await readdir(results)).filter((name) => ORDER.includes(name.replace(/\.json$/, '')))
  const reports = await Promise.all(
    files.map(async (name) => checkReport(JSON.parse(await readFile(join(results, name), 'utf8')))),
  )
  reports.sort((a, b) => place(a) - place(b))
  await writeBetween(readme, 'bench', page(reports))
}

function place(report: Report): number {
  return ORDER.indexOf(report.brokers[0]?.name ?? '')
}

function page(reports: readonly Report[]): string {
  const rows = reports.flatMap((report) => report.workloads.map(({ name }) => row(report, name)))
  const head = ['broker', 'work', 'tier', 'Sluice', 'bare client', 'Sluice of bare (95 %)', 'peers']
  return ['## How fast', '', markdownTable(head, rows), '', ...reports.slice(0, 1).map(origin)].join('\n')
}

function row(report: Report, workload: string): string[] {
  const cells = report.cells.filter((cell) => cell.workload === workload)
  const ours = cells.find(({ kind }) => kind === 'sluice')
  const bare = cells.find(({ kind }) => kind === 'bare')
  const peers = cells.filter(({ kind }) => kind === 'peer')
  const against = report.comparisons.find(
    ({ kind, workload: name, against: rival }) =>
      kind === 'overhead' && name === workload && bare !== undefined && rival.endsWith(` ${bare.library}`),
  )
  const tiers =
    bare && ours && bare.tier !== ours.tier ? `${ours.tier}, bare ${bare.tier}` : (ours?.tier ?? '')
  return [
    brokerOf(ours),
    workload,
    tiers,
    figure(ours),
    bare ? `${figure(bare)} ${bare.library}` : '–',
    against?.latencyP50Ms !== undefined
      ? later(against.latencyP50Ms, against.latencyP50RangeMs)
      : against?.throughput
        ? `${share(against.throughput.typical)} (${share(against.throughput.low)} to ${share(against.throughput.high)})`
        : '–',
    peers.map((peer) => `${figure(peer)} ${peer.library}`).join(', '),
  ]
}

/** Both are the same broker: where it keeps its messages tells them apart. */
const EMBEDDED = ['memory', 'file']

function brokerOf(cell: Cell | undefined): string {
  const name = String(cell?.runs[0]?.settings.broker ?? cell?.broker ?? '').replace(' Core', '')
  return cell && EMBEDDED.includes(cell.adapter) ? `${name}, \`${cell.adapter}:\`` : name
}

/** Messages per second; for requests the time until the answer. */
function figure(cell: Cell | undefined): string {
  if (!cell || cell.verdict === 'INVALID') return 'INVALID (reason in the data)'
  if (cell.latencyP50) return `${Math.round(cell.latencyP50.median * 1000).toLocaleString('en')} µs p50`
  return `${Math.round(cell.throughput.typical).toLocaleString('en')}/s`
}

/** A difference of latencies: median, least and most. Unit of what comes in: ms. */
function later(median: number, range: readonly number[] | undefined): string {
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(Math.round(value * 1000))}`
  return `${signed(median)} µs${range ? ` (${range.map(signed).join(' to ')})` : ''}`
}

function share(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(2)
}

function origin({ createdAt, environment, repeats }: Report): string {
  const { node, cores, cpu, libraries } = environment
  const versions = Object.entries(libraries).map(([name, version]) => `${name} ${version}`)
  return `${createdAt.slice(0, 10)}, ${repeats} interleaved runs, broker and clients on the same ${cores} cores (${cpu}), Node ${node}; ${versions.join(', ')}. Queue: 1000 in flight, every message confirmed and accepted, durable. Live: one publisher, one subscriber. Request: one after the other. A figure is the geometric mean of the runs, so that Sluice of bare, above 1 is faster, is the one over the other; behind it the range that holds the true ratio with 95 %: where 1 lies in it, the runs show no difference. Requests: medians, and the difference of runs side by side: median, least and most. The broker in memory has no client library to be held against; bare lmdb is a put, a sync and a removal for each message. The hub is held against a broker of two hops as one writes it on zeromq.js, ROUTER to ROUTER; one hop is two sockets with nothing in between, which confirm nothing. Cold starts, native clients, growth and start-up: [performance](docs/performance.md). The tier says what survives (T0 nothing promised … T3 power loss). Data: \`bench/results\`; again: \`npm run bench\`; on your own brokers: [\`sluice compare\`](docs/compare.md).`
}
