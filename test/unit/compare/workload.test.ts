import { describe, expect, it } from 'vitest'
import type { LoadPoint } from '../../../src/compare/cell-result.ts'
import { fullWorkloads, quickWorkloads, workload, workloadsFrom } from '../../../src/compare/index.ts'
import { kneeOf } from '../../../src/compare/load/load-curve.ts'

describe('workloads', () => {
  it('have presets with every pattern, each name once', () => {
    for (const preset of [quickWorkloads(), fullWorkloads()]) {
      expect(new Set(preset.map(({ name }) => name)).size).toBe(preset.length)
      expect(new Set(preset.map(({ pattern }) => pattern)).size).toBe(7)
    }
  })

  it.each([
    [{ pattern: 'point-to-point', inflight: 5 }, /inflight.*inFlight/],
    [{ pattern: 'queue' }, /pattern.*point-to-point/],
    [{ pattern: 'browse', count: 0 }, /count/],
    [{ pattern: 'browse', durable: 'yes' }, /durable/],
    [{ pattern: 'browse', loads: [3] }, /loads/],
    [{ pattern: 'browse', loads: [0.5], rate: 10 }, /loads/],
    [{ pattern: 'browse', faults: [{ name: 'x', atMs: 1, forMs: 1 }] }, /begin/],
    [{ pattern: 'fan-out', bystanders: 3 }, /bystanders.*topic/],
    ['browse', /map/],
  ])('refuse %j', (settings, message) => {
    expect(() => workload(settings as never)).toThrow(message)
  })

  it('come from a list or a map with a list, with different names', () => {
    expect(workloadsFrom([{ pattern: 'topic' }])).toHaveLength(1)
    expect(workloadsFrom({ workloads: [{ pattern: 'topic' }] })[0]).toMatchObject({
      name: 'topic',
      bytes: 200,
    })
    expect(() => workloadsFrom([])).toThrow(/no list/)
    expect(() => workloadsFrom([{ pattern: 'topic' }, { pattern: 'topic' }])).toThrow(/different/)
  })
})

function point(load: number, p99: number, achieved = load): LoadPoint {
  const latency = { p50: 1, p90: 1, p99, p999: 1, max: 1, mean: 1, samples: 1, curve: [] }
  return { load, offered: load * 1000, achieved: achieved * 1000, latency, service: undefined }
}

describe('the knee of a load curve', () => {
  it('is the last load before latency takes off', () => {
    expect(kneeOf([point(0.2, 2), point(0.5, 3), point(0.8, 5), point(0.9, 90)])).toBe(0.8)
  })

  it('is the last load the broker keeps up with', () => {
    expect(kneeOf([point(0.2, 2), point(0.5, 2), point(0.9, 2, 0.6)])).toBe(0.5)
  })

  it('is not known without a curve', () => {
    expect(kneeOf([])).toBeUndefined()
  })
})
