/**
 * RabbitMQ, 30,000 messages of 200 B, confirmed and accepted: durable and transient, from a process that has just begun, and again in
 * the same process when it is warm. Ours and the bare client take turns, each turn in a new process.
 */
import { workload } from '../../src/compare/index.ts'
import { type CellFigure, runApart } from '../run/cell-process.ts'
import { type Part, ratioOf, type Several, several } from './part.ts'

const MESSAGES = 30_000
const LIBRARIES = ['sluice', 'amqplib'] as const
/** Of each process: the first run is the fresh one, the last the warm one. */
const RUNS = 3

export interface FreshRow {
  readonly title: string
  readonly ours: Several
  readonly bare: Several
  /** Ours over bare, of processes side by side. */
  readonly ratio: Several
  /** Processor time of the bare client over ours; above 1: ours takes less. */
  readonly effort: Several
}

export const fresh: Part = async ({ backend, url, rounds }) => {
  const rows: FreshRow[] = []
  for (const durable of [true, false]) {
    const kind = durable ? 'durable' : 'transient'
    const one = workload({ pattern: 'point-to-point', name: kind, count: MESSAGES, warmUp: 0, durable })
    const workloads = Array.from({ length: RUNS }, () => one)
    const runs: Record<string, CellFigure[][]> = { sluice: [], amqplib: [] }
    for (let round = 0; round < rounds; round++) {
      for (const library of round % 2 === 0 ? LIBRARIES : LIBRARIES.toReversed())
        runs[library]!.push(await runApart({ backend, url, library, workloads }))
      console.log(`fresh, ${kind}: round ${round + 1} of ${rounds}`)
    }
    for (const [title, at] of [
      [`${kind}, fresh process`, 0],
      [`${kind}, warm`, RUNS - 1],
    ] as const) {
      const read = (library: string, key: 'rate' | 'clientUs'): number[] =>
        runs[library]!.map((figures) => figures[at]![key])
      rows.push({
        title,
        ours: several(read('sluice', 'rate')),
        bare: several(read('amqplib', 'rate')),
        ratio: ratioOf(read('sluice', 'rate'), read('amqplib', 'rate')),
        effort: ratioOf(read('amqplib', 'clientUs'), read('sluice', 'clientUs')),
      })
    }
  }
  return { messages: MESSAGES, rows }
}
