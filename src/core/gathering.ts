/** Waits until as many have come as are wanted, or until the first of them has waited long enough. */
import type { MessagingError } from '../model/errors.ts'
import { timerMs } from './time/longest-timer.ts'

interface Wanted {
  readonly count: number
  readonly waitMs: number
  readonly resolve: (some: boolean) => void
  readonly reject: (error: MessagingError) => void
}

export class Gathering {
  #length = 0
  /** Since when the first of them waits, on the monotonic clock; counted from the last look where more was there than was taken. */
  #since = 0
  #wanted: Wanted | undefined
  #timer: NodeJS.Timeout | undefined

  /** `length` of them are there now. */
  grown(length: number): void {
    if (this.#length === 0) this.#since = performance.now()
    this.#length = length
    this.#look()
  }

  /** Some were taken, `length` are left. */
  taken(length: number): void {
    this.#length = length
    this.#since = performance.now()
    if (length > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** True when `count` are there, or fewer and the first has waited `waitMs`; false when none will come. One call at a time. */
  wait(count: number, waitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#wanted = { count, waitMs, resolve, reject }
      this.#look()
    })
  }

  /** None will come. */
  end(error?: MessagingError): void {
    const wanted = this.#over()
    if (error) wanted?.reject(error)
    else wanted?.resolve(false)
  }

  #look(): void {
    if (!this.#wanted || this.#length === 0) return
    const { count, waitMs } = this.#wanted
    const left = this.#since + waitMs - performance.now()
    if (this.#length >= count || left <= 0) this.#over()!.resolve(true)
    else this.#timer ??= setTimeout(() => this.#fire(), timerMs(Math.ceil(left)))
  }

  #fire(): void {
    this.#timer = undefined
    this.#look()
  }

  #over(): Wanted | undefined {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const wanted = this.#wanted
    this.#wanted = undefined
    return wanted
  }
}
