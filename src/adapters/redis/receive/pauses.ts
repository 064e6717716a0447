/** The two timers of a receiver: one to gather for a moment, one until it asks again without having been called. */

import type { Session } from '../wire/session.ts'
import { recoverDead } from './presence.ts'

/**
 * How long accepted deliveries are gathered while nothing waits (the server syncs its disk for each turn), and a claim for a few is put
 * off. Unit: ms.
 */
const GATHER_MS = 5
/** Pause after taking a share of what little there was. Unit: ms. */
const YIELD_MS = 5
/** First pause between two looks, after which it doubles. Unit: ms. */
const FIRST_LOOK_MS = 250

export interface PausesEvents {
  gathered(): void
  /** The pause for the others is over. */
  yielded(): void
  timeToLook(): void
}

export class Pauses {
  readonly #session: Session
  readonly #base: string
  readonly #events: PausesEvents
  #gathering: NodeJS.Timeout | undefined
  #waiting: NodeJS.Timeout | undefined
  #yielding = false
  #lookMs = FIRST_LOOK_MS

  /** `base`: base key of the queue. */
  constructor(session: Session, base: string, events: PausesEvents) {
    this.#session = session
    this.#base = base
    this.#events = events
  }

  /** What little there is was left to the other receivers for a moment. */
  get yielding(): boolean {
    return this.#yielding
  }

  gather(): void {
    this.#gathering ??= setTimeout(Pauses.#gathered, GATHER_MS, this)
  }

  stopGathering(): void {
    if (this.#gathering === undefined) return
    clearTimeout(this.#gathering)
    this.#gathering = undefined
  }

  yield(): void {
    this.#wait(YIELD_MS, () => {
      this.#yielding = false
      this.#events.yielded()
    })
    this.#yielding = true
  }

  /** Looks when something may be due (in ms; negative: nothing will be), or after a while. `others`: other receivers are attached. */
  lookLater(nextDue: number, others: boolean): void {
    const { pollMs } = this.#session.endpoint
    const pause = Math.min(this.#lookMs, pollMs, nextDue < 0 ? pollMs : nextDue + 1)
    this.#wait(pause, () => void this.#look(others))
  }

  /** Neither looks nor yields any more. */
  stop(): void {
    clearTimeout(this.#waiting)
    this.#yielding = false
  }

  #wait(ms: number, then: () => void): void {
    this.stop()
    this.#waiting = setTimeout(then, ms)
    this.#waiting.unref()
  }

  async #look(others: boolean): Promise<void> {
    this.#lookMs = Math.min(this.#lookMs * 2, this.#session.endpoint.pollMs)
    try {
      if (others) await recoverDead(this.#session, this.#base, false)
    } catch (error) {
      this.#session.check(error)
    }
    this.#events.timeToLook()
  }

  static #gathered(pauses: Pauses): void {
    pauses.#gathering = undefined
    pauses.#events.gathered()
  }
}
