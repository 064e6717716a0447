/** The whole comparison: every workload on every arm, interleaved and repeated, with a progress callback and a way to stop. */
import { redact } from '../index.ts'
import type { Arm } from './arm.ts'
import { armsFor } from './arms/index.ts'
import type { CellOptions } from './cell.ts'
import type { CellResult } from './cell-result.ts'
import { comparisons } from './comparisons.ts'
import { environment } from './environment.ts'
import { type Spread, spread } from './figures/statistics.ts'
import { type Judgement, judge, judgeRuns } from './figures/verdict.ts'
import { runWorkload } from './load/run-workload.ts'
import type { Workload } from './load/workload.ts'
import { type Cell, type Report, SCHEMA_VERSION } from './report.ts'

export interface CompareOptions {
  readonly urls: readonly string[]
  readonly workloads: readonly Workload[]
  /** Runs of each cell. */
  readonly repeats: number
  readonly signal: AbortSignal
  /** Longest run of one cell. Unit: ms. Default 60,000. */
  readonly timeoutMs?: number
  /** Longest wait for the last arrivals, counted from the last sign of life. Unit: ms. Default 5,000. */
  readonly graceMs?: number
  /** Time for everything; runs are cut short to keep it. Unit: ms. Default: as long as it takes. */
  readonly budgetMs?: number
  /** Only through this library, without the bare clients. */
  readonly withoutBare?: boolean
  /** Sender and receiver in separate processes, where the pattern allows it. */
  readonly apart?: boolean
  /** Says of a figure when the machine was busy with other work. Default: true. */
  readonly watchMachine?: boolean
  /** Arms of a URL; the default are this library's and the bare client's. */
  readonly arms?: (url: string) => Promise<readonly Arm[]>
  readonly progress?: (progress: Progress) => void
}

export interface Progress {
  readonly done: number
  readonly total: number
  readonly cell: string
  readonly judgement: Judgement
  readonly throughput: number
}

/** A cell while it is being measured. */
interface Slot {
  readonly arm: Arm
  readonly broker: string
  readonly workload: Workload
  readonly runs: CellResult[]
  notRun: string
}

const DEFAULT_TIMEOUT_MS = 60_000
const GRACE_MS = 5_000
/** Least time that a run gets to become steady. Unit: ms. */
const STEADY_START_MS = 300
/** Messages of the runs that warm up the compiler. */
const SETTLING_COUNT = 2_000

/** Never rejects for a broker's sake: a cell that could not be measured carries its reason. */
export async function compare(options: CompareOptions): Promise<Report> {
  const createdAt = new Date().toISOString()
  const { slots, brokers } = await slotsOf(options)
  await new Comparing(options, slots).run()
  const cells = slots.map(toCell)
  return {
    schemaVersion: SCHEMA_VERSION,
    createdAt,
    environment: environment(),
    workloads: options.workloads,
    repeats: options.repeats,
    apart: options.apart ?? false,
    interrupted: options.signal.aborted,
    brokers,
    cells,
    comparisons: comparisons(cells),
  }
}

async function slotsOf({ urls, workloads, withoutBare, arms = armsFor }: CompareOptions) {
  const found = await Promise.all(urls.map((url) => arms(url)))
  const times = new Map<string, number>()
  const brokers = urls.map((url, at) => {
    const adapter = found[at]![0]!.adapter
    const time = (times.get(adapter) ?? 0) + 1
    times.set(adapter, time)
    return { name: time === 1 ? adapter : `${adapter} ${time}`, url: redact(url) }
  })
  const slots: Slot[] = []
  for (const workload of workloads) {
    for (const [at, list] of found.entries()) {
      for (const arm of list) {
        if (!arm.patterns.includes(workload.pattern) || (withoutBare && arm.kind === 'bare')) continue
        slots.push({ arm, broker: brokers[at]!.name, workload, runs: [], notRun: 'not run' })
      }
    }
  }
  return { slots, brokers }
}

class Comparing {
  readonly #options: CompareOptions
  readonly #slots: readonly Slot[]
  readonly #total: number
  readonly #deadline: number
  #done = 0

  constructor(options: CompareOptions, slots: readonly Slot[]) {
    this.#options = options
    this.#slots = slots
    this.#total = slots.length * options.repeats
    this.#deadline = performance.now() + (options.budgetMs ?? Infinity)
  }

