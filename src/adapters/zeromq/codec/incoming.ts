/**
 * A delivery at the client: read from the batch it came in when somebody looks. What came may be anything: a message that cannot be
 * read is a delivery like any other, which says so when its body is read.
 */

import type { AdapterDelivery } from '../../../contract/adapter.ts'
import type { Annotations } from '../../../model/annotations.ts'
import { BYTES } from '../../../model/body-codec.ts'
import { asMessagingError, MessagingError } from '../../../model/errors.ts'
import { type IncomingMessage, noProperties, type Properties } from '../../../model/message.ts'
import { toldTime } from '../../../model/ranges.ts'
import { bodyStart, Field, type Header, readHeader, usualType } from './message-codec.ts'

/** Number, count and mark before the message in a DELIVER. Unit: bytes. */
export const DELIVERY_FRONT = 9

export class RemoteDelivery implements AdapterDelivery, IncomingMessage {
  readonly number: number
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly #batch: Buffer
  readonly #start: number
  readonly #end: number
  readonly #bodyStart: number
  #header: Header | undefined
  #damage: MessagingError | undefined
  #body: Uint8Array | undefined

  /** @throws `DECODE_FAILED` on what is shorter than the number, the count and the mark */
  constructor(batch: Buffer, start: number, end: number) {
    if (end - start < DELIVERY_FRONT)
      throw new MessagingError('DECODE_FAILED', 'A delivery without its number')
    this.number = batch.readUInt32BE(start)
    this.deliveryCount = batch.readUInt32BE(start + 4)
    this.redelivered = batch[start + 8] === 1
    this.#batch = batch
    this.#start = start + DELIVERY_FRONT
    this.#end = end
    this.#bodyStart = this.#findBody()
  }

  get message(): IncomingMessage {
    return this
  }

  get id(): string {
    return this.#head.id
  }
  get subject(): string | undefined {
    return this.#head.subject
  }
  get body(): Uint8Array {
    if (!this.#body) {
      const view = this.#batch.subarray(this.#bodyStart, this.#end)
      const type = this.contentType
      // Bytes become the application's own: they must not keep the batch alive. Other types are decoded from the view.
      this.#body = type === BYTES || type === undefined ? Buffer.from(view) : view
    }
    return this.#body
  }
  get contentType(): string | undefined {
    return this.#damage ? undefined : (usualType(this.#batch, this.#start) ?? this.#head.contentType)
  }
  get properties(): Properties {
    return this.#head.properties
  }
  get replyTo(): string | undefined {
    return this.#head.replyTo
  }
  get correlationId(): string | undefined {
    return this.#head.correlationId
  }
  get priority(): number | undefined {
    return this.#head.priority
  }
  get ttlMs(): number | undefined {
    const { ttlMs } = this.#head
    return ttlMs !== undefined && ttlMs >= 1 && ttlMs <= Number.MAX_SAFE_INTEGER ? ttlMs : undefined
  }
  get durable(): boolean {
    return (this.#head.fields & Field.durable) !== 0
  }
  get userId(): string | undefined {
    return this.#head.userId
  }
  get groupId(): string | undefined {
    return this.#head.groupId
  }
  get createdAt(): number | undefined {
    return toldTime(this.#head.createdAt)
  }
  get annotations(): Annotations | undefined {
    return this.#head.annotations
  }
  get damage(): MessagingError | undefined {
    void this.#head
    return this.#damage
  }

  get #head(): Header {
    this.#header ??= this.#readHeader()
    return this.#header
  }

  #readHeader(): Header {
    if (this.#damage) return NOTHING
    try {
      return readHeader(this.#batch, this.#start, this.#end)
    } catch (error) {
      this.#damage = asMessagingError(error)
      return NOTHING
    }
  }

  #findBody(): number {
    try {
      return bodyStart(this.#batch, this.#start, this.#end)
    } catch (error) {
      this.#damage = asMessagingError(error)
      return this.#start
    }
  }
}

/** Of a message whose header cannot be read. */
const NOTHING: Header = {
  fields: 0,
  createdAt: undefined,
  priority: undefined,
  ttlMs: undefined,
  delayMs: undefined,
  deliveriesBefore: 0,
  id: '',
  contentType: undefined,
  subject: undefined,
  replyTo: undefined,
  correlationId: undefined,
  userId: undefined,
  groupId: undefined,
  to: undefined,
  members: undefined,
  properties: noProperties(),
  oddProperty: undefined,
  annotations: undefined,
}
