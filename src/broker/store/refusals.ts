/** Errors that the store's trouble turns into. */
import { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'

/** The message is none that a record can hold. */
export function unwritable(cause: unknown, address: string, message: OutgoingMessage): MessagingError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new MessagingError('ENCODE_FAILED', `The store cannot hold the message: ${text}`, {
    cause,
    hint: 'Send properties of the types that messages have: text, number, bigint, boolean, Date, bytes, null.',
    context: { address, operation: 'send', messageId: message.id },
  })
}

export function rejectedByStore(cause: Error, address: string, message: OutgoingMessage): MessagingError {
  return new MessagingError('SEND_REJECTED', `The store could not write the message: ${cause.message}`, {
    cause,
    hint: /no room|disk full/.test(cause.message)
      ? 'Make room on the disk of the store, then send again.'
      : 'See the cause; then send again.',
    context: { address, operation: 'send', messageId: message.id },
    retryable: true,
  })
}
