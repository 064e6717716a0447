/** The receiving side of a run: takes every arrival, keeps the books, and waits for the last of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ArmEvents } from '../arm.ts'
import { tracksOf } from '../arm.ts'
import { LatencyRecorder, type LatencySummary } from '../figures/latency.ts'
import { type Account, Ledger } from '../figures/ledger.ts'
import { describe } from '../problem.ts'
import { clock } from './clock.ts'
import { isWarmUp, readPayload } from './payload.ts'
import type { Workload } from './workload.ts'

/** Something that happened in the middle of a run. Unit: ms since the start. */
export interface Mark {
  readonly what: string
  readonly fromMs: number
  readonly toMs: number
}

/** Width of a slot of the time line. Unit: ms. */
export const TIMELINE_STEP_MS = 100
/** Longest time line. */
const MOST_SLOTS = 36_000
const MOST_MARKS = 100

export class Measurement implements ArmEvents {
  readonly #workload: Workload
  readonly #tracks: number
  readonly #ledger: Ledger
  readonly #latency: LatencyRecorder
  readonly #timeline: number[] = []
  readonly #slowest: number[] = []
  readonly #marks: Mark[] = []
  #arrivals = 0
  #warmUps = 0
  #startedAt = Infinity
  #lastArrivalAt = 0
  #awaited = Infinity
  #wake: (() => void) | undefined
  readonly #broken = new AbortController()
  #isCutOff = false
  problem: string | undefined

  private constructor(workload: Workload, latency: LatencyRecorder) {
    this.#workload = workload
    this.#tracks = tracksOf(workload)
    this.#ledger = new Ledger(workload.count, this.#tracks)
    this.#latency = latency
  }

  static async create(workload: Workload): Promise<Measurement> {
    return new Measurement(workload, (await LatencyRecorder.maker())())
  }

  // ── told by the arm ──

  arrived(body: Uint8Array, redelivered: boolean, track: number, receiver: number): void {
    const stamp = readPayload(body)
    if (stamp === undefined) {
      this.#ledger.corrupt++
    } else if (isWarmUp(stamp)) {
      this.#warmUps++
    } else if (this.#ledger.arrived(track, receiver, stamp, redelivered)) {
      const now = clock()
      const latency = now - stamp.intendedAt
      this.#arrivals++
      this.#lastArrivalAt = now
      this.#latency.record(latency)
      const slot = Math.floor((now - this.#startedAt) / TIMELINE_STEP_MS)
      if (slot >= 0 && slot < MOST_SLOTS) {
        this.#timeline[slot] = (this.#timeline[slot] ?? 0) + 1
        if (latency > (this.#slowest[slot] ?? 0)) this.#slowest[slot] = latency
      }
    }
    if (this.#came() >= this.#awaited) this.#wake?.()
  }

  failed(error: Error): void {
    this.problem ??= describe(error)
    this.#broken.abort()
    this.#wake?.()
  }

  /** Aborts when the arm says that the run is worthless: nobody waits for the rest of it. */
  get broken(): AbortSignal {
    return this.#broken.signal
  }

  noted(what: string): void {
    if (what === 'disconnected') this.#isCutOff = true
    if (what === 'reconnected') this.#isCutOff = false
    if (this.#marks.length >= MOST_MARKS || this.#startedAt === Infinity) return
    const atMs = clock() - this.#startedAt
    this.#marks.push({ what, fromMs: atMs, toMs: atMs })
  }

  /** The connection was lost and has not come back. */
  get isCutOff(): boolean {
    return this.#isCutOff
  }

  /** A fault that was made, with its end. */
  mark(mark: Mark): void {
    this.#marks.push(mark)
  }

  // ── told by the runner ──

  /** From here on arrivals are on the time line. */
  start(): void {
    this.#startedAt = clock()
  }

  get startedAt(): number {
    return this.#startedAt
  }

  /** Settles when every track has as many warm-up messages, or none came for `graceMs`. */
  warmedUp(signal: AbortSignal, graceMs: number): Promise<void> {
    return this.#until(() => this.#warmUps, this.#workload.warmUp * this.#tracks, signal, graceMs)
  }

  /** Settles when `sent` messages have come on every track, or none came for `graceMs`. */
  async complete(sent: number, signal: AbortSignal, graceMs: number): Promise<void> {
    this.#awaited = sent * this.#tracks
    await this.#until(() => this.#came(), this.#awaited, signal, graceMs)
    // A moment for duplicates that are under way.
    await sleep(20)
  }

  /** A damaged message has come as well. */
  #came(): number {
    return this.#arrivals + this.#ledger.corrupt
  }

  async #until(seen: () => number, wanted: number, signal: AbortSignal, graceMs: number): Promise<void> {
    let known = seen()
    let lastSign = clock()
    while (seen() < wanted && !signal.aborted && this.problem === undefined) {
      await this.#sign()
      if (seen() !== known) {
        known = seen()
        lastSign = clock()
      } else if (clock() - lastSign > graceMs) return
    }
  }

  /** Settles at the wake-up call, or soon. */
  #sign(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, 10)
      this.#wake = done
    })
  }

  // ── read at the end ──

  account(sent: number, outcomes: Uint8Array): Account {
    return this.#ledger.account(sent, outcomes)
  }

  get arrivals(): number {
    return this.#arrivals
  }

  /** From the start to the last arrival. Unit: ms. */
  get elapsedMs(): number {
    return this.#arrivals === 0 ? 0 : Math.max(0.001, this.#lastArrivalAt - this.#startedAt)
  }

  latency(): LatencySummary | undefined {
    return this.#latency.summary()
  }

  /** Arrivals of each slot. */
  get timeline(): number[] {
    return Array.from(this.#timeline, (value) => value ?? 0)
  }

  /** Longest latency of the arrivals of each slot; 0 where none came. Unit: ms. */
  get slowest(): number[] {
    return Array.from(this.#slowest, (value) => Math.round((value ?? 0) * 10) / 10)
  }

  get marks(): readonly Mark[] {
    return this.#marks
  }
}
