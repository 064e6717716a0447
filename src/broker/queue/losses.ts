/** What is told of messages that a queue gives to nobody any more. */
import { MessagingError } from '../../model/errors.ts'
import type { Entry, EntryQueue } from './waiting/entry.ts'

/** The record is damaged: it is left out, and left to whoever repairs the store. */
export function unreadable(
  queue: EntryQueue,
  position: number,
  cause: unknown,
  operation: 'open' | 'deliver',
): MessagingError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const text = `A stored message of '${queue.name}' cannot be read (${reason}): it is left out, and left where it is`
  return new MessagingError('STORE_FAILED', text, {
    cause,
    retryable: false,
    context: { address: queue.name, operation, position },
    hint: 'The disk may be failing: check it, and restore the directory from a copy if there is one.',
  })
}

/** It was delivered as often as may be, and there is no place for such messages. */
export function outOfDeliveries(
  queue: EntryQueue,
  entry: Entry,
  maxDeliveries: number | undefined,
): MessagingError {
  const text = `A message had ${entry.count} deliveries in '${queue.name}', which has no dead-letter address: it is discarded`
  return new MessagingError('DELIVERY_LOST', text, {
    context: { address: queue.name, messageId: entry.message?.id, maxDeliveries },
    hint: 'Give the queue a dead-letter address to keep such messages.',
  })
}
