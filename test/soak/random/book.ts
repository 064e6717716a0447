/** What became of every message of one node, and whether that is as promised. */
import type { MessagingError } from '../../../src/index.ts'
import type { Watch } from './watch.ts'

/** Errors of a send that say that the broker does not hold the message. */
const NOT_SENT = ['CONNECTION_LOST', 'CAPACITY_EXCEEDED', 'SEND_REJECTED', 'SEND_UNROUTABLE', 'CLOSED']

interface Entry {
  state: 'open' | 'accepted' | 'refused' | 'doubtful'
  seen: number
  done: boolean
}

export interface Promises {
  /** Nothing may be lost. */
  readonly kept: boolean
  /** Nothing may come again after its verdict, nothing that was refused may come. */
  readonly once: boolean
  /** What comes again says so: what is sent again is stored once. */
  readonly marked: boolean
  /** First deliveries are in the order of sending. */
  readonly ordered: boolean
}

export class Book {
  readonly entries = new Map<string, Entry>()
  readonly #latest = new Map<string, number>()
  disorders = 0

  constructor(
    readonly name: string,
    readonly promises: Promises,
    readonly watch: Watch,
  ) {}

  sending(id: string): void {
    this.entries.set(id, { state: 'open', seen: 0, done: false })
  }

  sent(id: string, error: MessagingError | undefined, confirmed: boolean): void {
    const entry = this.entries.get(id)!
    if (!error) entry.state = confirmed ? 'accepted' : 'doubtful'
    else entry.state = NOT_SENT.includes(error.code) ? 'refused' : 'doubtful'
    if (entry.state === 'refused' && entry.seen > 0 && this.promises.once)
      this.watch.problem(
        `${this.name}: ${id} came, then its send failed with ${error?.code}: ${error?.message}`,
      )
  }

  seen(id: string, redelivered: boolean, by: string): void {
    const entry = this.entries.get(id)
    if (!entry) {
      this.watch.problem(`${this.name}: ${by} got ${id}, which nobody sent here`)
      return
    }
    if (this.promises.once) {
      if (entry.done) this.watch.problem(`${this.name}: ${id} came again after its verdict, to ${by}`)
      if (entry.state === 'refused') this.watch.problem(`${this.name}: ${id} was refused and came, to ${by}`)
    }
    if (this.promises.marked && entry.seen > 0 && !redelivered)
      this.watch.problem(
        `${this.name}: ${id} came for the ${entry.seen + 1}th time, not as redelivered, to ${by}`,
      )
    if (entry.seen++ > 0 || !this.promises.ordered) return
    // Handed out before to a receiver that was lost: others may have got younger ones until that was noticed.
    if (redelivered && !this.promises.once) return
    const [sender, number] = id.split('#') as [string, string]
    const latest = this.#latest.get(sender) ?? -1
    if (Number(number) > latest) this.#latest.set(sender, Number(number))
    else {
      this.disorders++
      if (this.promises.once) this.watch.problem(`${this.name}: ${by} got ${id} behind ${latest}`)
    }
  }

  done(id: string): void {
    const entry = this.entries.get(id)
    if (entry) entry.done = true
  }

  /** Accepted by the broker, and not yet settled by a receiver. */
  missing(): string[] {
    if (!this.promises.kept) return []
    return [...this.entries].filter(([, { state, done }]) => state === 'accepted' && !done).map(([id]) => id)
  }
}
