/** How a message is published: a fresh one field by field, a copy as its original was. */
import type { OutgoingMessage } from '../../../model/message.ts'
import { freshOptions, type PublishOptions, type Route } from './codec.ts'
import { copyOptions, requestId } from './copies.ts'

/**
 * What they point to is read before `publish` returns.
 *
 * @throws `ENCODE_FAILED`
 */
export function publishOptions(message: OutgoingMessage, route: Route): PublishOptions {
  const fresh = message.original === undefined && requestId(message) === undefined
  return fresh ? freshOptions(message, route) : copyOptions(message, route)
}
