/** Latencies of a run at full resolution: every sample counts, none is drawn. */
import type { Histogram } from 'hdr-histogram-js'
import { clientLibrary } from '../core/client-library.ts'

export interface LatencySummary {
  /** Unit of all: ms. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly mean: number
  readonly samples: number
  /** The percentile curve: `[percentile, ms]`, a point for each percent, and for each tenth above 99. */
  readonly curve: readonly (readonly [number, number])[]
}

/** Longest latency told apart. Unit: µs. */
const LONGEST_US = 3_600_000_000

export class LatencyRecorder {
  readonly #histogram: Histogram

  private constructor(histogram: Histogram) {
    this.#histogram = histogram
  }

  /** The way to make recorders, once the package is loaded. */
  static async maker(): Promise<() => LatencyRecorder> {
    const { build } = await clientLibrary('hdr-histogram-js', () => import('hdr-histogram-js'))
    return () =>
      new LatencyRecorder(
        build({
          lowestDiscernibleValue: 1,
          highestTrackableValue: LONGEST_US,
          numberOfSignificantValueDigits: 3,
        }),
      )
  }

  /** Unit: ms. */
  record(latencyMs: number): void {
    const us = Math.round(latencyMs * 1000)
    this.#histogram.recordValue(Math.min(Math.max(us, 1), LONGEST_US))
  }

  /** `undefined` without a sample. */
  summary(): LatencySummary | undefined {
    const histogram = this.#histogram
    if (histogram.totalCount === 0) return undefined
    const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000
    const curve: [number, number][] = []
    for (let tenth = 0; tenth <= 1000; tenth += tenth < 990 ? 10 : 1) curve.push([tenth / 10, at(tenth / 10)])
    return {
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: histogram.maxValue / 1000,
      mean: histogram.mean / 1000,
      samples: histogram.totalCount,
      curve,
    }
  }
}
