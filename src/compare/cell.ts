/** One run of one workload on one arm, from set-up to clean-up. */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { aborted } from '../core/time/waiting.ts'
import { remoteStage } from './apart/remote-stage.ts'
import type { Arm, Plan } from './arm.ts'
import type { CellResult } from './cell-result.ts'
import { MachineWatch } from './figures/machine-watch.ts'
import { steadyPart } from './figures/steady.ts'
import { FaultSchedule } from './load/faults.ts'
import { Effort, type SendReport } from './load/generator.ts'
import { Measurement } from './load/measurement.ts'
import { localStage, type Stage } from './load/stage.ts'
import type { Workload } from './load/workload.ts'
import { describe, isUnreachable } from './problem.ts'

export interface CellOptions {
  readonly signal: AbortSignal
  /** Longest wait for the last arrivals once all is sent, counted from the last sign of life. Unit: ms. */
  readonly graceMs: number
  /** Longest run of a cell. Unit: ms. */
  readonly timeoutMs: number
  /** Sender and receiver in separate processes. */
  readonly apart: boolean
  /** Looks whether the machine has time for it. */
  readonly watchMachine: boolean
}

/** Longest clean-up, and longest sweep after one that failed. Unit: ms. */
const CLEAN_UP_MS = 4_000
const MEMORY_STEP_MS = 200

/** Never rejects: a broker that is absent, slow, full or dies is a result with its reason. */
export async function runCell(arm: Arm, workload: Workload, options: CellOptions): Promise<CellResult> {
  const name = `sluice-compare-${randomBytes(6).toString('hex')}`
  const measurement = await Measurement.create(workload)
  const overtime = AbortSignal.timeout(Math.ceil(options.timeoutMs))
  const limit = AbortSignal.any([options.signal, overtime, measurement.broken])
  const watch = options.watchMachine ? new MachineWatch() : undefined
  const run = new Run(arm, { workload, name, role: 'both' }, measurement, limit, options)
  await run.measure()
  if (options.signal.aborted) measurement.problem = 'interrupted'
  else if (overtime.aborted) {
    const why = measurement.isCutOff ? ': the connection was lost and did not come back' : ''
    measurement.problem ??= `stopped after ${Math.round(options.timeoutMs / 1000)} s${why}`
  }
  const result = run.result()
  const leftBehind = (await run.cleanUp()) ? undefined : name
  return { ...result, leftBehind, machine: watch?.end() }
}

class Run {
  readonly #arm: Arm
  readonly #plan: Plan
  readonly #measurement: Measurement
  readonly #limit: AbortSignal
  readonly #options: CellOptions
  #opening: Promise<Stage> | undefined
  #stage: Stage | undefined
  #report: SendReport | undefined
  #effort = new Effort()
  #unreachable = false
  #peakRss = process.memoryUsage.rss()

  constructor(arm: Arm, plan: Plan, measurement: Measurement, limit: AbortSignal, options: CellOptions) {
    this.#arm = arm
    this.#plan = plan
    this.#measurement = measurement
    this.#limit = limit
    this.#options = options
  }

