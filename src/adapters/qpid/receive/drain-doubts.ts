/**
 * Which answers to a drain are believed.
 *
 * Artemis works at a drain beside the frames of its connection, and answers with whatever credit the link has by then. Two things follow
 * (`ProtonServerSenderContext` of Artemis 2.44):
 * - When messages used up the credit of one drain, its late answer takes back the credit of the next one, which nobody has looked at the
 *   queue for: a browser would end in the middle. So after such a drain an answer is believed only when asking again, a little later,
 *   brought nothing either, twice.
 * - A drain that comes while the broker is not quite done with the one before is passed over. So one without an answer is sent again.
 */

/** Answers that are doubted after a drain that messages used up: one may stand out, and the one that it hides. */
const DOUBTED = 2
/** Time for the broker to be done with an earlier drain. Unit: ms. */
const PAUSE_MS = 20
/** A drain without an answer is sent again after this time. Unit: ms. */
const REPEAT_MS = 500

export class DrainDoubts {
  /** This product answers so. */
  readonly #applies: boolean
  readonly #repeat: () => void
  #left = 0
  #repeating: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined

  constructor(applies: boolean, repeat: () => void) {
    this.#applies = applies
    this.#repeat = repeat
  }

  /** Messages used up the credit that a drain asked back. */
  begin(): void {
    if (this.#applies) this.#left = DOUBTED
  }

  /** Whether the answer that has just come may be one to an earlier drain. */
  askAgain(): boolean {
    return this.#left > 0 && this.#left-- > 0
  }

  later(ask: () => void): void {
    this.rest()
    this.#pause = setTimeout(ask, PAUSE_MS)
  }

  /** A drain was sent. */
  watch(): void {
    if (!this.#applies) return
    clearInterval(this.#repeating)
    this.#repeating = setInterval(this.#repeat, REPEAT_MS).unref()
  }

  /** No drain waits for its answer any more. */
  rest(): void {
    clearInterval(this.#repeating)
    clearTimeout(this.#pause)
  }
}
