/**
 * The sending side of a run: keeps the schedule, bounds what is in flight, books every outcome. The same code runs in the
 * measuring process and, by option, in one of its own.
 */

import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { aborted } from '../../core/time/waiting.ts'
import { isMessagingError } from '../../index.ts'
import type { ArmRun } from '../arm.ts'
import { LatencyRecorder, type LatencySummary } from '../figures/latency.ts'
import { OUTCOME } from '../figures/ledger.ts'
import { describe } from '../problem.ts'
import { clock } from './clock.ts'
import { PayloadMaker } from './payload.ts'
import type { Workload } from './workload.ts'

/** What the sending side knows when it has ended. Plain data: it may come from another process. */
export interface SendReport {
  readonly sent: number
  /** By sequence, see `OUTCOME`. */
  readonly outcomes: Uint8Array
  /** From the call of send to its outcome. */
  readonly service: LatencySummary | undefined
  /** From the first send to the last outcome. Unit: ms. */
  readonly elapsedMs: number
  /** How late it was against its own schedule at worst. Unit: ms. */
  readonly slipMs: number
  /** Why it ended early. */
  readonly problem: string | undefined
}

/** Where messages come from: this process, or another. */
export interface Sending {
  /** Sends what is not measured; settles when all is confirmed. */
  warmUp(signal: AbortSignal): Promise<void>
  /** Sends the workload; settles when all is confirmed, at the first failure, or when `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<SendReport>
}

export class Generator implements Sending {
  readonly #workload: Workload
  readonly #run: ArmRun
  readonly #payload: PayloadMaker
  readonly #service: LatencyRecorder
  readonly #outcomes: Uint8Array
  #sent = 0
  #slip = 0
  #problem: string | undefined

  private constructor(workload: Workload, run: ArmRun, service: LatencyRecorder) {
    this.#workload = workload
    this.#run = run
    this.#payload = new PayloadMaker(workload.bytes)
    this.#service = service
    this.#outcomes = new Uint8Array(workload.count)
  }

  static async create(workload: Workload, run: ArmRun): Promise<Generator> {
    return new Generator(workload, run, (await LatencyRecorder.maker())())
  }

  async warmUp(signal: AbortSignal): Promise<void> {
    const { warmUp, inFlight, senders } = this.#workload
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < warmUp && !signal.aborted) {
        const sequence = next++
        await this.#run.send(sequence, this.#payload.warmUp(sequence), sequence % senders)
      }
    }
    const lanes = Array.from({ length: Math.min(inFlight, warmUp) }, lane)
    await Promise.race([Promise.all(lanes), aborted(signal)])
  }

  async run(signal: AbortSignal): Promise<SendReport> {
    const begun = clock()
    const { durationMs, rate } = this.#workload
    const until = durationMs > 0 ? begun + durationMs : Infinity
    if (rate > 0) await this.#onSchedule(begun, until, signal)
    else await this.#asFastAsItGoes(until, signal)
    return {
      sent: this.#sent,
      outcomes: this.#outcomes,
      service: this.#service.summary(),
      elapsedMs: clock() - begun,
      slipMs: rate > 0 ? this.#slip : 0,
      problem: this.#problem,
    }
  }

  /** Closed model: the next message goes when one of those in flight is confirmed. */
  async #asFastAsItGoes(until: number, signal: AbortSignal): Promise<void> {
    const { count, inFlight } = this.#workload
    const lane = async (): Promise<void> => {
      let now = clock()
      while (this.#sent < count && now <= until && this.#problem === undefined && !signal.aborted) {
        const sequence = this.#sent++
        try {
          await this.#send(sequence, now)
          now = this.#confirmed(sequence, now)
        } catch (error) {
          this.#refused(sequence, error)
          now = clock()
        }
      }
    }
    const lanes = Array.from({ length: Math.min(inFlight, count) }, lane)
    await Promise.race([Promise.all(lanes), aborted(signal)])
  }

  /** Open model: a message goes when it is due, whatever became of those before it. */
  async #onSchedule(begun: number, until: number, signal: AbortSignal): Promise<void> {
    const { count, rate } = this.#workload
    const open = new Set<Promise<void>>()
    const due = (): number => begun + (this.#sent * 1000) / rate
    while (this.#sent < count && due() < until && this.#problem === undefined && !signal.aborted) {
      const now = clock()
      for (let at = due(); this.#sent < count && at <= now && at < until; at = due()) {
        this.#slip = Math.max(this.#slip, now - at)
        const sending = this.#sendAndBook(this.#sent++, at, now).finally(() => open.delete(sending))
        open.add(sending)
      }
      await sleep(1)
    }
    await Promise.race([Promise.all(open), aborted(signal)])
  }

  async #sendAndBook(sequence: number, intendedAt: number, sentAt: number): Promise<void> {
    try {
      await this.#send(sequence, intendedAt)
      this.#confirmed(sequence, sentAt)
    } catch (error) {
      this.#refused(sequence, error)
    }
  }

  #send(sequence: number, intendedAt: number): Promise<unknown> {
    const sender = sequence % this.#workload.senders
    return this.#run.send(sequence, this.#payload.make(sender, sequence, intendedAt), sender)
  }

  /** Returns the time of it. */
  #confirmed(sequence: number, sentAt: number): number {
    const now = clock()
    this.#outcomes[sequence] = OUTCOME.ACCEPTED
    this.#service.record(now - sentAt)
    return now
  }

  #refused(sequence: number, error: unknown): void {
    const inDoubt = isMessagingError(error, 'SEND_UNCONFIRMED') || isMessagingError(error, 'CONNECTION_LOST')
    this.#outcomes[sequence] = inDoubt ? OUTCOME.IN_DOUBT : OUTCOME.FAILED
    if (!inDoubt) this.#problem ??= `a send failed: ${describe(error)}`
  }
}

/** What a process spent since it was made. */
export class Effort {
  readonly #cpu = process.cpuUsage()
  readonly #loop = performance.eventLoopUtilization()

  read(): { cpuMs: number; eventLoopUtilization: number } {
    const { user, system } = process.cpuUsage(this.#cpu)
    const { utilization } = performance.eventLoopUtilization(this.#loop)
    return { cpuMs: (user + system) / 1000, eventLoopUtilization: utilization }
  }
}
