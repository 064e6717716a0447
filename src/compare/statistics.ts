/** Few numbers from repeated runs: medians, spread, and whether two arms differ at all. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: medianOfSorted(sorted), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 }
}

export interface Ratio extends Spread {
  /** 95 % interval of the median ratio, by bootstrap over the pairs. */
  readonly low: number
  readonly high: number
  /** The interval holds 1, or there are too few pairs to tell. */
  readonly noDifference: boolean
}

/** Fewer pairs than this never show a difference. */
const LEAST_PAIRS = 3
const RESAMPLES = 2_000

/** Ratio of two arms, run by run: pairs ran next to each other, so that drift of the machine cancels. */
export function ratio(a: readonly number[], b: readonly number[]): Ratio | undefined {
  const pairs: number[] = []
  for (let at = 0; at < Math.min(a.length, b.length); at++)
    if (a[at]! > 0 && b[at]! > 0) pairs.push(a[at]! / b[at]!)
  if (pairs.length === 0) return undefined
  const random = generator(pairs.length * 7919 + 17)
  const medians: number[] = []
  for (let sample = 0; sample < RESAMPLES; sample++) {
    const drawn = pairs.map(() => pairs[Math.floor(random() * pairs.length)]!)
    medians.push(medianOfSorted(drawn.sort((x, y) => x - y)))
  }
  medians.sort((x, y) => x - y)
  const low = medians[Math.floor(RESAMPLES * 0.025)]!
  const high = medians[Math.ceil(RESAMPLES * 0.975) - 1]!
  return { ...spread(pairs), low, high, noDifference: pairs.length < LEAST_PAIRS || (low <= 1 && high >= 1) }
}

function medianOfSorted(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** A small fixed generator (mulberry32), so that the same data gives the same interval. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
