/** Counts dead letters by what they say of their death, in bounded memory: reasons are texts of programs, and may all differ. */
import {
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type Properties,
} from '../../model/message.ts'
import type { DeathReason } from './replay-options.ts'

const MAX_REASONS = 1_000

export class Reasons {
  readonly #counts = new Map<string, { -readonly [Key in keyof DeathReason]: DeathReason[Key] }>()
  /** Letters of reasons that there was no room for. */
  others = 0

  add(properties: Properties): void {
    const reason = text(properties[DEAD_LETTER_REASON]) ?? ''
    const origin = text(properties[DEAD_LETTER_ORIGIN])
    const error = text(properties[DEAD_LETTER_ERROR])?.split('\n', 1)[0]
    const key = JSON.stringify([reason, origin, error])
    const known = this.#counts.get(key)
    if (known) known.count++
    else if (this.#counts.size >= MAX_REASONS) this.others++
    else
      this.#counts.set(key, {
        reason,
        ...(origin !== undefined && { origin }),
        ...(error !== undefined && { error }),
        count: 1,
      })
  }

  /** Most frequent first. */
  list(): DeathReason[] {
    return [...this.#counts.values()].sort((one, other) => other.count - one.count)
  }
}

/** Of a property that anybody may have written. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
