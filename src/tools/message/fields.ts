/** The fields of a message that a format can name: Qpid's names first, then this library's own spelling and extras. */
import type { ReceivedMessage } from '../../index.ts'

export type FormatMessage = ReceivedMessage & {
  readonly redelivered?: boolean
  readonly deliveryCount?: number
}

/** The body as a value; one that does not fit its content type as the bytes it is. */
export function contentOf(message: ReceivedMessage): unknown {
  try {
    return message.body
  } catch {
    return message.bytes
  }
}

/** Absent is Python's None. */
function orNull<T>(value: T | undefined): T | null {
  return value === undefined ? null : value
}

type Field = (message: FormatMessage) => unknown

const QPID: readonly (readonly [name: string, alias: string | undefined, field: Field])[] = [
  ['id', undefined, (m) => m.id || null],
  ['subject', undefined, (m) => orNull(m.subject)],
  ['user_id', 'userId', (m) => orNull(m.userId)],
  ['reply_to', 'replyTo', (m) => orNull(m.replyTo)],
  ['correlation_id', 'correlationId', (m) => orNull(m.correlationId)],
  ['durable', undefined, (m) => m.durable],
  ['priority', undefined, (m) => m.priority],
  // Seconds there, milliseconds under our own name.
  ['ttl', undefined, (m) => (m.ttlMs === undefined ? null : m.ttlMs / 1000)],
  ['ttlMs', undefined, (m) => orNull(m.ttlMs)],
  ['redelivered', undefined, (m) => m.redelivered ?? false],
  ['properties', undefined, (m) => m.properties],
  ['content_type', 'contentType', (m) => orNull(m.contentType)],
  ['content', 'body', (m) => contentOf(m)],
  ['group_id', 'groupId', (m) => orNull(m.groupId)],
  ['created_at', 'createdAt', (m) => m.createdAt?.toISOString() ?? null],
  ['delivery_count', 'deliveryCount', (m) => orNull(m.deliveryCount)],
  ['annotations', undefined, (m) => m.annotations],
]

export const FIELDS: ReadonlyMap<string, Field> = new Map(
  QPID.flatMap(([name, alias, field]): [string, Field][] =>
    alias === undefined
      ? [[name, field]]
      : [
          [name, field],
          [alias, field],
        ],
  ),
)
