/** A message as the tools show it: the fields by the names of the Qpid client, the content as a value. */
import type { ReceivedMessage } from '../../index.ts'
import { contentOf } from '../../tools/message/fields.ts'
import { repr } from './python-repr.ts'

export interface Printable {
  readonly id: string | undefined
  readonly subject: string | undefined
  readonly userId: string | undefined
  readonly replyTo: string | undefined
  readonly correlationId: string | undefined
  readonly priority: number | undefined
  /** Unit: ms; printed in seconds. */
  readonly ttlMs: number | undefined
  readonly durable: boolean
  readonly redelivered: boolean
  readonly properties: Readonly<Record<string, unknown>>
  readonly contentType: string | undefined
  /** `undefined`: none. */
  readonly content: unknown
}

/** As the originals have none, it is not shown. */
const NORMAL_PRIORITY = 4

/** An id that this library made by itself tells nothing to a person; the originals have none there. */
const GENERATED_ID = /^[\w-]{16}-[0-9a-z]+$/

/** `Message(subject='s', properties={'spout-id': '…:0'}, content='hello')` */
export function printForm(message: Printable): string {
  const parts: string[] = []
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) parts.push(`${name}=${repr(value)}`)
  }
  add('id', message.id === undefined || GENERATED_ID.test(message.id) ? undefined : message.id)
  add('subject', message.subject)
  add('user_id', message.userId)
  add('reply_to', message.replyTo)
  add('correlation_id', message.correlationId)
  add('priority', message.priority)
  if (message.ttlMs !== undefined) parts.push(`ttl=${seconds(message.ttlMs)}`)
  if (message.durable) add('durable', true)
  if (message.redelivered) add('redelivered', true)
  if (Object.keys(message.properties).length > 0) add('properties', message.properties)
  if (message.contentType !== undefined && message.contentType !== inferredType(message.content)) {
    add('content_type', message.contentType)
  }
  if (message.content !== undefined) {
    parts.push(parts.length > 0 ? `content=${repr(message.content)}` : repr(message.content))
  }
  return `Message(${parts.join(', ')})`
}

/** Of a message that came in. A body that does not fit its content type is shown as the bytes it is. */
export function printableOf(message: ReceivedMessage & { readonly redelivered?: boolean }): Printable {
  return {
    id: message.id === '' ? undefined : message.id,
    subject: message.subject,
    userId: message.userId,
    replyTo: message.replyTo,
    correlationId: message.correlationId,
    priority: message.priority === NORMAL_PRIORITY ? undefined : message.priority,
    ttlMs: message.ttlMs,
    durable: message.durable,
    redelivered: message.redelivered ?? false,
    properties: message.properties,
    contentType: message.contentType,
    content: contentOf(message),
  }
}

function inferredType(content: unknown): string | undefined {
  if (typeof content === 'string') return 'text/plain'
  if (content instanceof Uint8Array) return 'application/octet-stream'
  if (Array.isArray(content)) return 'amqp/list'
  return typeof content === 'object' && content !== null ? 'amqp/map' : undefined
}

/** The originals keep a time to live as a float of seconds. */
function seconds(ms: number): string {
  const value = ms / 1000
  return Number.isInteger(value) ? `${value}.0` : String(value)
}
