/** The whole comparison: every workload on every arm, interleaved and repeated, with a progress callback and a way to stop. */
import { redact } from '../index.ts'
import type { Arm } from './arm.ts'
import { armsFor } from './arms/index.ts'
import { type CellResult, runCell } from './cell.ts'
import { type Environment, environment } from './environment.ts'
import { type Ratio, ratio, type Spread, spread } from './statistics.ts'
import { type Judgement, judge, type Verdict } from './verdict.ts'
import type { Workload } from './workload.ts'

/** Changes when a reader of the JSON has to change. */
export const SCHEMA_VERSION = 1

export interface CompareOptions {
  readonly urls: readonly string[]
  readonly workloads: readonly Workload[]
  /** Runs of each cell. */
  readonly repeats: number
  readonly signal: AbortSignal
  /** Longest run of one cell. Unit: ms. Default 60,000. */
  readonly timeoutMs?: number
  /** Only through this library, without the bare clients. */
  readonly withoutBare?: boolean
  readonly progress?: (progress: Progress) => void
}

export interface Progress {
  readonly done: number
  readonly total: number
  readonly cell: string
  readonly judgement: Judgement
  readonly throughput: number
}

export interface Cell {
  readonly workload: string
  readonly library: string
  readonly kind: Arm['kind']
  readonly adapter: string
  readonly broker: string
  readonly verdict: Verdict
  readonly reasons: readonly string[]
  readonly throughput: Spread
  readonly latencyP50: Spread | undefined
  readonly latencyP99: Spread | undefined
  readonly runs: readonly CellResult[]
}

export interface Overhead {
  readonly workload: string
  readonly adapter: string
  readonly library: string
  /** Throughput through this library over the bare client's. */
  readonly throughput: Ratio | undefined
  /** Median latency through this library minus the bare client's. Unit: ms. */
  readonly latencyP50Ms: number | undefined
}

export interface Report {
  readonly schemaVersion: typeof SCHEMA_VERSION
  readonly createdAt: string
  readonly environment: Environment
  readonly workloads: readonly Workload[]
  readonly repeats: number
  readonly interrupted: boolean
  readonly cells: readonly Cell[]
  readonly overheads: readonly Overhead[]
}

interface Slot {
  readonly arm: Arm
  readonly workload: Workload
  readonly runs: CellResult[]
}

/** Never rejects for a broker's sake: a cell that could not be measured carries its reason. */
export async function compare(options: CompareOptions): Promise<Report> {
  const createdAt = new Date().toISOString()
  const arms = (await Promise.all(options.urls.map((url) => armsFor(url)))).flat()
  const used = options.withoutBare ? arms.filter((arm) => arm.kind === 'sluice') : arms
  const slots: Slot[] = []
  for (const workload of options.workloads) {
    for (const arm of used)
      if (arm.patterns.includes(workload.pattern)) slots.push({ arm, workload, runs: [] })
  }
  const total = slots.length * options.repeats
  let done = 0
  // A B C D, A B C D …: drift of the machine falls on all arms alike.
  for (let repeat = 0; repeat < options.repeats && !options.signal.aborted; repeat++) {
    for (const slot of slots) {
      if (options.signal.aborted) break
      const result = await runCell(slot.arm, slot.workload, {
        signal: options.signal,
        graceMs: 5_000,
        timeoutMs: options.timeoutMs ?? 60_000,
      })
      slot.runs.push(result)
      done++
      options.progress?.({
        done,
        total,
        cell: `${slot.workload.name} · ${slot.arm.adapter} · ${slot.arm.library}`,
        judgement: judge(slot.workload, result),
        throughput: result.throughput,
      })
    }
  }
  const cells = slots.map(toCell)
  return {
    schemaVersion: SCHEMA_VERSION,
    createdAt,
    environment: environment(),
    workloads: options.workloads,
    repeats: options.repeats,
    interrupted: options.signal.aborted,
    cells,
    overheads: overheads(cells),
  }
}

const RANK: Record<Verdict, number> = { VALID: 0, DEGRADED: 1, INVALID: 2 }

function toCell({ arm, workload, runs }: Slot): Cell {
  const judgements = runs.map((run) => judge(workload, run))
  const worst = judgements.reduce<Judgement>(
    (known, next) => (RANK[next.verdict] > RANK[known.verdict] ? next : known),
    runs.length === 0 ? { verdict: 'INVALID', reasons: ['not run'] } : judgements[0]!,
  )
  const numbers = (read: (run: CellResult) => number | undefined): Spread | undefined => {
    const values = runs.map(read).filter((value): value is number => value !== undefined)
    return values.length === 0 ? undefined : spread(values)
  }
  return {
    workload: workload.name,
    library: arm.library,
    kind: arm.kind,
    adapter: arm.adapter,
    broker: redact(arm.broker),
    verdict: worst.verdict,
    reasons: worst.reasons,
    throughput: spread(runs.map((run) => run.throughput)),
    latencyP50: numbers((run) => run.latency?.p50),
    latencyP99: numbers((run) => run.latency?.p99),
    runs,
  }
}

function overheads(cells: readonly Cell[]): Overhead[] {
  const found: Overhead[] = []
  for (const ours of cells.filter((cell) => cell.kind === 'sluice')) {
    for (const bare of cells) {
      if (bare.kind === 'sluice' || bare.workload !== ours.workload || bare.broker !== ours.broker) continue
      const comparable = ours.verdict !== 'INVALID' && bare.verdict !== 'INVALID'
      const p50 =
        ours.latencyP50 && bare.latencyP50 ? ours.latencyP50.median - bare.latencyP50.median : undefined
      found.push({
        workload: ours.workload,
        adapter: ours.adapter,
        library: bare.library,
        throughput: comparable
          ? ratio(
              ours.runs.map((run) => run.throughput),
              bare.runs.map((run) => run.throughput),
            )
          : undefined,
        latencyP50Ms: comparable ? p50 : undefined,
      })
    }
  }
  return found
}
