/** One run of one workload on one arm: drives it, keeps the books, measures. */
import { performance } from 'node:perf_hooks'
import type { Histogram } from 'hdr-histogram-js'
import { clientLibrary } from '../core/client-library.ts'
import type { Tier } from '../index.ts'
import { isMessagingError } from '../index.ts'
import { type Arm, type ArmRun, tracksOf } from './arm.ts'
import { type Account, Ledger } from './ledger.ts'
import { PayloadMaker } from './payload.ts'
import type { Workload } from './workload.ts'

export interface LatencySummary {
  /** Unit of all: ms. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly mean: number
  readonly samples: number
  /** The percentile curve: `[percentile, ms]`, a point for each percent, and for each tenth above 99. */
  readonly curve: readonly (readonly [number, number])[]
}

export interface CellResult {
  readonly account: Account
  readonly settings: ArmRun['settings']
  readonly tier: Tier | undefined
  /** Messages per second, from the first send to the last arrival of every track. */
  readonly throughput: number
  /** From the intended send time to the arrival: what a user waits, schedule slips included. */
  readonly latency: LatencySummary | undefined
  /** From the call of send to its outcome. */
  readonly service: LatencySummary | undefined
  readonly elapsedMs: number
  /** How late the generator was against its own schedule at worst. Unit: ms. */
  readonly scheduleSlipMs: number
  /** Share of time the generator's event loop was busy, 0 to 1. */
  readonly eventLoopUtilization: number
  /** CPU of the generating process per 1000 messages. Unit: ms. */
  readonly cpuMsPerThousand: number
  readonly peakRssBytes: number
  /** Arrivals for each tenth of a second since the start. */
  readonly timeline: readonly number[]
  /** Why there is no result, or less than wanted. */
  readonly problem: string | undefined
}

export interface CellOptions {
  readonly signal: AbortSignal
  /** Longest wait for the last arrivals once all is sent, counted from the last sign of life. Unit: ms. */
  readonly graceMs: number
  /** Longest run of a cell. Unit: ms. */
  readonly timeoutMs: number
}

const TIMELINE_STEP_MS = 100

/** Never rejects: a broker that is absent, slow or dies is a result with its reason. */
export async function runCell(arm: Arm, workload: Workload, options: CellOptions): Promise<CellResult> {
  const measuring = new Measurement(workload, await histograms())
  let run: ArmRun | undefined
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)])
  try {
    run = await arm.open(workload, measuring)
    await measuring.drive(run, limit, options.graceMs)
  } catch (error) {
    measuring.problem ??= options.signal.aborted ? 'interrupted' : describe(error)
  }
  const result = measuring.result(run)
  // A broker that does not answer must not hold the report back.
  if (run) await Promise.race([run.close().catch(() => {}), delay(10_000)])
  return result
}

class Measurement {
  readonly #workload: Workload
  readonly #payload: PayloadMaker
  readonly #ledger: Ledger
  readonly #latency: Histogram
  readonly #service: Histogram
  readonly #tracks: number
  readonly #timeline: number[] = []
  #arrivals = 0
  #warmUpArrivals = 0
  #lastArrivalAt = 0
  #startedAt = 0
  #slip = 0
  #cpu: NodeJS.CpuUsage | undefined
  #elu = performance.eventLoopUtilization()
  #peakRss = 0
  #wake: (() => void) | undefined
  problem: string | undefined

  constructor(workload: Workload, histograms: () => Histogram) {
    this.#workload = workload
    this.#tracks = tracksOf(workload)
    this.#payload = new PayloadMaker(workload.bytes)
    this.#ledger = new Ledger(workload.count, this.#tracks)
    this.#latency = histograms()
    this.#service = histograms()
  }

  // ── told by the arm ──

