/**
 * What a message costs as things grow: messages that wait, subscriptions with random patterns, links, bodies; through this library and
 * by the bare client on the same shape. Flat, or with the broker's own curve beside it.
 */
import { randomUUID } from 'node:crypto'
import type { Arm } from '../../src/compare/arm.ts'
import { armsFor } from '../../src/compare/arms/index.ts'
import {
  linkSteps,
  ON_TOP,
  type Step,
  sizeSteps,
  subscriptionSteps,
  WAITING,
  waitingWorkload,
} from '../growth/shapes.ts'
import { type Cost, costOf, type Round, Stand } from '../growth/stand.ts'
import { listeningAt } from '../run/processor-time.ts'
import type { Part } from './part.ts'

/** Rounds that count; one before them warms up. */
const ROUNDS = 3
/** Messages of the first of all rounds, which says how many fit into the others. */
const FIRST = 200
/** About the length of a round. Unit: ms. */
const ROUND_MS = 400
/** A step that is not through by then is left out, and says so. Unit: ms. */
const STEP_MS = 60_000

export interface GrowthRow {
  readonly what: 'subscriptions' | 'links' | 'body' | 'waiting: send' | 'waiting: receive'
  readonly size: number
  readonly library: string
  /** `undefined`: it could not be measured, for `problem`. */
  readonly cost?: Cost
  readonly problem?: string
}

export const growth: Part = async ({ backend, url, deep }) => {
  const arms = await armsFor(url)
  const port = Number(/:(\d+)/.exec(url.replace(/^.*@/, '//'))?.[1] ?? Number.NaN)
  const pids = Number.isNaN(port) ? [] : listeningAt(port)
  const rows: GrowthRow[] = []
  const note = (row: GrowthRow): void => {
    rows.push(row)
    const rate = row.cost ? `${Math.round(row.cost.rate.median)}/s` : row.problem
    console.log(`growth, ${backend}: ${row.what} ${row.size}, ${row.library}: ${rate}`)
  }
  const shapes = { subscriptions: subscriptionSteps(), links: linkSteps(), body: sizeSteps() }
  for (const [what, steps] of Object.entries(shapes)) {
    for (const step of steps) {
      for (const arm of arms) {
        if (!arm.patterns.includes(step.workload.pattern)) continue
        note({
          what: what as GrowthRow['what'],
          size: step.size,
          library: arm.library,
          ...(await tried(arm, step, pids)),
        })
      }
    }
  }
  // The queue of these brokers is the same for the bare client: it is filled once.
  const shared = backend === 'rabbitmq' || backend === 'qpid'
  const waiters = arms.filter(({ patterns }) => patterns.includes('store-and-forward'))
  const groups = shared ? [waiters] : waiters.map((arm) => [arm])
  // The compilers do their work in a run that nobody sees.
  for (const group of groups) await waiting(group, 1, pids)
  for (const size of [...WAITING, deep]) {
    for (const group of groups) for (const row of await waiting(group, size, pids)) note(row)
  }
  return { rows }
}

async function tried(
  arm: Arm,
  { workload, count }: Step,
  pids: readonly number[],
): Promise<Pick<GrowthRow, 'cost' | 'problem'>> {
  let stand: Stand | undefined
  try {
    const until = performance.now() + STEP_MS
    stand = await Stand.open(arm, workload, nameOf(), pids)
    await stand.through(Math.min(FIRST, count))
    const { rate } = await stand.through(Math.min(FIRST, count))
    const fitting = Math.ceil(Math.min(count, Math.max(2, (rate * ROUND_MS) / 1000)))
    await stand.through(fitting)
    const rounds: Round[] = []
    while (rounds.length < ROUNDS && performance.now() < until) rounds.push(await stand.through(fitting))
    return rounds.length > 0 ? { cost: costOf(rounds) } : { problem: `longer than ${STEP_MS / 1000} s` }
  } catch (error) {
    return { problem: (error as Error).message.split('\n')[0]! }
  } finally {
    await stand?.close().catch(() => {})
  }
}

/** The first fills the queue; each sends on top of it, and takes what is at its head. */
async function waiting(arms: readonly Arm[], size: number, pids: readonly number[]): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = []
  const [name, workload] = [nameOf(), waitingWorkload()]
  const stands: Stand[] = []
  try {
    for (const [at, arm] of arms.entries())
      stands.push(await Stand.open(arm, workload, name, pids, at === 0 ? 'both' : 'send'))
    await stands[0]!.fill(size)
    for (const stand of stands) await stand.fill(ON_TOP / 5)
    for (const [at, stand] of stands.entries())
      rows.push({
        what: 'waiting: send',
        size,
        library: arms[at]!.library,
        cost: costOf([await stand.fill(ON_TOP)]),
      })
    // Whoever takes keeps on taking until it is closed.
    for (const [at, stand] of [...stands.entries()].reverse()) {
      rows.push({
        what: 'waiting: receive',
        size,
        library: arms[at]!.library,
        cost: costOf([await stand.drain(ON_TOP / 2)]),
      })
      await stand.close()
      stands.splice(at, 1)
    }
  } catch (error) {
    const problem = (error as Error).message.split('\n')[0]!
    rows.push({ what: 'waiting: receive', size, library: arms[0]!.library, problem })
  } finally {
    for (const stand of stands.reverse()) await stand.close().catch(() => {})
  }
  return rows
}

function nameOf(): string {
  return `sluice-bench-${randomUUID().slice(0, 8)}`
}
