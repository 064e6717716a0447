import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Rounds } from '../../../src/core/connecting/rounds.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('rounds', () => {
  it('look at each thing about every two seconds, also after a look that failed', async () => {
    const rounds = new Rounds()
    const look = vi.fn(() => Promise.reject(new Error('no answer')))
    rounds.add(look)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(look).toHaveBeenCalledTimes(5)
  })

  it('take turns, one look at a time, and never more than five a second', async () => {
    const rounds = new Rounds()
    const seen = new Map<number, number>()
    let under = 0
    let most = 0
    for (let at = 0; at < 50; at++) {
      rounds.add(async () => {
        most = Math.max(most, ++under)
        seen.set(at, (seen.get(at) ?? 0) + 1)
        await Promise.resolve()
        under--
      })
    }
    await vi.advanceTimersByTimeAsync(22_000)
    const counts = [...seen.values()]
    expect(most).toBe(1)
    expect(counts.length).toBe(50)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(22 * 5)
  })

  it('end with what they look at', async () => {
    const rounds = new Rounds()
    const look = vi.fn(() => Promise.resolve())
    const end = rounds.add(look)
    end()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(vi.getTimerCount()).toBe(0)
    rounds.add(look)
    rounds.stop()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(look).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('begin anew when something comes after a pause', async () => {
    const rounds = new Rounds()
    rounds.add(() => Promise.resolve())()
    await vi.advanceTimersByTimeAsync(5_000)
    const look = vi.fn(() => Promise.resolve())
    rounds.add(look)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(look).toHaveBeenCalledTimes(1)
  })
})