  arrived({
    track,
    receiver,
    body,
    redelivered,
  }: Parameters<Parameters<Arm['open']>[1]['arrived']>[0]): void {
    const now = performance.now()
    if (isWarmUp(body)) {
      this.#warmUpArrivals++
      this.#wake?.()
      return
    }
    const stamp = this.#ledger.arrived(track, receiver, body, redelivered)
    this.#arrivals++
    this.#lastArrivalAt = now
    if (stamp) this.#latency.recordValue(Math.max(1, Math.round((now - stamp.intendedAt) * 1000)))
    const slot = Math.floor((now - this.#startedAt) / TIMELINE_STEP_MS)
    if (slot >= 0 && slot < 100_000) this.#timeline[slot] = (this.#timeline[slot] ?? 0) + 1
    if (this.#arrivals >= this.#workload.count * this.#tracks) this.#wake?.()
  }

  failed(error: Error): void {
    this.problem ??= describe(error)
    this.#wake?.()
  }

  // ── driving ──

  async drive(run: ArmRun, signal: AbortSignal, graceMs: number): Promise<void> {
    const { pattern, warmUp } = this.#workload
    if (warmUp > 0) await this.#warmUp(run, signal, graceMs)
    this.#elu = performance.eventLoopUtilization()
    this.#cpu = process.cpuUsage()
    this.#startedAt = performance.now()
    await this.#sendAll(run, signal)
    if (pattern === 'store-and-forward' || pattern === 'browse') this.#startedAt = performance.now()
    if (pattern === 'store-and-forward') await run.attachReceivers()
    if (pattern === 'browse') await run.browse?.()
    await this.#lastArrivals(signal, graceMs)
  }

  async #warmUp(run: ArmRun, signal: AbortSignal, graceMs: number): Promise<void> {
    const { warmUp, inFlight } = this.#workload
    await pipelined(warmUp, inFlight, signal, (sequence) =>
      run.send(sequence, warmUpBody(this.#workload.bytes)),
    )
    const deadline = performance.now() + graceMs
    while (
      this.#warmUpArrivals < warmUp * this.#tracks &&
      performance.now() < deadline &&
      !signal.aborted &&
      !this.problem
    ) {
      await this.#sign(50)
    }
  }

  async #sendAll(run: ArmRun, signal: AbortSignal): Promise<void> {
    const { count, inFlight, rate } = this.#workload
    const began = performance.now()
    let next = 0
    const due =
      rate > 0
        ? (sequence: number): number => began + (sequence * 1000) / rate
        : (): number => performance.now()
    const one = async (sequence: number): Promise<void> => {
      const intendedAt = due(sequence)
      const sentAt = performance.now()
      this.#slip = Math.max(this.#slip, sentAt - intendedAt)
      this.#ledger.sent()
      try {
        await run.send(sequence, this.#payload.make(0, sequence, intendedAt))
        this.#ledger.outcome(sequence, 'accepted')
        this.#service.recordValue(Math.max(1, Math.round((performance.now() - sentAt) * 1000)))
      } catch (error) {
        this.#ledger.outcome(sequence, isMessagingError(error, 'SEND_UNCONFIRMED') ? 'in-doubt' : 'failed')
        this.problem ??= describe(error)
      }
    }
    if (rate === 0) {
      await pipelined(count, inFlight, signal, one, () => this.problem !== undefined)
    } else {
      // Open model: a message is sent when it is due, whatever became of those before it.
      const open = new Set<Promise<void>>()
      while (next < count && !signal.aborted && !this.problem) {
        const now = performance.now()
        while (next < count && due(next) <= now) {
          const sending = one(next++).finally(() => open.delete(sending))
          open.add(sending)
        }
        await delay(1)
      }
      await Promise.all(open)
    }
    this.#sampleMemory()
  }

  async #lastArrivals(signal: AbortSignal, graceMs: number): Promise<void> {
    const { pattern, count } = this.#workload
    if (pattern === 'browse') return
    let lastSign = performance.now()
    let seen = this.#arrivals
    while (this.#arrivals < count * this.#tracks && !signal.aborted && !this.problem) {
      await this.#sign(50)
      if (this.#arrivals !== seen) {
        seen = this.#arrivals
        lastSign = performance.now()
      } else if (performance.now() - lastSign > graceMs) break
    }
    // A moment for duplicates that are under way.
    await delay(20)
    this.#sampleMemory()
  }

  #sign(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      const self = this
      function done(): void {
        clearTimeout(timer)
        self.#wake = undefined
        resolve()
      }
      this.#wake = done
    })
  }

  #sampleMemory(): void {
    this.#peakRss = Math.max(this.#peakRss, process.memoryUsage.rss())
  }

  result(run: ArmRun | undefined): CellResult {
    const elapsedMs = Math.max(0.001, this.#lastArrivalAt - this.#startedAt)
    const cpu = this.#cpu ? process.cpuUsage(this.#cpu) : { user: 0, system: 0 }
    const { utilization } = performance.eventLoopUtilization(this.#elu)
    const backlog = this.#workload.pattern === 'store-and-forward' || this.#workload.pattern === 'browse'
    return {
      account: this.#ledger.account(),
      settings: run?.settings ?? {},
      tier: run?.tier,
      throughput: this.#arrivals === 0 ? 0 : (this.#arrivals / elapsedMs) * 1000,
      // With a backlog the time since sending says nothing about the broker.
      latency: backlog ? undefined : summary(this.#latency),
      service: summary(this.#service),
      elapsedMs: this.#arrivals === 0 ? 0 : elapsedMs,
      scheduleSlipMs: this.#workload.rate > 0 ? this.#slip : 0,
      eventLoopUtilization: utilization,
      cpuMsPerThousand: this.#arrivals === 0 ? 0 : (cpu.user + cpu.system) / this.#arrivals,
      peakRssBytes: this.#peakRss,
      timeline: Array.from(this.#timeline, (value) => value ?? 0),
      problem: this.problem,
    }
  }
}

/** Calls `work` for 0 … count-1 with at most `width` unsettled. */
async function pipelined(
  count: number,
  width: number,
  signal: AbortSignal,
  work: (sequence: number) => Promise<unknown>,
  stopped: () => boolean = () => false,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count && !signal.aborted && !stopped()) await work(next++)
  }
  await Promise.race([Promise.all(Array.from({ length: Math.min(width, count) }, lane)), aborted(signal)])
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function histograms(): Promise<() => Histogram> {
  const { build } = await clientLibrary('hdr-histogram-js', () => import('hdr-histogram-js'))
  return () =>
    build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 3_600_000_000,
      numberOfSignificantValueDigits: 3,
    })
}

function summary(histogram: Histogram): LatencySummary | undefined {
  if (histogram.totalCount === 0) return undefined
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000
  return {
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: histogram.maxValue / 1000,
    mean: histogram.mean / 1000,
    samples: histogram.totalCount,
    curve: curve(histogram),
  }
}

function curve(histogram: Histogram): [number, number][] {
  const points: [number, number][] = []
  for (let tenth = 0; tenth <= 1000; tenth += tenth < 990 ? 10 : 1) {
    points.push([tenth / 10, histogram.getValueAtPercentile(tenth / 10) / 1000])
  }
  return points
}

const WARM_UP = Buffer.from('warm-up!')

function warmUpBody(bytes: number): Buffer {
  const body = Buffer.alloc(Math.max(bytes, WARM_UP.length))
  WARM_UP.copy(body)
  return body
}

function isWarmUp(body: Uint8Array): boolean {
  return body.length >= WARM_UP.length && WARM_UP.every((byte, at) => body[at] === byte)
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function describe(error: unknown): string {
  if (isMessagingError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
