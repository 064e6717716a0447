/** What the embedded broker offers to one client, whatever lies between the two. Types only. */
import type {
  AdapterConnection,
  AdapterReceiver,
  ReceiverEvents,
  ReceiverSpec,
} from '../../contract/adapter.ts'
import type { MessagingError } from '../../model/errors.ts'

/** How a session talks back; the contract's `ConnectionEvents` fits. */
export interface SessionEvents {
  /** The broker was closed, or the same client opened another session. Exactly once, not after `close()`. */
  disconnected(cause: MessagingError): void
  /** Something a person should know that no call can report. */
  warning(error: MessagingError): void
}

/** Options of `Broker.session()`. */
export interface SessionOptions {
  /**
   * Identity of a client that may come back: opening a session under an identity that is in use ends the older session
   * first, so that its deliveries return, its exclusive receivers make room, and its unanswered sends are known when
   * they come again marked `resend`. Absent: a client that never comes back.
   */
  readonly client?: string
}

/**
 * One client's view of the broker: the verbs of the contract's connection, with the same promises.
 *
 * The broker keeps the message objects it is given; the caller must not change them, nor the bytes of their bodies,
 * after `send`. What it hands over is the receiver's own.
 *
 * A receiver's deliveries (and `end`) may come before the promise of `attachReceiver` settles: whoever needs the link
 * for them keeps them until then.
 *
 * `close()` gives unsettled deliveries back (marked redelivered, counted) and removes live subscriptions and reply
 * addresses.
 */
export interface Session extends Omit<AdapterConnection, 'capabilities' | 'native' | 'attachReceiver'> {
  /** `tells`: `handedOver` is called for what a program is about to see. Without it all that is handed over counts as a delivery. */
  attachReceiver(spec: ReceiverSpec, events: ReceiverEvents, tells?: boolean): Promise<BrokerReceiver>
}

export interface BrokerReceiver extends AdapterReceiver {
  /** Deliveries are limited, and those count that `handedOver` told of. */
  readonly tells?: boolean
  /**
   * Ends the link of a client that is gone. What it held comes again marked redelivered; what its program had in hand counts as
   * delivered. Where nothing was told to be, the oldest counts: the program may have died by it before that was told. Absent
   * while browsing.
   */
  lost?(): void
}
