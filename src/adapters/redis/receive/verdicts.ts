/** Verdicts of one turn on their way to the server, and the calls that wait for them. */
import type { MessagingError } from '../../../model/errors.ts'

/** A call of `settle` that waits until the server has its verdict. */
export interface Settling {
  resolve(): void
  reject(error: MessagingError): void
}

export class Verdicts {
  accepted: number[] = []
  released: number[] = []
  unseen: number[] = []
  /** Delay and rank in turn. */
  delayed: number[] = []
  settling: Settling[] = []

  get empty(): boolean {
    return (
      this.accepted.length === 0 &&
      this.released.length === 0 &&
      this.unseen.length === 0 &&
      this.delayed.length === 0
    )
  }

  /** As the arguments of the script. A rank is below 2^53, so that its text is exact. */
  get args(): string[] {
    return [this.accepted, this.released, this.unseen, this.delayed].map((ranks) => ranks.join(' '))
  }

  settled(): void {
    for (const one of this.settling) one.resolve()
  }

  failed(error: MessagingError): void {
    for (const one of this.settling) one.reject(error)
  }
}
