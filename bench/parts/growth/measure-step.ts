/** One arm at one step: warmed up, then several rounds of messages through it. */
import { randomUUID } from 'node:crypto'
import type { Arm } from '../../../src/compare/arm.ts'
import type { GrowthRow } from './cells.ts'
import type { Step } from './shapes.ts'
import { costOf, type Round, Stand } from './stand.ts'

/** Rounds that count; one before them warms up. */
const ROUNDS = 5
/** Messages of the first of all rounds, which says how many fit into the others. */
const FIRST = 200
/** About the length of a round. Unit: ms. */
const ROUND_MS = 300

/** @param signal ends it: what was measured by then counts */
export async function measureStep(
  arm: Arm,
  { workload, count }: Step,
  brokerPids: readonly number[],
  signal: AbortSignal,
): Promise<Pick<GrowthRow, 'cost' | 'problem'>> {
  const rounds: Round[] = []
  let stand: Stand | undefined
  try {
    stand = await Stand.open({ arm, workload, name: nameOf(), brokerPids, signal })
    const first = Math.min(FIRST, count)
    await stand.through(first)
    const { rate } = await stand.through(first)
    const fitting = Math.ceil(Math.min(count, Math.max(2, (rate * ROUND_MS) / 1000)))
    await stand.through(fitting)
    while (rounds.length < ROUNDS) rounds.push(await stand.through(fitting))
  } catch (error) {
    if (rounds.length === 0) return { problem: problemOf(error) }
  } finally {
    await stand?.close()
  }
  return { cost: costOf(rounds) }
}

export function problemOf(error: unknown): string {
  return (error as Error).message.split('\n')[0]!
}

/** Of a node of its own. */
export function nameOf(): string {
  return `sluice-bench-${randomUUID().slice(0, 8)}`
}
