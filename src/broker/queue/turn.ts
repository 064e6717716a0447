/**
 * Fairness within the process: a broker inside a program could run for ever in microtasks (send, deliver, accept,
 * send …) and starve timers and input. After a fixed number of steps the remaining ones wait for the next turn of the
 * event loop.
 *
 * As many copies of messages are taken in per turn as can be handed over in one. A sender that is told of its outcome
 * later sends later, so that what receivers have credit for does not pile up in the queues.
 */
import type { Transfer } from '../../contract/adapter.ts'
import { Deque } from '../../core/deque.ts'
import type { MessagingError } from '../../model/errors.ts'

/** Deliveries per turn of the event loop, and copies taken in; about two milliseconds of work. */
const STEPS = 1_000

/** Work put off to the next turn. */
export interface Deferred {
  resume(): void
}

export class Turn {
  #deliveries = STEPS
  /** Below 0: a message with many copies took more than was left; following turns pay it back. */
  #arrivals = STEPS
  #armed = false
  #waiting: Deferred[] = []
  /** Those of messages that went to one place are the transfers themselves. */
  readonly #outcomes = new Deque<Transfer | Outcome>()

  /** Whether one more delivery fits into this turn. */
  deliver(): boolean {
    if (this.#deliveries === 0) return false
    this.#deliveries--
    this.#arm()
    return true
  }

  /** Resolves when a delivery fits: at once, or in the next turn. */
  hasRoom(): Promise<void> {
    if (this.#deliveries > 0) return DONE
    return new Promise((resume) => this.defer({ resume }))
  }

  /** Tells the outcome of a message that went to `copies` places, in this turn or a following one, in order. */
  settle(transfer: Transfer, error: MessagingError | undefined, copies: number): void {
    this.#arm()
    if (this.#arrivals <= 0 || this.#outcomes.length > 0) {
      const plain = error === undefined && copies === 1
      this.#outcomes.push(plain ? transfer : new Outcome(transfer, error, copies))
      return
    }
    this.#arrivals -= Math.max(1, copies)
    transfer.settle(error)
  }

  /** Runs `work` in a following turn, after all that was put off before. */
  defer(work: Deferred): void {
    this.#waiting.push(work)
    this.#arm()
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    setImmediate(this.#begin)
  }

  /** One function for all turns: a closure in {@link #arm} would cost memory in every call, also where it does nothing. */
  readonly #begin = (): void => {
    this.#armed = false
    this.#deliveries = STEPS
    this.#arrivals = Math.min(STEPS, this.#arrivals + STEPS)
    const waiting = this.#waiting
    if (waiting.length > 0) {
      this.#waiting = []
      for (const work of waiting) work.resume()
    }
    const outcomes = this.#outcomes
    while (this.#arrivals > 0) {
      const outcome = outcomes.shift()
      if (!outcome) break
      this.#arrivals -= outcome instanceof Outcome ? Math.max(1, outcome.copies) : 1
      outcome.settle()
    }
    if (outcomes.length > 0 || this.#arrivals < 0) this.#arm()
  }
}

class Outcome {
  readonly copies: number
  readonly #transfer: Transfer
  readonly #error: MessagingError | undefined

  constructor(transfer: Transfer, error: MessagingError | undefined, copies: number) {
    this.#transfer = transfer
    this.#error = error
    this.copies = copies
  }

  settle(): void {
    this.#transfer.settle(this.#error)
  }
}

const DONE = Promise.resolve()
