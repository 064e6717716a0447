/** The cells of the growth tables for one backend: what is measured, in which order, and by which name a result is found again. */
import type { Arm } from '../../../src/compare/arm.ts'
import { linkSteps, type Step, sizeSteps, subscriptionSteps, WAITING } from './shapes.ts'
import type { Cost } from './stand.ts'

export interface GrowthRow {
  readonly what: 'subscriptions' | 'links' | 'body' | 'waiting: send' | 'waiting: receive'
  readonly size: number
  readonly library: string
  /** `undefined`: it could not be measured, for `problem`. */
  readonly cost?: Cost
  readonly problem?: string
}

export interface GrowthResult {
  readonly rows: readonly GrowthRow[]
  /** Rows of the cell that is being measured. */
  readonly begun?: readonly RowName[]
}

export type RowName = Pick<GrowthRow, 'what' | 'size' | 'library'>

/** Measured in one go. */
export type Cell =
  | { readonly kind: 'step'; readonly what: GrowthRow['what']; readonly step: Step; readonly arm: Arm }
  /** The arms share one queue, which is filled once. */
  | { readonly kind: 'waiting'; readonly size: number; readonly arms: readonly Arm[] }

/** The deepest queues come last: they take longest, and a broker may suffer from them. */
export function cellsOf(backend: string, arms: readonly Arm[], deep: number): Cell[] {
  const shapes = { subscriptions: subscriptionSteps(), links: linkSteps(), body: sizeSteps() }
  const steps = Object.entries(shapes).flatMap(([what, steps]) =>
    steps.flatMap((step) =>
      arms
        .filter((arm) => has(arm, what, step))
        .map((arm): Cell => ({ kind: 'step', what: what as GrowthRow['what'], step, arm })),
    ),
  )
  const waiters = arms.filter(({ patterns }) => patterns.includes('store-and-forward'))
  // The queue of these brokers is the same for the bare client.
  const shared = backend === 'rabbitmq' || backend === 'qpid'
  const groups = shared ? [waiters] : waiters.map((arm) => [arm])
  const depths = [...WAITING, deep].flatMap((size) =>
    groups.map((arms): Cell => ({ kind: 'waiting', size, arms })),
  )
  return [...steps, ...depths]
}

function has({ patterns, library }: Arm, what: string, { workload }: Step): boolean {
  // Sockets with nothing in between have no queue at which links could meet.
  if (library === 'zeromq' && what === 'links') return false
  return patterns.includes(workload.pattern)
}

/** Names of the rows that a cell makes. */
export function rowsOf(cell: Cell): RowName[] {
  if (cell.kind === 'step') return [{ what: cell.what, size: cell.step.size, library: cell.arm.library }]
  return cell.arms.flatMap(({ library }) =>
    (['waiting: send', 'waiting: receive'] as const).map((what) => ({ what, size: cell.size, library })),
  )
}

export function keyOf({ what, size, library }: RowName): string {
  return `${what}, ${size}, ${library}`
}
