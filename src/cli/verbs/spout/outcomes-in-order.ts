/** Many sends under way, told of one after the other. */

/** Takes outcomes in the order of sending, never more than `capacity` open; the first failure ends the run. */
export class OutcomesInOrder {
  readonly #capacity: number
  readonly #failed: () => void
  #open = 0
  #last: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** `failed` is called once, at the first failure, whoever waits for what. */
  constructor(capacity: number, failed: () => void) {
    this.#capacity = capacity
    this.#failed = failed
  }

  /** Resolves when there is room for another one. @throws the first failure */
  async add(outcome: Promise<unknown>, done: () => Promise<void> | undefined): Promise<void> {
    this.#open += 1
    // Its failure is told in its turn.
    outcome.catch(() => {})
    this.#last = this.#last.then(() => this.#take(outcome, done))
    while (this.#open >= this.#capacity && !this.#failure) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.check()
  }

  async finish(): Promise<void> {
    await this.#last
    this.check()
  }

  check(): void {
    if (this.#failure) throw this.#failure.error
  }

  async #take(outcome: Promise<unknown>, done: () => Promise<void> | undefined): Promise<void> {
    try {
      if (this.#failure) return
      await outcome
      await done()
    } catch (error) {
      this.#failure = { error }
      this.#failed()
    } finally {
      this.#open -= 1
      this.#wake?.()
    }
  }
}
