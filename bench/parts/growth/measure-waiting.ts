/** Arms at a queue in which much waits: the first fills it; each sends on top of it, and takes what is at its head. */
import type { Arm } from '../../../src/compare/arm.ts'
import type { Workload } from '../../../src/compare/index.ts'
import { type GrowthRow, keyOf, rowsOf } from './cells.ts'
import { nameOf, problemOf } from './measure-step.ts'
import { ON_TOP } from './shapes.ts'
import { costOf, type Round, Stand } from './stand.ts'

const ROUNDS = 5

export async function measureWaiting(
  arms: readonly Arm[],
  size: number,
  workload: Workload,
  pids: readonly number[],
  signal: AbortSignal,
): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = []
  const name = nameOf()
  const stands: { arm: Arm; stand: Stand }[] = []
  try {
    for (const arm of arms) {
      const role = stands.length === 0 ? 'both' : 'send'
      stands.push({ arm, stand: await Stand.open({ arm, workload, name, brokerPids: pids, signal, role }) })
    }
    await stands[0]!.stand.fill(size)
    for (const { arm, stand } of stands) {
      await stand.fill(ON_TOP / 5)
      const rounds: Round[] = []
      while (rounds.length < ROUNDS) rounds.push(await stand.fill(ON_TOP / ROUNDS))
      rows.push({ what: 'waiting: send', size, library: arm.library, cost: costOf(rounds) })
    }
    // Whoever takes keeps on taking until it is closed; the first also deletes the queue.
    for (let last = stands.pop(); last; last = stands.pop()) {
      const { arm, stand } = last
      try {
        const cost = costOf([await stand.drain(ON_TOP)])
        rows.push({ what: 'waiting: receive', size, library: arm.library, cost })
      } finally {
        await stand.close()
      }
    }
  } catch (error) {
    const done = new Set(rows.map(keyOf))
    const missing = rowsOf({ kind: 'waiting', size, arms }).filter((row) => !done.has(keyOf(row)))
    for (const row of missing) rows.push({ ...row, problem: problemOf(error) })
  } finally {
    for (const { stand } of stands.reverse()) await stand.close()
  }
  return rows
}
