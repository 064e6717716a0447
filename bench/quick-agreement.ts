/**
 * Whether the figures of `sluice compare --quick` hold: against a long run of the same workloads on the same brokers.
 *
 *   npx tsx bench/quick-agreement.ts URL... [--busy 2]       zmq: a hub of its own
 *
 * `--busy N`: N loops keep processors busy beside the quick run, and not beside the long one. Ends with 1 when a figure that the quick
 * run calls VALID lies more than 25 % beside the long run's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { type Cell, compare, quickWorkloads, type Report, type Workload } from '../src/compare/index.ts'
import { runCompiled } from './run/compiled.ts'
import { HubProcess } from './run/hub-process.ts'

const MOST_OFF = 0.25
/** As the command has it. Unit: ms, for each broker. */
const QUICK_MS = 18_000
/** Of the long run. Unit: ms. */
const LONG_MS = 3_000
const LONG_STEADY_MS = 2_000
const LONG_REPEATS = 2

/** Resolves to the exit code. */
async function measure(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { busy: { type: 'string', default: '0' } },
  })
  if (positionals.length === 0) {
    process.stderr.write('usage: npx tsx bench/quick-agreement.ts URL... [--busy N]\n')
    return 2
  }
  await using hub = positionals.includes('zmq:') ? await HubProcess.start() : undefined
  const urls = positionals.map((url) => (url === 'zmq:' ? hub!.url : url))
  const workloads = quickWorkloads()
  const loops = Array.from({ length: Number(values.busy) }, busyLoop)
  let quick: Report
  try {
    quick = await run(urls, workloads, 1, QUICK_MS * urls.length)
  } finally {
    for (const loop of loops) loop.kill('SIGKILL')
  }
  const long = await run(urls, workloads.map(longer), LONG_REPEATS)
  let wrong = 0
  for (const cell of quick.cells) {
    const other = long.cells.find((one) => nameOf(one) === nameOf(cell))!
    const off = Math.abs(cell.throughput.typical / other.throughput.typical - 1)
    const misled = cell.verdict === 'VALID' && off > MOST_OFF
    if (misled) wrong++
    const figures = [cell, other]
      .map(({ throughput }) => `${Math.round(throughput.typical)}/s`)
      .join(', long ')
    process.stdout.write(
      `${misled ? 'WRONG ' : ''}${nameOf(cell)}: ${cell.verdict} ${figures}, ${Math.round(off * 100)} % off; long ${other.verdict}; ${cell.reasons.join('; ')}\n`,
    )
  }
  process.stdout.write(`${quick.cells.length} cells, ${wrong} VALID and more than ${MOST_OFF * 100} % off\n`)
  return wrong === 0 ? 0 : 1
}

function run(
  urls: readonly string[],
  workloads: readonly Workload[],
  repeats: number,
  budgetMs?: number,
): Promise<Report> {
  return compare({ urls, workloads, repeats, budgetMs, signal: new AbortController().signal })
}

/** A backlog is as long as it is: it has no rate that could become steady. */
function longer(one: Workload): Workload {
  return one.steadyMs > 0 ? { ...one, durationMs: LONG_MS, steadyMs: LONG_STEADY_MS } : one
}

function nameOf({ workload, broker, library }: Cell): string {
  return `${workload} · ${broker} · ${library}`
}

function busyLoop(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
}

const script = process.argv[1]!
if (script.endsWith('.ts')) process.exitCode = await runCompiled(script, process.argv.slice(2))
else process.exit(await measure())
