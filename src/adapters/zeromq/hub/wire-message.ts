/** A client's message as the broker keeps it: its fields, and its bytes to be handed on as they came. */
import type { OutgoingMessage, Properties } from '../../../model/message.ts'
import { bodyStart, Field, readHeader } from '../codec/message-codec.ts'

/** What must not reach a receiver as it was sent. */
const CHANGING = Field.ttlMs | Field.delayMs | Field.deliveriesBefore | Field.to | Field.members

export class WireMessage implements OutgoingMessage {
  id: string
  to: string | undefined
  members: readonly string[] | undefined
  subject: string | undefined
  body: Uint8Array
  contentType: string | undefined
  properties: Properties
  replyTo: string | undefined
  correlationId: string | undefined
  priority: number | undefined
  ttlMs: number | undefined
  delayMs: number | undefined
  durable: boolean
  userId: string | undefined
  groupId: string | undefined
  createdAt: number
  deliveriesBefore: number
  original: undefined
  /** Private: a copy of the message with other fields must not have it. */
  readonly #bytes: Uint8Array | undefined

  /** @throws `DECODE_FAILED` */
  constructor(batch: Buffer, start: number, end: number) {
    const header = readHeader(batch, start, end)
    // A view would keep the whole batch alive for one waiting message.
    const bytes = Buffer.allocUnsafe(end - start)
    batch.copy(bytes, 0, start, end)
    this.id = header.id
    this.to = header.to
    this.members = header.members
    this.subject = header.subject
    this.body = bytes.subarray(bodyStart(batch, start, end) - start)
    this.contentType = header.contentType
    this.properties = header.properties
    this.replyTo = header.replyTo
    this.correlationId = header.correlationId
    this.priority = header.priority
    this.ttlMs = header.ttlMs
    this.delayMs = header.delayMs
    this.durable = (header.fields & Field.durable) !== 0
    this.userId = header.userId
    this.groupId = header.groupId
    this.createdAt = header.createdAt ?? Date.now()
    this.deliveriesBefore = header.deliveriesBefore
    if ((header.fields & CHANGING) === 0) this.#bytes = bytes
  }

  /** The message as it came, where a receiver may have it like that. */
  static bytes(message: OutgoingMessage | undefined): Uint8Array | undefined {
    return message && #bytes in message ? message.#bytes : undefined
  }
}
