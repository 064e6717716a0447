/**
 * What a message costs as things grow: messages that wait, subscriptions with random patterns, links, bodies; through this library and
 * by the bare client on the same shape. Each cell is kept when it is measured; a run that ends before the last goes on with the rest.
 */
import type { Arm } from '../../src/compare/arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import { listeningAt } from '../run/processor-time.ts'
import { type Cell, cellsOf, type GrowthResult, type GrowthRow, keyOf, rowsOf } from './growth/cells.ts'
import { measureStep } from './growth/measure-step.ts'
import { measureWaiting } from './growth/measure-waiting.ts'
import { linkSteps, waitingWorkload } from './growth/shapes.ts'
import type { Part } from './part.ts'

/** Longest time of a cell; one that is not through by then says so. Unit: ms. */
const STEP_MS = 60_000
/** … of one that fills a queue. Unit: ms. */
const WAITING_MS = 150_000
/** With less time than this, a cell is left for the next run. Unit: ms. */
const LEAST_MS = 5_000

export const growth: Part = async ({ backend, url, deep, until, earlier, crashed, keep }) => {
  const arms = await armsFor(url)
  const cells = cellsOf(backend, arms, deep)
  const rows = rowsBefore(earlier as GrowthResult | undefined, crashed)
  const result = (begun?: Cell): GrowthResult => ({
    rows: cells.flatMap(rowsOf).flatMap((row) => rows.get(keyOf(row)) ?? []),
    begun: begun && rowsOf(begun),
  })
  const missing = cells.filter((cell) => rowsOf(cell).some((row) => !rows.has(keyOf(row))))
  const say = (text: string): void => {
    const left = Math.max(0, Math.round((until - Date.now()) / 1000))
    console.log(`growth, ${backend}, ${left} s left: ${text}`)
  }

  const measuring = new Measuring(backend, brokerOf(url), until)
  if (missing.length > 0) await measuring.warmUp(arms)
  for (const [at, cell] of missing.entries()) {
    if (until - Date.now() < LEAST_MS) {
      say(`${missing.length - at} of ${cells.length} cells are for the next run`)
      break
    }
    await keep(result(cell))
    for (const row of await measuring.measure(cell)) {
      rows.set(keyOf(row), row)
      const figure = row.cost ? `${Math.round(row.cost.rate.median)}/s` : row.problem
      say(`cell ${cells.length - missing.length + at + 1} of ${cells.length}, ${keyOf(row)}: ${figure}`)
    }
    await keep(result())
  }
  return result()
}

/** A cell in which the process of its run ended is not tried again. */
function rowsBefore(earlier: GrowthResult | undefined, crashed = false): Map<string, GrowthRow> {
  const lost = crashed ? (earlier?.begun ?? []) : []
  const all = [...lost.map((row) => ({ ...row, problem: 'its process ended' })), ...(earlier?.rows ?? [])]
  return new Map(all.map((row) => [keyOf(row), row]))
}

/** Processes of the broker. */
function brokerOf(url: string): number[] {
  const port = Number(/:(\d+)/.exec(url.replace(/^.*@/, '//'))?.[1] ?? Number.NaN)
  return Number.isNaN(port) ? [] : listeningAt(port)
}

class Measuring {
  readonly #backend: string
  readonly #pids: readonly number[]
  readonly #until: number

  constructor(backend: string, pids: readonly number[], until: number) {
    this.#backend = backend
    this.#pids = pids
    this.#until = until
  }

  /** The compilers do their work in runs that nobody sees. */
  async warmUp(arms: readonly Arm[]): Promise<void> {
    const [step] = linkSteps()
    for (const arm of arms) {
      await this.measure({ kind: 'step', what: 'links', step: step!, arm })
      if (arm.patterns.includes('store-and-forward'))
        await this.measure({ kind: 'waiting', size: 1, arms: [arm] })
    }
  }

  /** Resolves to nothing for what the end of the whole run cut short. */
  async measure(cell: Cell): Promise<GrowthRow[]> {
    const most = cell.kind === 'step' ? STEP_MS : WAITING_MS
    const signal = AbortSignal.timeout(Math.max(1, Math.min(most, this.#until - Date.now())))
    const rows = await this.#rows(cell, signal)
    if (!signal.aborted) return rows
    if (Date.now() >= this.#until) return rows.filter(({ cost }) => cost)
    return rows.map((row) => (row.cost ? row : { ...row, problem: `not within ${most / 1000} s` }))
  }

  async #rows(cell: Cell, signal: AbortSignal): Promise<GrowthRow[]> {
    if (cell.kind === 'waiting')
      return measureWaiting(cell.arms, cell.size, waitingWorkload(this.#backend), this.#pids, signal)
    const { what, step, arm } = cell
    return [
      { what, size: step.size, library: arm.library, ...(await measureStep(arm, step, this.#pids, signal)) },
    ]
  }
}
