/** A client's message as the broker keeps it: its fields, and its bytes to be handed on as they came. */
import type { Annotations } from '../../../model/annotations.ts'
import type { IncomingMessage, OutgoingMessage, Properties } from '../../../model/message.ts'
import { bodyStart, checkSizes, Field, MAX_TEXT_BYTES, readHeader } from '../codec/message-codec.ts'
import { checkHeader, lifeOf } from './message-checks.ts'

/** What must not reach a receiver as it was sent. */
const CHANGING = Field.ttlMs | Field.delayMs | Field.deliveriesBefore | Field.to | Field.members

export class WireMessage implements OutgoingMessage, IncomingMessage {
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
  /** What the sender's broker said beside the fields above: it is the message's own original. */
  readonly annotations: Annotations | undefined
  original: IncomingMessage | undefined
  /** Private: a copy of the message with other fields must not have it. */
  readonly #bytes: Uint8Array | undefined

  /** @throws `DECODE_FAILED`, `MESSAGE_TOO_LARGE` */
  constructor(batch: Buffer, start: number, end: number, maxBodyBytes: number) {
    checkSizes(batch, start, end, maxBodyBytes)
    const header = readHeader(batch, start, end, MAX_TEXT_BYTES)
    checkHeader(header)
    const bytes = ownBytes(batch, start, end)
    this.id = header.id
    this.to = header.to
    this.members = header.members as readonly string[] | undefined
    this.subject = header.subject
    this.body = bytes.subarray(bodyStart(batch, start, end) - start)
    this.contentType = header.contentType
    this.properties = header.properties
    this.replyTo = header.replyTo
    this.correlationId = header.correlationId
    this.priority = header.priority
    this.ttlMs = lifeOf(header.ttlMs)
    this.delayMs = header.delayMs === 0 ? undefined : header.delayMs
    this.durable = (header.fields & Field.durable) !== 0
    this.userId = header.userId
    this.groupId = header.groupId
    this.createdAt = header.createdAt ?? Date.now()
    this.deliveriesBefore = header.deliveriesBefore
    this.annotations = header.annotations
    this.original = header.annotations && this
    if ((header.fields & CHANGING) === 0) this.#bytes = bytes
  }

  /** The message as it came, where a receiver may have it like that. */
  static bytes(message: OutgoingMessage | undefined): Uint8Array | undefined {
    return message && #bytes in message ? message.#bytes : undefined
  }
}

/** A view would keep the whole batch alive for one waiting message; one that is nearly all of it may. */
function ownBytes(batch: Buffer, start: number, end: number): Buffer {
  if ((end - start) * 2 > batch.length) return batch.subarray(start, end)
  const bytes = Buffer.allocUnsafe(end - start)
  batch.copy(bytes, 0, start, end)
  return bytes
}
