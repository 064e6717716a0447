/** A delivery at the client: read from the batch it came in when somebody looks. */
import type { AdapterDelivery } from '../../../contract/adapter.ts'
import { BYTES } from '../../../model/body-codec.ts'
import type { IncomingMessage, Properties } from '../../../model/message.ts'
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
  #body: Uint8Array | undefined

  /** @throws `DECODE_FAILED` */
  constructor(batch: Buffer, start: number, end: number) {
    this.number = batch.readUInt32BE(start)
    this.deliveryCount = batch.readUInt32BE(start + 4)
    this.redelivered = batch[start + 8] === 1
    this.#batch = batch
    this.#start = start + DELIVERY_FRONT
    this.#end = end
    this.#bodyStart = bodyStart(batch, start + DELIVERY_FRONT, end)
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
    return usualType(this.#batch, this.#start) ?? this.#head.contentType
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
    return this.#head.ttlMs
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
    return this.#head.createdAt
  }
  get annotations(): undefined {
    return undefined
  }

  get #head(): Header {
    this.#header ??= readHeader(this.#batch, this.#start, this.#end)
    return this.#header
  }
}
