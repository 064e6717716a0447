import { describe, expect, it } from 'vitest'
import { LatencyRecorder } from '../../../src/compare/figures/latency.ts'

describe('the latencies of a run', () => {
  it('has no summary without a sample', async () => {
    const recorder = (await LatencyRecorder.maker())()
    expect(recorder.summary()).toBeUndefined()
  })

  it('counts every sample, also beyond those that wait to be counted', async () => {
    const recorder = (await LatencyRecorder.maker())()
    const samples = 4_300_000
    for (let at = 0; at < samples; at++) recorder.record(at < samples * 0.6 ? 1 : 3)
    recorder.record(500)
    const summary = recorder.summary()!
    expect(summary.samples).toBe(samples + 1)
    expect(summary.p50).toBeCloseTo(1, 2)
    expect(summary.p90).toBeCloseTo(3, 2)
    expect(summary.max).toBeCloseTo(500, 0)
    expect(summary.mean).toBeCloseTo(1.8, 2)
  })

  it('goes on after a summary', async () => {
    const recorder = (await LatencyRecorder.maker())()
    recorder.record(1)
    expect(recorder.summary()?.samples).toBe(1)
    recorder.record(2)
    expect(recorder.summary()).toMatchObject({ samples: 2, max: 2 })
  })
})
