/** Which value of a message AMQP 1.0 has no type for. Only asked after encoding has failed: encoding itself keeps no path. */
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { StructuredBody } from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import { MAX_DEPTH, WireWriter } from './wire-writer.ts'

/** `ENCODE_FAILED` naming the place, such as `body.orders[3].id`. */
export function unencodable(message: OutgoingMessage, cause: unknown): MessagingError {
  const { body, properties } = message
  const path =
    (body instanceof StructuredBody ? pathOfFlaw(body.value, 'body') : undefined) ??
    pathOfFlaw(properties, 'properties')
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MessagingError('ENCODE_FAILED', path === undefined ? reason : `${path}: ${reason}`, {
    cause,
    context: { adapter: ADAPTER, operation: 'send', messageId: message.id, path },
  })
}

function pathOfFlaw(value: unknown, path: string, depth = 0): string | undefined {
  if (isEncodable(value)) return undefined
  // What holds itself has no end.
  if (depth > MAX_DEPTH) return path
  const inside =
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([key, item]) => ({
          item,
          place: Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`,
        }))
      : []
  for (const { item, place } of inside) {
    const found = pathOfFlaw(item, place, depth + 1)
    if (found !== undefined) return found
  }
  return path
}

function isEncodable(value: unknown): boolean {
  try {
    new WireWriter().value(value)
    return true
  } catch {
    return false
  }
}