  async measure(): Promise<void> {
    const memory = setInterval(() => {
      this.#peakRss = Math.max(this.#peakRss, process.memoryUsage.rss())
    }, MEMORY_STEP_MS)
    try {
      const open =
        this.#options.apart && canBeApart(this.#arm, this.#plan.workload) ? remoteStage : localStage
      this.#opening = open(this.#arm, this.#plan, this.#measurement)
      // A broker that takes the connection and says nothing must not hold the run.
      this.#opening.catch(() => {})
      this.#stage = (await Promise.race([this.#opening, aborted(this.#limit)])) ?? undefined
      if (this.#stage) await this.#drive(this.#stage)
      // Neither an answer nor a reason in all that time.
      else this.#unreachable = !this.#options.signal.aborted && this.#measurement.problem === undefined
    } catch (error) {
      this.#unreachable = this.#stage === undefined && isUnreachable(error)
      this.#measurement.problem ??= describe(error)
    } finally {
      clearInterval(memory)
    }
  }

  async #drive(stage: Stage): Promise<void> {
    const measurement = this.#measurement
    const { pattern, warmUp, faults } = this.#plan.workload
    const { graceMs } = this.#options
    const limit = this.#limit
    if (warmUp > 0) {
      await stage.sending.warmUp(limit)
      await measurement.warmedUp(limit, graceMs)
      if (limit.aborted) return
    }
    this.#effort = new Effort()
    measurement.start()
    const here = faults.filter(({ on }) => on === undefined || on === this.#arm.adapter)
    const schedule = new FaultSchedule(here, measurement)
    try {
      const report = await stage.sending.run(limit)
      this.#report = report
      measurement.problem ??= report.problem
      if (pattern === 'store-and-forward' || pattern === 'browse') measurement.start()
      if (pattern === 'store-and-forward') await Promise.race([stage.attachReceivers(), aborted(limit)])
      if (pattern === 'browse') await Promise.race([stage.browse(), aborted(limit)])
      else await measurement.complete(report.sent, limit, graceMs)
    } finally {
      await schedule.end()
    }
  }

  /** `false`: something is left at the broker. */
  async cleanUp(): Promise<boolean> {
    const closed = async (): Promise<boolean> => {
      // Opened too late to be measured, or never: what it made so far goes as well.
      const stage = this.#stage ?? (await this.#opening)
      await stage?.close()
      return true
    }
    const sweep = (): Promise<boolean> => this.#arm.sweep(this.#plan).then(() => true)
    if (await within(closed)) return true
    return this.#unreachable || (await within(sweep))
  }

  result(): Omit<CellResult, 'leftBehind' | 'machine'> {
    const { workload } = this.#plan
    const measurement = this.#measurement
    const report = this.#report
    const { cpuMs, eventLoopUtilization } = this.#effort.read()
    const { arrivals, elapsedMs } = measurement
    const backlog = workload.pattern === 'store-and-forward' || workload.pattern === 'browse'
    const account = measurement.account(report?.sent ?? 0, report?.outcomes ?? new Uint8Array(0))
    const steady =
      workload.steadyMs > 0 && !backlog && report
        ? steadyPart(measurement.timeline, report.elapsedMs, workload.steadyMs)
        : undefined
    const whole = arrivals === 0 ? 0 : (arrivals / elapsedMs) * 1000
    return {
      account,
      settings: this.#stage?.settings ?? {},
      tier: this.#stage?.tier,
      throughput: steady?.throughput ?? whole,
      steady,
      sendThroughput: report && report.elapsedMs > 0 ? (account.accepted / report.elapsedMs) * 1000 : 0,
      // With a backlog the time since sending says nothing about the broker.
      latency: backlog ? undefined : measurement.latency(),
      service: report?.service,
      noLatencyClaim: backlog ? 'a backlog was read' : undefined,
      rate: workload.rate,
      capacity: undefined,
      elapsedMs,
      scheduleSlipMs: report?.slipMs ?? 0,
      eventLoopUtilization,
      cpuMsPerThousand: arrivals === 0 ? 0 : (cpuMs / arrivals) * 1000,
      peakRssBytes: this.#peakRss,
      timeline: measurement.timeline,
      slowest: measurement.slowest,
      marks: measurement.marks,
      curve: [],
      knee: undefined,
      problem: measurement.problem,
      unreachable: this.#unreachable,
    }
  }
}

/** A broker that belongs to one process. */
const EMBEDDED = new Set(['memory', 'file'])

/** Answers and copies come where they were asked for: those patterns stay in one process. */
function canBeApart({ adapter }: Arm, { pattern }: Workload): boolean {
  return !EMBEDDED.has(adapter) && pattern !== 'request-response' && pattern !== 'browse'
}

async function within(work: () => Promise<boolean>): Promise<boolean> {
  return Promise.race([work().catch(() => false), sleep(CLEAN_UP_MS, false)])
}
