/** The end of something long-lived, as a promise that nobody has to listen to. */
export class Ending {
  /** Resolves when it was closed, rejects with what ended it otherwise. Never an unhandled rejection. */
  readonly promise: Promise<void>
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(() => {})
  }

  /** The first word counts. */
  closed(): void {
    this.#resolve()
  }

  /** The first word counts. */
  failed(error: Error): void {
    this.#reject(error)
  }
}
