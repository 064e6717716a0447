/** A message as the application sees it after it came in. */
import type { Properties } from '../../model/message.ts'

/**
 * A message that came in: fields, properties and the decoded body. Browsing and responses give these; a receiver gives deliveries.
 *
 * @example
 * for await (const message of connection.browse(orders)) {
 *   console.log(message.id, message.priority, message.properties.customer, message.body)
 * }
 */
export interface ReceivedMessage<Body = unknown> {
  /**
   * The decoded body.
   *
   * @throws `DECODE_FAILED` when the bytes do not fit the content type, or the schema; {@link bytes} still has them
   */
  readonly body: Body
  /** The body as it came over the wire (a typed body: its text form). Owned by the message: copy before changing. */
  readonly bytes: Uint8Array
  /** Empty when the sender set none. */
  readonly id: string
  /** Key that patterns are matched against. */
  readonly subject: string | undefined
  /** Media type of the body; `undefined` when the sender gave none. */
  readonly contentType: string | undefined
  /** A record without prototype: keys like `__proto__` are data. */
  readonly properties: Properties
  /** An address string. */
  readonly replyTo: string | undefined
  /** Ties an answer to its question. */
  readonly correlationId: string | undefined
  /** 0 to 9, larger first; 4 is the normal one. One out of range counts as the nearest, and stands in {@link annotations} as it came. */
  readonly priority: number
  /** Unit: ms; what is left of it where the broker tells. */
  readonly ttlMs: number | undefined
  /** It survives a restart of the broker where node and store do. */
  readonly durable: boolean
  /** As the sender gave it; not checked by Sluice. */
  readonly userId: string | undefined
  /** Name of the group of messages it belongs to. */
  readonly groupId: string | undefined
  /** When it was sent, by the sender's clock; a time that no `Date` can hold stands in {@link annotations} only. */
  readonly createdAt: Date | undefined
  /** Native extras; also `priority` and `createdAt` (ms) where they were out of range. */
  readonly annotations: Readonly<Record<string, unknown>>
  /** All fields for logs, as JSON can hold them; a body of bytes, or one that cannot be decoded, as `bytes` in base64. */
  toJSON(): Record<string, unknown>
}
