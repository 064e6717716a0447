/** The log: a line for every act and every refusal, which nothing in a message, a name or a request can break. */
import { calledSafely } from '../../core/called-safely.ts'
import type { Secrets } from './secrets.ts'

// Line ends, control characters, and what changes the direction of writing.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const MAX_VALUE = 300

export class Audit {
  readonly #log: (line: string) => void
  readonly #secrets: Secrets
  /** Errors that have their line. */
  readonly #told = new WeakSet<object>()

  constructor(log: ((line: string) => void) | undefined, secrets: Secrets) {
    this.#log = log ?? ((line) => void process.stderr.write(`${line}\n`))
    this.#secrets = secrets
  }

  /**
   * `2026-01-31T12:00:00.000Z console act=purge broker=orders …`; what is `undefined` is left out.
   *
   * @param about the error that the line is of; it gets no second one
   */
  write(facts: Readonly<Record<string, unknown>>, about?: unknown): void {
    if (typeof about === 'object' && about !== null) {
      if (this.#told.has(about)) return
      this.#told.add(about)
    }
    const words = Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${this.#word(String(value))}`)
    const line = `${new Date().toISOString()} console ${words.join(' ')}`
    // Anybody's request may have a line written: a log that fails must not end the process.
    calledSafely(() => this.#log(line))
  }

  #word(text: string): string {
    const hidden = this.#secrets.hidden(text)
    const cut = hidden.length > MAX_VALUE ? `${hidden.slice(0, MAX_VALUE)}…` : hidden
    return /^[\w.:/#@*-]+$/.test(cut) ? cut : JSON.stringify(cut).replace(HARMFUL, escaped)
  }
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`
}
