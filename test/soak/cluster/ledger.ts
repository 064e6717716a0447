/** What became of every message of one lane: two bytes for each message, so that millions fit. */
import { isMessagingError } from '../../../src/index.ts'

const OPEN = 1
const ACCEPTED = 2
const REFUSED = 4
const DOUBTFUL = 8
const STATE = OPEN | ACCEPTED | REFUSED | DOUBTFUL
/** It was on its way when a connection or a node was lost: the sender may have sent it again under its id. */
const RESENT = 16
const SEEN = 32
const DONE = 64

/** Errors of a send that say that the broker does not hold the message. */
const NOT_SENT = ['CONNECTION_LOST', 'CAPACITY_EXCEEDED', 'SEND_REJECTED', 'SEND_UNROUTABLE', 'CLOSED']

export class Ledger {
  #notes = new Uint8Array(4096)
  sent = 0
  accepted = 0
  refused = 0
  doubtful = 0
  /** Accepted by the broker, and then settled for good by a receiver. */
  done = 0
  /** Deliveries behind the first, told as such. */
  again = 0
  /** … not told as such, of what was sent again under the same id. */
  againBySender = 0
  /** … not told as such, and nobody sent it twice. */
  unmarked = 0
  /** Arrived although the send said that the broker does not have it. */
  refusedAndCame = 0

  /** The number of a new message. */
  sending(): number {
    const at = this.sent++
    if (at === this.#notes.length) {
      const grown = new Uint8Array(at * 2)
      grown.set(this.#notes)
      this.#notes = grown
    }
    this.#notes[at] = OPEN
    return at
  }

  settled(at: number, error?: unknown): void {
    let state = ACCEPTED
    if (error === undefined) this.accepted++
    else if (isMessagingError(error) && NOT_SENT.includes(error.code)) {
      state = REFUSED
      this.refused++
      if (this.#has(at, SEEN)) this.refusedAndCame++
    } else {
      state = DOUBTFUL
      this.doubtful++
    }
    this.#notes[at] = (this.#notes[at]! & ~STATE) | state
    if (state === ACCEPTED && this.#has(at, DONE)) this.done++
  }

  /** Something failed: what is open may go out a second time. */
  lostTouch(): void {
    for (let at = 0; at < this.sent; at++) if (this.#has(at, OPEN)) this.#notes[at]! |= RESENT
  }

  arrived(at: number, redelivered: boolean): void {
    if (!this.#has(at, SEEN)) {
      if (this.#has(at, REFUSED)) this.refusedAndCame++
    } else if (redelivered) this.again++
    else if (this.#has(at, RESENT)) this.againBySender++
    else this.unmarked++
    this.#notes[at]! |= SEEN
  }

  finished(at: number): void {
    if (!this.#has(at, DONE) && this.#has(at, ACCEPTED)) this.done++
    this.#notes[at]! |= DONE
  }

  /** Accepted by the broker and settled by nobody yet. */
  missing(most: number): number[] {
    const found: number[] = []
    for (let at = 0; at < this.sent && found.length < most; at++)
      if (this.#has(at, ACCEPTED) && !this.#has(at, DONE)) found.push(at)
    return found
  }

  #has(at: number, note: number): boolean {
    return (this.#notes[at]! & note) !== 0
  }
}