  async run(): Promise<void> {
    const { repeats, signal, workloads } = this.#options
    if (repeats > 1) await this.#settle()
    for (let repeat = 0; repeat < repeats && !signal.aborted; repeat++) {
      // Nobody there now may be there in the next turn.
      const unreachable = new Map<Arm, string>()
      // A B C D, then D C B A: neither drift of the machine nor the place in the row falls on one arm alone.
      for (const workload of workloads) {
        const row = this.#slots.filter((slot) => slot.workload === workload)
        if (repeat % 2 === 1) row.reverse()
        for (const slot of row) if (!signal.aborted) await this.#measure(slot, unreachable)
      }
    }
    if (signal.aborted) for (const slot of this.#slots) slot.notRun = 'not run: interrupted'
  }

  /** The first runs of a process are slow: nobody's cell shall have them. */
  async #settle(): Promise<void> {
    const arms = new Map(this.#slots.map((slot) => [slot.arm, slot.workload]).reverse() as [Arm, Workload][])
    for (const [arm, workload] of arms) {
      if (this.#options.signal.aborted) return
      const count = Math.min(workload.count, SETTLING_COUNT)
      const short = { ...workload, count, durationMs: 0, steadyMs: 0, loads: [], rate: 0, faults: [] }
      await runWorkload(arm, short, this.#limits(workload))
    }
  }

  async #measure(slot: Slot, unreachable: Map<Arm, string>): Promise<void> {
    const { arm, broker, runs } = slot
    const known = unreachable.get(arm)
    if (known === undefined) {
      const workload = this.#fitted(slot.workload)
      const capacity = runs.find((run) => run.capacity !== undefined)?.capacity
      const result = await runWorkload(arm, workload, this.#limits(workload), capacity)
      runs.push(result)
      if (result.unreachable) unreachable.set(arm, result.problem ?? 'unreachable')
    } else slot.notRun = `not tried again: ${known}`
    this.#done++
    const last = runs.at(-1)
    this.#options.progress?.({
      done: this.#done,
      total: this.#total,
      cell: `${slot.workload.name} · ${broker} · ${arm.library}`,
      judgement:
        known === undefined && last
          ? judge(slot.workload, last)
          : { verdict: 'INVALID', reasons: [slot.notRun] },
      throughput: last?.throughput ?? 0,
    })
  }

  /** Time this run may take. Unit: ms. */
  #share(): number {
    return Math.max(100, (this.#deadline - performance.now()) / (this.#total - this.#done))
  }

  /** Cut to the time there is; about half of a run is setting up and cleaning up. */
  #fitted(workload: Workload): Workload {
    if (this.#deadline === Infinity) return workload
    const steps = workload.loads.length === 0 ? 1 : workload.loads.length + 1
    const least = workload.steadyMs > 0 ? STEADY_START_MS + workload.steadyMs : 50
    const durationMs = Math.max(least, Math.floor((this.#share() * 0.5) / steps))
    return { ...workload, durationMs: Math.min(workload.durationMs || Infinity, durationMs) }
  }

  #limits({ loads }: Workload): CellOptions {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, graceMs = GRACE_MS } = this.#options
    const { apart = false, watchMachine = true } = this.#options
    const tight = this.#deadline !== Infinity
    const steps = loads.length === 0 ? 1 : loads.length
    return {
      signal,
      apart,
      watchMachine,
      graceMs: tight ? Math.min(graceMs, 1_000 + this.#share()) : graceMs,
      timeoutMs: tight ? Math.min(timeoutMs, 8_000 + (2 * this.#share()) / steps) : timeoutMs,
    }
  }
}

function toCell({ arm, broker, workload, runs, notRun }: Slot): Cell {
  const numbers = (read: (run: CellResult) => number | undefined): Spread | undefined => {
    const values = runs.map(read).filter((value): value is number => value !== undefined)
    return values.length === 0 ? undefined : spread(values)
  }
  const refused = runs.find((run) => run.noLatencyClaim !== undefined)?.noLatencyClaim
  return {
    workload: workload.name,
    library: arm.library,
    kind: arm.kind,
    adapter: arm.adapter,
    broker,
    tier: runs.at(-1)?.tier,
    ...judgeRuns(workload, runs, notRun),
    throughput: spread(runs.map((run) => run.throughput)),
    latencyP50: refused === undefined ? numbers((run) => run.latency?.p50) : undefined,
    latencyP99: refused === undefined ? numbers((run) => run.latency?.p99) : undefined,
    noLatencyClaim: refused,
    runs,
  }
}
