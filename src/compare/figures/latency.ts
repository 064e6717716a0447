/** Latencies of a run at full resolution: every sample counts, none is drawn. */
import type { Histogram } from 'hdr-histogram-js'
import { clientLibrary } from '../../core/connecting/client-library.ts'

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

/** Samples of a chunk. */
const CHUNK = 8_192
/** Chunks that wait to be counted; with more, the oldest is counted for each new one. Together 16 MB. */
const MOST_CHUNKS = 512

/** Keeps samples as they come, which costs next to nothing while it matters, and counts them when it is asked. */
export class LatencyRecorder {
  readonly #histogram: Histogram
  /** Samples that are not counted yet. Unit: µs. The last chunk holds `#length` of them. */
  readonly #chunks: Uint32Array[] = []
  #length = CHUNK

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
    if (this.#length === CHUNK) this.#nextChunk()
    const us = Math.round(latencyMs * 1000)
    this.#chunks[this.#chunks.length - 1]![this.#length++] = Math.min(Math.max(us, 1), LONGEST_US)
  }

  #nextChunk(): void {
    const oldest = this.#chunks.length === MOST_CHUNKS ? this.#chunks.shift() : undefined
    if (oldest) this.#count(oldest)
    this.#chunks.push(oldest ?? new Uint32Array(CHUNK))
    this.#length = 0
  }

  #count(samples: Uint32Array): void {
    for (const us of samples) this.#histogram.recordValue(us)
  }

  #countAll(): void {
    const last = this.#chunks.pop()
    for (const chunk of this.#chunks.splice(0)) this.#count(chunk)
    if (last) this.#count(last.subarray(0, this.#length))
    this.#length = CHUNK
  }

  /** `undefined` without a sample. */
  summary(): LatencySummary | undefined {
    this.#countAll()
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
