/** What a part of the benchmark is: something measured on one backend, whose result is kept as data. */
import { environment } from '../../src/compare/environment.ts'

/** What a part is given. */
export interface Given {
  /** rabbitmq, qpid, redis, zeromq, memory or file. */
  readonly backend: string
  /** Where its broker is; of the hub and the embedded broker one that was made for this part alone. */
  readonly url: string
  /** Of this part alone, removed behind it. */
  readonly folder: string
  /** Root of the checkout, where `dist` and `node_modules` are. */
  readonly checkout: string
  readonly rounds: number
  /** Messages of the deepest queue. */
  readonly deep: number
  /** When it should be through. Unit: ms since 1970. Only for a part that can be continued. */
  readonly until: number
  /** What an earlier run of a part that can be continued had kept. */
  readonly earlier?: object
  /** The process of that run did not live to its end. */
  readonly crashed?: boolean
  /** Keeps what there is so far, for a run that is broken off. */
  keep(result: object): Promise<void>
}

/** Resolves to plain data. */
export type Part = (given: Given) => Promise<object>

/** How a result is kept. */
export interface Kept<R = object> {
  readonly createdAt: string
  readonly environment: ReturnType<typeof environment>
  readonly rounds: number
  readonly result: R
}

export function kept(given: Given, result: object): Kept {
  return { createdAt: new Date().toISOString(), environment: environment(), rounds: given.rounds, result }
}

/** Several values of the same thing. */
export interface Several {
  readonly least: number
  readonly median: number
  readonly most: number
}

export function several(values: readonly number[]): Several {
  const sorted = values.toSorted((a, b) => a - b)
  return { least: sorted[0]!, median: sorted[sorted.length >> 1]!, most: sorted.at(-1)! }
}

/** Geometric mean of the ratios of neighbouring rounds, with the least and the most. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Several {
  const ratios = ours.map((value, at) => value / theirs[at]!)
  const mean = Math.exp(ratios.reduce((sum, one) => sum + Math.log(one), 0) / ratios.length)
  return { least: Math.min(...ratios), median: mean, most: Math.max(...ratios) }
}
