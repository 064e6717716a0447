/** Errors that the store's trouble turns into. */
import { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'

export function rejectedByStore(cause: Error, address: string, message: OutgoingMessage): MessagingError {
  return new MessagingError('SEND_REJECTED', `The store could not write the message: ${cause.message}`, {
    cause,
    hint: 'Make room on the disk of the store, then send again.',
    context: { address, operation: 'send', messageId: message.id },
    retryable: true,
  })
}
