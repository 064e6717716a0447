/** Which part of a run a figure is of, and when it is no figure to believe. */
import { expect, test } from 'vitest'
import { STEADY_DRIFT, steadyPart } from '../../../src/compare/figures/steady.ts'

test('the slow begin of a run is left out, all that is steady behind it counts', () => {
  const timeline = [1, 5, 20, 60, ...Array.from({ length: 12 }, () => 100)]
  const part = steadyPart(timeline, 1_600, 1_000)!
  expect(part.throughput).toBeGreaterThan(950)
  expect(part.drift).toBeLessThanOrEqual(STEADY_DRIFT)
  expect(part.toMs).toBe(1_600)
  expect(part.toMs - part.fromMs).toBeGreaterThanOrEqual(1_000)
})

test('a run that never becomes steady tells how far it drifts', () => {
  const part = steadyPart(
    Array.from({ length: 20 }, (_, at) => 2 ** at),
    2_000,
    1_000,
  )!
  expect(part.fromMs).toBe(1_000)
  expect(part.drift).toBeGreaterThan(1)
})

test('what arrives after the last send is not part of it', () => {
  const part = steadyPart([100, 100, 100, 100, 7, 1], 400, 200)!
  expect(part).toMatchObject({ throughput: 1_000, fromMs: 0, toMs: 400, drift: 0 })
})

test('a run shorter than asked for says how long it was; one of a single slot has no rate', () => {
  expect(steadyPart([50, 50, 50], 300, 1_000)).toMatchObject({ fromMs: 0, toMs: 300 })
  expect(steadyPart([50], 100, 1_000)).toBeUndefined()
  expect(steadyPart([], 0, 1_000)).toBeUndefined()
})
