import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RateLimit } from '../../../src/core/time/rate-limit.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Takes `times` things one after the other, and says when each began. */
function taking(limit: RateLimit, times: number, count = 1): number[] {
  const began: number[] = []
  void (async () => {
    for (let taken = 0; taken < times; taken++) {
      await limit.take(count)
      began.push(performance.now())
    }
  })()
  return began
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, at) => time - times[at]!)
}

/** Most of them within any `ms`. */
function most(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + ms).length))
}

describe('a rate', () => {
  it('lets the first begin at once and the others evenly, never in a burst', async () => {
    const began = taking(new RateLimit({ count: 10, perMs: 1_000 }), 31)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(began).toHaveLength(31)
    expect(gaps(began).every((gap) => gap === 100)).toBe(true)
    expect(most(began, 1_000)).toBe(10)
  })

  it('is kept where it is finer than a timer', async () => {
    const began = taking(new RateLimit({ count: 2_000, perMs: 1_000 }), 50_000)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(began.length).toBeGreaterThanOrEqual(20_000)
    expect(began.length).toBeLessThanOrEqual(20_002)
    expect(most(began.slice(0, 5_000), 1_000)).toBeLessThanOrEqual(2_002)
  })

  it('makes up for a short stall, and of a long one for a little', async () => {
    // What a busy event loop does: time goes by, and no timer fires.
    let stalled = 0
    const limit = new RateLimit({ count: 1_000, perMs: 1_000 }, () => performance.now() + stalled)
    const began = taking(limit, 10_000)
    await vi.advanceTimersByTimeAsync(100)
    const before = began.length
    stalled += 200
    await vi.advanceTimersByTimeAsync(100)
    expect(Math.abs(began.length - before - 300)).toBeLessThanOrEqual(1)
    const middle = began.length
    stalled += 1_000
    await vi.advanceTimersByTimeAsync(100)
    expect(Math.abs(began.length - middle - 350)).toBeLessThanOrEqual(1)
  })

  it('saves nothing up while there is nothing to do', async () => {
    const limit = new RateLimit({ count: 10, perMs: 1_000 })
    taking(limit, 1)
    await vi.advanceTimersByTimeAsync(60_000)
    const began = taking(limit, 5)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(gaps(began)).toEqual([100, 100, 100, 100])
  })

  it('makes up for work that comes a little late', async () => {
    const limit = new RateLimit({ count: 100, perMs: 1_000 })
    taking(limit, 1)
    await vi.advanceTimersByTimeAsync(35)
    const began = taking(limit, 5)
    await vi.advanceTimersByTimeAsync(0)
    expect(began).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(15)
    expect(began).toHaveLength(5)
  })

  it('lets several begin together when there is time for all of them', async () => {
    const began = taking(new RateLimit({ count: 100, perMs: 1_000 }), 4, 50)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(gaps(began)).toEqual([500, 500, 500])
  })

  it('of one at a time never lets two begin together', async () => {
    const limit = new RateLimit({ count: 1, perMs: 1_000 })
    taking(limit, 1)
    await vi.advanceTimersByTimeAsync(1_900)
    const began = taking(limit, 3)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(Math.min(...gaps(began))).toBeGreaterThanOrEqual(500)
  })

  it('waits longer than a timer can', async () => {
    const month = 30 * 24 * 3_600_000
    const began = taking(new RateLimit({ count: 1, perMs: month }), 2)
    await vi.advanceTimersByTimeAsync(month - 1)
    expect(began).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2)
    expect(began).toHaveLength(2)
  })

  it('that has ended keeps nobody, and leaves no timer behind', async () => {
    const limit = new RateLimit({ count: 1, perMs: 60_000 })
    const began = taking(limit, 5)
    await vi.advanceTimersByTimeAsync(10)
    expect(began).toHaveLength(1)
    limit.end()
    await vi.advanceTimersByTimeAsync(0)
    expect(began).toHaveLength(5)
    expect(vi.getTimerCount()).toBe(0)
  })
})
