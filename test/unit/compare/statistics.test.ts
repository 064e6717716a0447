import { describe, expect, it } from 'vitest'
import {
  difference,
  rankSumP,
  ratio,
  significant,
  spread,
  studentCdf,
} from '../../../src/compare/figures/statistics.ts'

/** Noise that is the same in every run (mulberry32, then Box and Muller). */
function noise(seed: number): () => number {
  let state = seed
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

function runs(count: number, mean: number, spread: number, gauss: () => number): number[] {
  return Array.from({ length: count }, () => mean * Math.exp(spread * gauss()))
}

describe('statistics of repeated runs', () => {
  it('knows Student’s t', () => {
    expect(studentCdf(2.776, 4)).toBeCloseTo(0.975, 4)
    expect(studentCdf(12.706, 1)).toBeCloseTo(0.975, 4)
    expect(studentCdf(2.262, 9)).toBeCloseTo(0.975, 4)
  })

  it('knows the ranks of two lists', () => {
    // 252 orders of five and five: one of them, and its mirror, is this far apart.
    expect(rankSumP([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toBeCloseTo(2 / 252, 10)
    expect(rankSumP([1, 2, 3, 4, 6], [5, 7, 8, 9, 10])).toBeCloseTo(4 / 252, 10)
    expect(rankSumP([1, 2, 3], [4, 5, 6])).toBeCloseTo(2 / 20, 10)
    expect(rankSumP([1, 4], [2, 3])).toBe(1)
    expect(rankSumP([5, 5, 5], [5, 5, 5])).toBe(1)
  })

  it('finds a difference between a broker and itself in one of fifty reports', () => {
    const gauss = noise(7)
    let reports = 0
    for (let report = 0; report < 1_000; report++) {
      const ps = Array.from(
        { length: 8 },
        () => ratio(runs(5, 1000, 0.15, gauss), runs(5, 1000, 0.15, gauss))?.p,
      )
      if (significant(ps).some(Boolean)) reports++
    }
    expect(reports / 1_000).toBeLessThanOrEqual(0.03)
    expect(reports).toBeGreaterThan(0)
  })

  it('finds a difference that is there', () => {
    const gauss = noise(11)
    let found = 0
    for (let report = 0; report < 100; report++) {
      const result = ratio(runs(5, 1000, 0.03, gauss), runs(5, 1300, 0.03, gauss))!
      if (significant([result.p])[0]) found++
      expect(result.low!).toBeLessThan(result.high!)
    }
    expect(found).toBeGreaterThan(95)
  })

  it('finds a difference that is there, whatever happened to one of the runs', () => {
    const disturbed = [700, 710, 690, 180, 705]
    const result = ratio(disturbed, [1000, 1020, 990, 1010, 980])!
    expect(result.high).toBeGreaterThan(1)
    expect(significant([result.p])).toEqual([true])
  })

  it('gives a ratio that agrees with the figures beside it', () => {
    const [a, b] = [runs(5, 1000, 0.5, noise(3)), runs(5, 1300, 0.5, noise(5))]
    const between = ratio(a, b)!
    expect(between.typical).toBeCloseTo(spread(a).typical / spread(b).typical, 10)
    expect(between.typical).toBeCloseTo(Math.sqrt(between.low! * between.high!), 3)
  })

  it('takes differences of runs side by side, so that a drift of the machine is no difference', () => {
    const warming = [2000, 1500, 1200, 1000, 900]
    const slower = warming.map((value, at) => value + [40, 50, 60, 30, 70][at]!)
    expect(difference(slower, warming)).toEqual({ median: 50, min: 30, max: 70 })
    expect(difference([10, undefined, 12], [8, 9, undefined])).toEqual({ median: 2, min: 2, max: 2 })
    expect(difference([undefined], [1])).toBeUndefined()
  })

  it('tells nothing from one run', () => {
    expect(ratio([10], [20])).toMatchObject({ median: 0.5, p: undefined, low: undefined })
    expect(significant([undefined])).toEqual([false])
  })
})
