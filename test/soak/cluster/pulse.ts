/** When something last worked, and how long it did not. */
export class Pulse {
  readonly name: string
  /** Longest time between two beats since `begin`. Unit: ms. */
  longestMs = 0
  #last = performance.now()
  #waiting: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  beat(): void {
    const now = performance.now()
    this.longestMs = Math.max(this.longestMs, now - this.#last)
    this.#last = now
    for (const tell of this.#waiting.splice(0)) tell()
  }

  begin(): void {
    this.longestMs = 0
  }

  /** Resolves with the next beat, or to `false` after `limitMs`. */
  next(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs, false)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }
}
