/** Workloads on one arm, one after the other, in a process of their own: the first of them meets a cold program. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Arm } from '../../src/compare/arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { runCell } from '../../src/compare/cell.ts'
import { judge } from '../../src/compare/figures/verdict.ts'
import type { Workload } from '../../src/compare/index.ts'
import { peersOf } from './peers.ts'
import { processorTimeOf } from './processor-time.ts'

const ROLE = '--cells'
const TIMEOUT_MS = 60_000

export interface CellOrder {
  readonly backend: string
  readonly url: string
  readonly library: string
  readonly workloads: readonly Workload[]
  /** Processes of the broker, whose time is taken as well. */
  readonly brokerPids?: readonly number[]
}

/** What came of one workload. */
export interface CellFigure {
  /** Unit: messages per second. */
  readonly rate: number
  /** Processor time of a message. Unit: µs. */
  readonly clientUs: number
  /** … in the broker, setting up and deleting included; 0: not known. */
  readonly brokerUs: number
}

/** @throws when a run was not sound */
export function runApart(order: CellOrder): Promise<CellFigure[]> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [ROLE, JSON.stringify(order)], { execArgv: [] })
    child.once('message', (message) => resolve(message as CellFigure[]))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${order.library} ended with ${code}`)))
  })
}

async function run({ backend, url, library, workloads, brokerPids = [] }: CellOrder): Promise<CellFigure[]> {
  const arm = await armOf(backend, url, library)
  const { signal } = new AbortController()
  const options = { signal, graceMs: 5_000, timeoutMs: TIMEOUT_MS, apart: false, watchMachine: false }
  const figures: CellFigure[] = []
  for (const workload of workloads) {
    const before = processorTimeOf(brokerPids)
    const result = await runCell(arm, workload, options)
    const spent = processorTimeOf(brokerPids) - before
    const { verdict, reasons } = judge(workload, result)
    if (verdict === 'INVALID') throw new Error(`${library}, ${workload.name}: ${reasons.join('; ')}`)
    figures.push({
      rate: result.throughput,
      clientUs: result.cpuMsPerThousand,
      brokerUs: (spent * 1000) / result.account.received,
    })
  }
  return figures
}

async function armOf(backend: string, url: string, library: string): Promise<Arm> {
  const arm = [...(await armsFor(url)), ...(await peersOf(backend, url))].find(
    (one) => one.library === library,
  )
  if (!arm) throw new Error(`There is no arm ${library} on ${backend}`)
  return arm
}

if (process.argv[2] === ROLE) {
  const figures = await run(JSON.parse(process.argv[3]!))
  process.send!(figures, () => process.exit())
}
