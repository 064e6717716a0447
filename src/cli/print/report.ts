/** Rates and latencies of a run, in the columns of qpid-send and qpid-receive. */
import type { Context } from '../command/command.ts'

/** Latencies kept for the average and the extremes only: constant size. */
export class RunReport {
  #begun = performance.now()
  #count = 0
  #timed = 0
  #sum = 0
  #least = Infinity
  #most = 0

  /** The clock starts with the first message. */
  add(latencyMs?: number): void {
    if (this.#count === 0) this.#begun = performance.now()
    this.#count += 1
    if (latencyMs === undefined) return
    this.#timed += 1
    this.#sum += latencyMs
    this.#least = Math.min(this.#least, latencyMs)
    this.#most = Math.max(this.#most, latencyMs)
  }

  get count(): number {
    return this.#count
  }

  /** Two lines on stderr, so that what was received stays alone on stdout. */
  async print({ err }: Context): Promise<void> {
    const seconds = Math.max((performance.now() - this.#begun) / 1000, 0.001)
    const rate = Math.round(this.#count / seconds)
    if (this.#timed === 0) {
      await err.line(`count\ttp(m/s)\n${this.#count}\t${rate}`)
      return
    }
    const average = this.#sum / this.#timed
    const row = [this.#count, rate, ...[this.#least, this.#most, average].map((ms) => ms.toFixed(2))]
    await err.line(`count\ttp(m/s)\tl-min\tl-max\tl-avg\n${row.join('\t')}`)
  }
}
