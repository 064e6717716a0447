/** What must not happen, and promises that must settle in time: the first line of every complaint names what was broken. */
import { isMessagingError, type MessagingError } from '../../../src/index.ts'

/** A promise may be this much later than its call allows: the machine may be busy. Unit: ms. */
const SLACK_MS = 12_000

export class Watch {
  readonly problems: string[] = []
  /** How calls failed that may fail. */
  readonly codes = new Map<string, number>()
  readonly #open = new Set<{ what: string; since: number; limitMs: number }>()
  readonly #timer = setInterval(() => this.#look(), 500).unref()

  problem(text: string): void {
    if (this.problems.length < 40 && !this.problems.includes(text)) this.problems.push(text)
  }

  /** Runs one call that must end within `limitMs`; `undefined` when it failed in a way that calls may fail. */
  async call<T>(what: string, limitMs: number, work: () => Promise<T>): Promise<T | undefined> {
    return this.outcome(what, limitMs, work).then(({ value }) => value)
  }

  async outcome<T>(
    what: string,
    limitMs: number,
    work: () => Promise<T>,
  ): Promise<{ value?: T; error?: MessagingError }> {
    const entry = { what, since: performance.now(), limitMs: limitMs + SLACK_MS }
    this.#open.add(entry)
    try {
      return { value: await work() }
    } catch (error) {
      if (!isMessagingError(error)) {
        this.problem(`${what} threw ${error instanceof Error ? error.stack : String(error)}`)
        throw error
      }
      const code = `${what.split(' ')[0]}: ${error.code}`
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
      if (error.code === 'INTERNAL')
        this.problem(`${what}: ${error.message}\n${(error.cause as Error)?.stack}`)
      return { error }
    } finally {
      this.#open.delete(entry)
    }
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const entry of this.#open) {
      const ms = performance.now() - entry.since
      if (ms < entry.limitMs) continue
      this.#open.delete(entry)
      this.problem(`still open after ${Math.round(ms)} ms: ${entry.what}`)
    }
  }
}
