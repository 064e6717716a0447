/** What a relay tells: to its own listener, and on the diagnostics channel `sluice:outbox`. */
import diagnostics from 'node:diagnostics_channel'
import { calledSafely } from '../core/called-safely.ts'
import type { MessagingError } from '../index.ts'

/** Something a relay did, or could not do. */
export type RelayStatus =
  /** Messages were handed on: the broker has them, the table has not. */
  | { readonly type: 'handed-on'; readonly count: number }
  /** The broker does not take messages for this node now (it is full, or away): they stay, and are tried again after `delayMs`. */
  | {
      readonly type: 'held'
      readonly place: string
      readonly error: MessagingError
      readonly delayMs: number
    }
  /** A node that was held takes messages again. */
  | { readonly type: 'resumed'; readonly place: string }
  /** A message that can never be sent was put aside with its error; those behind it go on. */
  | { readonly type: 'aside'; readonly id: string; readonly place: string; readonly error: MessagingError }
  /** The database does not answer; the relay tries again after `delayMs`. */
  | { readonly type: 'database-lost'; readonly error: unknown; readonly delayMs: number }
  | { readonly type: 'database-back' }

/** What waits in the outbox. */
export interface Backlog {
  /** Messages not yet handed on. */
  readonly waiting: number
  /** Messages put aside, which can never be sent as they are. */
  readonly aside: number
  /** Age of the oldest that waits. Unit: ms; 0 where none waits. */
  readonly oldestMs: number
}

const channel = diagnostics.channel('sluice:outbox')

export class Teller {
  readonly #listener: ((status: RelayStatus) => void) | undefined

  constructor(listener: ((status: RelayStatus) => void) | undefined) {
    this.#listener = listener
  }

  tell(status: RelayStatus): void {
    if (channel.hasSubscribers) channel.publish(status)
    // A listener's fault must not end the relay, and must not be silent.
    calledSafely(() => this.#listener?.(status))
  }
}
