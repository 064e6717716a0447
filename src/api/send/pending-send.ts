/** One send on its way to its outcome, and the list of those that were written. */

import type { AdapterSender, Transfer } from '../../contract/adapter.ts'
import type { Answering } from '../../core/answer.ts'
import { Timed } from '../../core/time/deadlines.ts'
import type { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Trace } from '../tracing/trace.ts'

/** What `send` resolves to: the broker has taken responsibility for the message. */
export interface Outcome {
  /** Id of the message, as given or made. */
  readonly id: string
}

/** Hears what becomes of a send. */
export interface PendingSendOwner {
  /** The broker has answered. */
  settled(pending: PendingSend, error: MessagingError | undefined): void
  /** Its time is up. */
  expired(pending: PendingSend): void
}

export class PendingSend extends Timed implements Transfer, Answering<Outcome> {
  readonly message: OutgoingMessage
  /** Somebody listens to what becomes of it. */
  readonly trace: Trace | undefined
  readonly #owner: PendingSendOwner
  /** Answer of the promise; `undefined` until there is one, because many sends are settled before it is needed. */
  resolve: ((outcome: Outcome) => void) | undefined = undefined
  reject: ((error: Error) => void) | undefined = undefined
  /** What it ended with before its promise was made. */
  error: MessagingError | undefined = undefined
  /** Owned by {@link UnsettledSends}. */
  previous: PendingSend | undefined = undefined
  /** Owned by {@link UnsettledSends}. */
  next: PendingSend | undefined = undefined
  resend = false
  /** How often the broker ended the connection with words of its own while this was the only send without an answer. */
  refusals = 0
  /** The link it was written on; `undefined` while it waits. */
  link: AdapterSender | undefined = undefined
  /** It was written at least once, so the broker may hold it. */
  inDoubt = false
  /** The promise has its answer. */
  done = false
  offAbort: (() => void) | undefined = undefined

  constructor(owner: PendingSendOwner, message: OutgoingMessage, trace: Trace | undefined) {
    super()
    this.#owner = owner
    this.message = message
    this.trace = trace
  }

  get outcome(): Outcome {
    return { id: this.message.id }
  }

  settle(error?: MessagingError): void {
    this.#owner.settled(this, error)
  }

  expire(): void {
    this.#owner.expired(this)
  }
}

/** Sends that were written and have no answer, in the order of writing: a list through their own fields. */
export class UnsettledSends {
  #first: PendingSend | undefined
  #last: PendingSend | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  add(pending: PendingSend): void {
    const last = this.#last
    pending.previous = last
    if (last) last.next = pending
    else this.#first = pending
    this.#last = pending
    this.#size++
  }

  /** `pending` stands in the list. */
  delete(pending: PendingSend): void {
    const { previous, next } = pending
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    pending.previous = undefined
    pending.next = undefined
    this.#size--
  }

  /** Takes all out, in order. */
  drain(): PendingSend[] {
    const all: PendingSend[] = []
    for (let first = this.#first; first; first = this.#first) {
      this.delete(first)
      all.push(first)
    }
    return all
  }
}
