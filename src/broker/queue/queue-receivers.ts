/** The receivers of a queue as the queue deals with them. */
import type { ReceiverEvents } from '../../contract/adapter.ts'
import type { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import type { Entry } from './waiting/entry.ts'

export interface QueueReceiver {
  /** The queue is gone. */
  detached(error: MessagingError): void
}

/** One that takes. */
export interface ConsumingReceiver extends QueueReceiver {
  readonly events: ReceiverEvents
  readonly exclusive: boolean
  /** Deliveries that may still be handed over. */
  readonly free: number
  /** Stands in the queue's turnstile. Owned by the queue. */
  queued: boolean
  /** It says which deliveries its program has in hand: those count, by {@link Queue.count}, and no others. */
  readonly tells: boolean
  deliver(entry: Entry, message: OutgoingMessage): void
}

/** One that looks. */
export interface BrowsingReceiver extends QueueReceiver {
  /** Something new waits in the queue. */
  arrived(): void
}
