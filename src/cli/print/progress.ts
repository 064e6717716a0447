/** How far a long run is, for people: one line on the terminal that is written again each second, and nothing elsewhere. */
import type { Output } from './output.ts'

const EVERY_MS = 1_000
/** Back to the first column, and nothing left of the line before. */
const AGAIN = '\r\x1b[K'

/** `1200 of 5000 sent, 400/s, 10 s left` */
export function progressText(done: string, count: number, perSecond: number, total?: number): string {
  const parts = [
    total === undefined ? done : done.replace(/^\d+/, `$& of ${total}`),
    `${Math.round(perSecond)}/s`,
  ]
  if (total !== undefined && perSecond > 0 && total > count)
    parts.push(`${time((total - count) / perSecond)} left`)
  return parts.join(', ')
}

function time(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  return seconds < 6000 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

export class Progress {
  readonly #err: Output
  readonly #count: () => number
  readonly #describe: (count: number) => string
  readonly #total: number | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #before = 0
  #shown = false

  /** Begins at once; the first line comes after a second. `describe` says what was counted: `12 sent`. */
  constructor(
    err: Output,
    options: {
      readonly count: () => number
      readonly describe: (count: number) => string
      /** `undefined`: nobody knows. */
      readonly total?: number | undefined
    },
  ) {
    this.#err = err
    this.#count = options.count
    this.#describe = options.describe
    this.#total = options.total
    if (err.isTerminal) this.#timer = setInterval(() => this.#show(), EVERY_MS)
  }

  /** Leaves an empty line behind. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    if (!this.#shown) return
    this.#err.push(AGAIN)
    await this.#err.flush()
  }

  #show(): void {
    const count = this.#count()
    const rate = ((count - this.#before) * 1000) / EVERY_MS
    this.#before = count
    this.#shown = true
    this.#err.push(AGAIN + progressText(this.#describe(count), count, rate, this.#total))
    // Progress that cannot be shown must not end the work.
    this.#err.flush().catch(() => {})
  }
}
