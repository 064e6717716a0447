/**
 * Whether the figures of `sluice compare --quick` hold: against a long run of the same workloads on the same brokers.
 *
 *   npx tsx bench/proof/quick-agreement.ts URL... [--busy 2] [--minutes 6] [--write]       zmq: a hub of its own
 *
 * `--busy N`: once more while N loops keep processors busy. The long run has a quiet machine; it is cut short to end in time. `--write`
 * puts the table into docs/compare.md. Ends with 1 when a figure that a quick run calls VALID lies more than 25 % beside the long run's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type Cell,
  compare,
  markdownTable,
  quickWorkloads,
  type Report,
  type Workload,
} from '../../src/compare/index.ts'
import { CHECKOUT_VARIABLE, runCompiled } from '../run/compiled.ts'
import { HubProcess } from '../run/hub-process.ts'
import { writeBetween } from '../run/marks.ts'

const MOST_OFF = 0.25
/** As the command has it. Unit: ms, for each broker. */
const QUICK_MS = 18_000
/** Of the long run. Unit: ms. */
const LONG_MS = 3_000
const LONG_STEADY_MS = 2_000
const LONG_REPEATS = 2
/** What is left for the long run in any case. Unit: ms. */
const LEAST_MS = 60_000
/** Of its time that a run may take on a machine with other work; then it is broken off. */
const MOST_OVER = 1.5

/** A quick run, and how the machine was meanwhile. */
interface Quick {
  readonly title: string
  readonly report: Report
}

/** Resolves to the exit code. */
async function measure(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      busy: { type: 'string', default: '0' },
      minutes: { type: 'string', default: '6' },
      write: { type: 'boolean', default: false },
    },
  })
  if (positionals.length === 0) {
    process.stderr.write(
      'usage: npx tsx bench/proof/quick-agreement.ts URL... [--busy N] [--minutes N] [--write]\n',
    )
    return 2
  }
  await using hub = positionals.includes('zmq:') ? await HubProcess.start() : undefined
  const urls = positionals.map((url) => (url === 'zmq:' ? hub!.url : url))
  const until = performance.now() + Number(values.minutes) * 60_000
  const workloads = quickWorkloads()
  const quickly = (title: string): Promise<Report> => run(title, urls, workloads, 1, QUICK_MS * urls.length)

  const quick: Quick[] = [{ title: 'quick', report: await quickly('quick') }]
  const busy = Number(values.busy)
  if (busy > 0) {
    const title = `quick, ${busy} busy loops beside it`
    const loops = Array.from({ length: busy }, busyLoop)
    try {
      quick.push({ title, report: await quickly(title) })
    } finally {
      for (const loop of loops) loop.kill('SIGKILL')
    }
  }
  const long = await run(
    'long',
    urls,
    workloads.map(longer),
    LONG_REPEATS,
    Math.max(LEAST_MS, until - performance.now()),
  )

  const { text, wrong } = page(quick, long)
  process.stdout.write(`${text}\n`)
  if (values.write)
    await writeBetween(join(process.env[CHECKOUT_VARIABLE]!, 'docs', 'compare.md'), 'quick', text)
  return wrong === 0 ? 0 : 1
}

function run(
  title: string,
  urls: readonly string[],
  workloads: readonly Workload[],
  repeats: number,
  budgetMs: number,
): Promise<Report> {
  const signal = AbortSignal.timeout(Math.round(budgetMs * MOST_OVER))
  const seconds = Math.round(budgetMs / 1000)
  return compare({
    urls,
    workloads,
    repeats,
    budgetMs,
    signal,
    progress: ({ done, total, cell, judgement }) =>
      process.stderr.write(
        `${title} (${seconds} s at most), ${done} of ${total}: ${cell}: ${judgement.verdict}\n`,
      ),
  })
}

/** A backlog is as long as it is: it has no rate that could become steady. */
function longer(one: Workload): Workload {
  return one.steadyMs > 0 ? { ...one, durationMs: LONG_MS, steadyMs: LONG_STEADY_MS } : one
}

function page(quick: readonly Quick[], long: Report): { text: string; wrong: number } {
  const sums = quick.map(({ title, report }) => {
    const valid = report.cells.filter(({ verdict }) => verdict === 'VALID')
    const misled = valid.filter((cell) => offOf(cell, long) > MOST_OFF).length
    const text = `${title}: ${report.cells.length} cells, ${valid.length} of them VALID, of these ${misled} more than ${MOST_OFF * 100} % off`
    return { text, misled }
  })
  const table = markdownTable(
    ['work', 'broker', 'client', ...quick.map(({ title }) => title), 'long'],
    long.cells.map((cell) => [
      cell.workload,
      cell.broker,
      cell.library,
      ...quick.map(({ report }) => quickFigure(cell, report, long)),
      figure(cell),
    ]),
  )
  const { node, cores, cpu } = long.environment
  const origin = `${long.createdAt.slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}. ${sums.map(({ text }) => text).join('; ')}.`
  return { text: `${table}\n\n${origin}`, wrong: sums.reduce((sum, { misled }) => sum + misled, 0) }
}

function quickFigure(cell: Cell, report: Report, long: Report): string {
  const quick = sameIn(report, cell)
  if (!quick) return '–'
  const off = offOf(quick, long)
  return Number.isFinite(off) ? `${figure(quick)}, ${Math.round(off * 100)} % off` : figure(quick)
}

function figure({ verdict, throughput }: Cell): string {
  const rate = Number.isFinite(throughput.typical)
    ? `${Math.round(throughput.typical).toLocaleString('en')}/s `
    : ''
  return `${rate}${verdict}`
}

/** How far a figure lies beside that of the long run; not a number where one of them has none. */
function offOf(cell: Cell, long: Report): number {
  const other = sameIn(long, cell)
  return Math.abs(cell.throughput.typical / (other?.throughput.typical ?? Number.NaN) - 1)
}

function sameIn(report: Report, { workload, broker, library }: Cell): Cell | undefined {
  return report.cells.find(
    (cell) => cell.workload === workload && cell.broker === broker && cell.library === library,
  )
}

function busyLoop(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
}

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else process.exit(await measure())
