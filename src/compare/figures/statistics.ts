/**
 * Few numbers from repeated runs: the typical one, spread, and whether two arms differ at all.
 *
 * Typical is the geometric mean: that of paired ratios is the ratio of the two arms' own, so that what stands beside each other in
 * a table agrees; of medians it would not.
 *
 * Two arms run next to each other in every repeat, so that a pair shares the mood of the machine: their ratios are tested on the
 * logarithm with Student's t. One run that something else on the machine slowed down blinds that test, so the runs are also held
 * against each other by rank; whichever of the two sees more counts, at twice its chance of being wrong.
 */

export interface Range {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Spread extends Range {
  /** Geometric mean; 0 when one of the values is. */
  readonly typical: number
}

export function spread(values: readonly number[]): Spread {
  return { typical: typicalOf(values), ...range(values) }
}

function range(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: medianOfSorted(sorted), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 }
}

function typicalOf(values: readonly number[]): number {
  if (values.length === 0) return 0
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

function medianOfSorted(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Of two arms, first over second. */
export interface Ratio extends Spread {
  readonly pairs: number
  /** 95 % interval of the typical ratio; `undefined` with one pair. */
  readonly low: number | undefined
  readonly high: number | undefined
  /** Chance of ratios as far from 1 between an arm and itself; `undefined` with one pair. */
  readonly p: number | undefined
}

export function ratio(a: readonly number[], b: readonly number[]): Ratio | undefined {
  const ratios: number[] = []
  for (let at = 0; at < Math.min(a.length, b.length); at++)
    if (a[at]! > 0 && b[at]! > 0) ratios.push(a[at]! / b[at]!)
  if (ratios.length === 0) return undefined
  const pairs = ratios.length
  const known = { ...spread(ratios), pairs }
  if (pairs < 2) return { ...known, low: undefined, high: undefined, p: undefined }
  const logs = ratios.map(Math.log)
  const mean = logs.reduce((sum, value) => sum + value, 0) / pairs
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (pairs - 1)
  const error = Math.sqrt(variance / pairs)
  const reach = error * studentQuantile(0.975, pairs - 1)
  const byPairs = error === 0 ? (mean === 0 ? 1 : 0) : 2 * (1 - studentCdf(Math.abs(mean / error), pairs - 1))
  const p = Math.min(1, 2 * Math.min(byPairs, rankSumP(a, b)))
  return { ...known, low: Math.exp(mean - reach), high: Math.exp(mean + reach), p }
}

/** Of two arms, first minus second, by runs side by side; `undefined` without a pair. */
export function difference(
  a: readonly (number | undefined)[],
  b: readonly (number | undefined)[],
): Range | undefined {
  const differences: number[] = []
  for (const [at, one] of a.entries()) {
    const other = b[at]
    if (one !== undefined && other !== undefined) differences.push(one - other)
  }
  return differences.length === 0 ? undefined : range(differences)
}

/**
 * Chance of calling any difference of a report significant when there is none. Reports are made again and again: at one in
 * twenty, whoever makes twenty of a broker and itself has two or more with a difference every fourth time.
 */
const LEVEL = 0.02

/**
 * Which of many comparisons show a difference: by Holm's rule, so that a report with twenty lines does not find one by chance.
 * One without `p` never does.
 */
export function significant(ps: readonly (number | undefined)[]): boolean[] {
  const order = ps
    .map((p, at) => ({ p, at }))
    .filter((entry): entry is { p: number; at: number } => entry.p !== undefined)
    .sort((a, b) => a.p - b.p)
  const found = ps.map(() => false)
  for (const [rank, { p, at }] of order.entries()) {
    if (p > LEVEL / (order.length - rank)) break
    found[at] = true
  }
  return found
}

/**
 * Chance that two lists of values from one source are as much apart by rank as these (Mann and Whitney, two-sided, exact; equal
 * values count as half).
 */
export function rankSumP(a: readonly number[], b: readonly number[]): number {
  let wins = 0
  for (const one of a) for (const other of b) wins += one > other ? 1 : one === other ? 0.5 : 0
  const extreme = Math.floor(Math.min(wins, a.length * b.length - wins) + 0.5)
  const ways = waysToWin(a.length, b.length)
  const total = ways.reduce((sum, count) => sum + count, 0)
  const beyond = ways.slice(0, extreme + 1).reduce((sum, count) => sum + count, 0)
  return Math.min(1, (2 * beyond) / total)
}

/** In how many orders of `m` and `n` values the first list wins so many of the comparisons; by index. */
function waysToWin(m: number, n: number): number[] {
  // rows[j]: ways for the values of the first list taken so far and j of the second.
  let rows: number[][] = Array.from({ length: n + 1 }, () => [1])
  for (let taken = 1; taken <= m; taken++) {
    const next: number[][] = [[1]]
    for (let j = 1; j <= n; j++) {
      const sum: number[] = []
      // The largest value is of the second list and wins nothing, or of the first and wins over all j.
      for (const [at, count] of next[j - 1]!.entries()) sum[at] = (sum[at] ?? 0) + count
      for (const [at, count] of rows[j]!.entries()) sum[at + j] = (sum[at + j] ?? 0) + count
      next.push(Array.from(sum, (count) => count ?? 0))
    }
    rows = next
  }
  return rows[n]!
}

/** Distribution function of Student's t, for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4). */
export function studentCdf(t: number, freedom: number): number {
  const theta = Math.atan(t / Math.sqrt(freedom))
  const [sin, cos] = [Math.sin(theta), Math.cos(theta)]
  let sum = 0
  if (freedom % 2 === 1) {
    for (let at = 1, term = cos; at <= freedom - 2; at += 2) {
      sum += term
      term *= (cos * cos * (at + 1)) / (at + 2)
    }
    return 0.5 + (theta + sin * sum) / Math.PI
  }
  for (let at = 0, term = 1; at <= freedom - 2; at += 2) {
    sum += term
    term *= (cos * cos * (at + 1)) / (at + 2)
  }
  return 0.5 + (sin * sum) / 2
}

/** The `t` below which the share `p` (above 0.5) lies; by bisection. */
function studentQuantile(p: number, freedom: number): number {
  let [low, high] = [0, 1000]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (studentCdf(middle, freedom) < p) low = middle
    else high = middle
  }
  return high
}
