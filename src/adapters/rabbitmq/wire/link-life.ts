/** The one end of a link that stands on several channels: told to the API once, and it takes all of them along. */
import type { LinkEvents } from '../../../contract/adapter.ts'
import type { MessagingError } from '../../../model/errors.ts'
import type { Session } from './session.ts'

export class LinkLife {
  readonly #session: Session
  readonly #events: LinkEvents
  readonly #closers: (() => Promise<void>)[] = []
  #attached = false
  #over = false
  #closing: Promise<void> | undefined

  constructor(session: Session, events: LinkEvents) {
    this.#session = session
    this.#events = events
    session.links.add(this)
  }

  get over(): boolean {
    return this.#over
  }

  /** Until then a failure is told by the call that attaches. */
  attached(): void {
    this.#attached = true
  }

  /** Runs at the end, whoever brings it about. */
  atEnd(closer: () => Promise<void>): void {
    this.#closers.push(closer)
  }

  /** The broker ended a part of the link. */
  ended(error: MessagingError): void {
    if (this.#over) return
    void this.close()
    // The end of the connection is told by the connection.
    if (this.#attached && this.#session.alive) this.#events.detached(error)
  }

  /** Idempotent; never rejects. */
  close(): Promise<void> {
    this.#over = true
    this.#session.links.delete(this)
    this.#closing ??= Promise.all(this.#closers.map((closer) => closer().catch(() => {}))).then(() => {})
    return this.#closing
  }
}
