/** Places whose node refused its messages for now, with the time of the next try: a pause that doubles with each refusal. */
import type { MessagingError } from '../index.ts'
import type { RelaySettings } from './relay-options.ts'
import type { Teller } from './status.ts'

interface Hold {
  failures: number
  /** As `performance.now()`. */
  until: number
}

export class Holds {
  readonly #teller: Teller
  readonly #retry: RelaySettings['retry']
  readonly #holds = new Map<string, Hold>()

  constructor(teller: Teller, retry: RelaySettings['retry']) {
    this.#teller = teller
    this.#retry = retry
  }

  /** Places not to be tried now. */
  places(): string[] {
    const now = performance.now()
    return [...this.#holds].filter(([, { until }]) => until > now).map(([place]) => place)
  }

  /** Whether the place refused its messages the last time. */
  failed(place: string): boolean {
    return this.#holds.has(place)
  }

  hold(place: string, error: MessagingError): void {
    const failures = (this.#holds.get(place)?.failures ?? 0) + 1
    const { minDelayMs, maxDelayMs } = this.#retry
    const delayMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures - 1, 30))
    this.#holds.set(place, { failures, until: performance.now() + delayMs })
    this.#teller.tell({ type: 'held', place, error, delayMs })
  }

  resume(place: string): void {
    if (this.#holds.delete(place)) this.#teller.tell({ type: 'resumed', place })
  }

  /** Until the first of them may be tried again. Unit: ms; `Infinity`: there is none. */
  nextMs(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { until } of this.#holds.values()) first = Math.min(first, until)
    return Math.max(0, first - performance.now())
  }
}
