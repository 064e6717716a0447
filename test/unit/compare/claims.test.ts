/** What a figure may claim: verdicts, and latencies only below the capacity. */
import { describe, expect, it } from 'vitest'
import { armsFor } from '../../../src/compare/arms/index.ts'
import type { CellResult } from '../../../src/compare/cell-result.ts'
import { judge, judgeRuns } from '../../../src/compare/figures/verdict.ts'
import { workload } from '../../../src/compare/index.ts'
import { runWorkload } from '../../../src/compare/load/run-workload.ts'

const OPTIONS = {
  signal: new AbortController().signal,
  graceMs: 1_000,
  timeoutMs: 10_000,
  apart: false,
  watchMachine: false,
}

async function measured(settings: Partial<Parameters<typeof workload>[0]>, capacity?: number) {
  const [arm] = await armsFor('memory:')
  return runWorkload(
    arm!,
    workload({ pattern: 'point-to-point', count: 500, warmUp: 10, ...settings }),
    OPTIONS,
    capacity,
  )
}

describe('a latency is claimed', () => {
  it('not at full load', async () => {
    expect((await measured({})).noLatencyClaim).toBe('at full load')
  })

  it('for one message at a time', async () => {
    expect(await measured({ inFlight: 1 })).toMatchObject({ noLatencyClaim: undefined })
  })

  it('up to 80 % of the capacity and not above', async () => {
    const below = await measured({ rate: 800 }, 1_000)
    expect(below).toMatchObject({ noLatencyClaim: undefined, capacity: 1_000, rate: 800 })
    expect((await measured({ rate: 810 }, 1_000)).noLatencyClaim).toMatch(/^offered 81 % of the capacity/)
  })

  it('on a load curve from its steps up to 80 %', async () => {
    const curve = await measured({ loads: [0.2, 0.5, 0.9], durationMs: 60, count: 2_000 })
    expect(curve.curve.map(({ load }) => load)).toEqual([0.2, 0.5, 0.9])
    expect(curve.rate).toBeCloseTo(curve.capacity! * 0.5)
    expect(curve.noLatencyClaim).toBeUndefined()
  })
})

describe('a verdict', () => {
  const work = workload({ pattern: 'point-to-point' })
  let sound: CellResult

  it('is VALID for a sound run', async () => {
    sound = await measured({})
    expect(judge(work, sound)).toEqual({ verdict: 'VALID', reasons: [] })
  })

  it.each([
    ['INVALID', { account: { lost: 2 } }, '2 lost'],
    ['DEGRADED', { account: { lost: 2 }, tier: 'T0' }, '2 lost'],
    ['INVALID', { account: { corrupt: 1 } }, '1 corrupt'],
    ['DEGRADED', { account: { duplicatesUnmarked: 3 } }, '3 duplicates not marked as redelivered'],
    ['DEGRADED', { account: { reordered: 4 } }, '4 out of order'],
    ['INVALID', { account: { received: 0 } }, 'nothing was received'],
    ['INVALID', { problem: 'CONNECT_FAILED: nobody' }, 'CONNECT_FAILED: nobody'],
    ['DEGRADED', { leftBehind: 'sluice-compare-1' }, 'sluice-compare-1 could not be deleted'],
  ] as const)('is %s with %j', (verdict, change, reason) => {
    const account = { ...sound.account, ...('account' in change ? change.account : {}) }
    expect(judge(work, { ...sound, ...change, account } as CellResult)).toEqual({
      verdict,
      reasons: [reason],
    })
  })

  it('of several runs is the worst, and says when they lie far apart', () => {
    const slow = { ...sound, throughput: sound.throughput / 10 }
    expect(judgeRuns(work, [sound, slow], '').reasons[0]).toMatch(/unstable/)
    const lost = { ...sound, account: { ...sound.account, lost: 1 } }
    expect(judgeRuns(work, [sound, lost], '').verdict).toBe('INVALID')
    expect(judgeRuns(work, [], 'not run')).toEqual({ verdict: 'INVALID', reasons: ['not run'] })
  })
})
