/** A message of amqplib as the API reads it: every field is decoded when it is asked for. */
import type { Message } from 'amqplib'
import type { AdapterDelivery } from '../../../contract/adapter.ts'
import { formatAddress } from '../../../model/address-text/index.ts'
import {
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type IncomingMessage,
  noProperties,
  type Properties,
} from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import {
  type BasicProperties,
  basicProperties,
  isOnlyHeader,
  mayContain,
  RawProperties,
} from '../wire/native-properties.ts'
import { decodeAnnotations } from './annotation-headers.ts'
import { ContentHeader } from './content-header.ts'
import { type Death, hideHolds, lastDeath, withHeldDeaths } from './deaths.ts'
import {
  CREATED_MS,
  DELIVERIES,
  DELIVERY_COUNT,
  GROUP_ID,
  LIFE,
  LONG_CONTENT_TYPE,
  LONG_CORRELATION_ID,
  LONG_ID,
  MAX_TTL_MS,
  OWN,
  REPLY_TO,
  STREAM_OFFSET,
  SUBJECT,
  USER_ID,
} from './headers.ts'
import { nativeOnly } from './native-only.ts'
import { decodeProperties } from './property-codec.ts'
import { wireFormOf } from './written-form.ts'

/** Stands for what is no UTF-8. */
const REPLACEMENT = '\ufffd'

export class RabbitmqMessage implements IncomingMessage {
  readonly #native: Message
  #properties: Properties | undefined
  /** `null`: looked for, there is none. */
  #death: Death | null | undefined
  /** There may be headers of this adapter's own. */
  #marked: boolean | undefined

  constructor(native: Message) {
    this.#native = native
  }

  get id(): string {
    return this.#text(LONG_ID) ?? this.#basic.messageId ?? ''
  }

  get subject(): string | undefined {
    const noted = this.#text(SUBJECT)
    if (noted !== undefined) return noted
    const { exchange, routingKey } = this.#native.fields
    if (exchange !== '') return routingKey === '' ? undefined : routingKey
    return this.#lastDeath?.subject
  }

  get body(): Uint8Array {
    return this.#native.content
  }

  get contentType(): string | undefined {
    return this.#text(LONG_CONTENT_TYPE) ?? this.#basic.contentType
  }

  get properties(): Properties {
    this.#properties ??= this.#decodeProperties()
    return this.#properties
  }

  get replyTo(): string | undefined {
    const noted = this.#text(REPLY_TO)
    if (noted !== undefined) return noted
    const queue = this.#basic.replyTo
    return queue === undefined || queue === '' ? undefined : formatAddress({ name: queue })
  }

  get correlationId(): string | undefined {
    return this.#text(LONG_CORRELATION_ID) ?? this.#basic.correlationId
  }

  get priority(): number | undefined {
    return this.#basic.priority
  }

  /**
   * All that was sent: the broker counts by its own clock, does not tell how much is left, and any other clock may be wrong.
   */
  get ttlMs(): number | undefined {
    const life = this.#marks ? this.#number(LIFE) : undefined
    if (life !== undefined) return Math.min(MAX_TTL_MS, Math.max(1, life))
    const { expiration } = this.#basic
    if (expiration === undefined || !/^\d+$/.test(expiration)) return undefined
    return Math.min(MAX_TTL_MS, Math.max(1, Number(expiration)))
  }

  get durable(): boolean {
    return this.#basic.deliveryMode === 2
  }

  get userId(): string | undefined {
    return this.#text(USER_ID) ?? this.#basic.userId
  }

  get groupId(): string | undefined {
    return this.#text(GROUP_ID)
  }

  get createdAt(): number | undefined {
    const ms = this.#number(CREATED_MS)
    if (ms !== undefined) return ms
    const { timestamp } = this.#basic
    return timestamp === undefined ? undefined : timestamp * 1000
  }

  get annotations(): Readonly<Record<string, unknown>> {
    const { exchange, routingKey } = this.#native.fields
    const { contentEncoding, type, appId, clusterId } = this.#basic
    const annotations: Record<string, unknown> = Object.create(null)
    annotations.exchange = exchange
    annotations.routingKey = routingKey
    if (contentEncoding !== undefined) annotations.contentEncoding = contentEncoding
    if (type !== undefined) annotations.type = type
    if (appId !== undefined) annotations.appId = appId
    if (clusterId !== undefined) annotations.clusterId = clusterId
    decodeAnnotations(this.#headers, annotations)
    hideHolds(annotations)
    return annotations
  }

  get wireForm(): Uint8Array | undefined {
    return this.header && wireFormOf(this.#native.fields, this.header)
  }

  get nativeOnly(): NonNullable<IncomingMessage['nativeOnly']> {
    const { properties } = this.#native as { properties: unknown }
    return {
      adapter: ADAPTER,
      kinds: () => (properties instanceof RawProperties ? nativeOnly(properties.parsed()) : []),
    }
  }

  /** Flags and properties as they came; `undefined` where amqplib has decoded them. */
  get header(): Buffer | undefined {
    const { properties } = this.#native as { properties: unknown }
    return properties instanceof RawProperties ? properties.bytes : undefined
  }

  /** The login that published it, where it said so. */
  get nativeUserId(): string | undefined {
    return this.#basic.userId
  }

  /** Its routing key is the name of a queue. */
  get byDefaultExchange(): boolean {
    return this.#native.fields.exchange === ''
  }

  /**
   * The field that reads as `id`, its correlation id or else its own, where bytes stand there that no text gives back: some clients write
   * numbers.
   */
  bytesOfId(id: string | undefined): Buffer | undefined {
    if (id === undefined || !id.includes(REPLACEMENT) || !this.header) return undefined
    const { correlationId, messageId } = this.#basic
    const part = id === correlationId ? 'correlationId' : id === messageId ? 'messageId' : undefined
    return part && ContentHeader.of(this.header).field(part)
  }

  get #basic(): BasicProperties {
    return basicProperties(this.#native.properties)
  }

  get #headers(): FieldTable {
    const { headers } = this.#basic
    return this.#marks ? withHeldDeaths(headers) : headers
  }

  get #lastDeath(): Death | undefined {
    if (this.#death === undefined) this.#death = lastDeath(this.#headers) ?? null
    return this.#death ?? undefined
  }

  /** What the broker dead-lettered itself carries the same properties as what Sluice did. */
  #decodeProperties(): Properties {
    if (isOnlyHeader(this.#native.properties, CREATED_MS)) return noProperties()
    const properties = decodeProperties(this.#basic.headers)
    const death = this.#lastDeath
    if (death && properties[DEAD_LETTER_REASON] === undefined) {
      properties[DEAD_LETTER_REASON] = death.reason
      properties[DEAD_LETTER_DELIVERIES] ??= death.count
      properties[DEAD_LETTER_ORIGIN] ??= death.origin
    }
    return properties
  }

  /** One of this adapter's own headers. */
  #text(name: string): string | undefined {
    const value = this.#marks ? this.#basic.headers[name] : undefined
    return typeof value === 'string' ? value : undefined
  }

  get #marks(): boolean {
    this.#marked ??= mayContain(this.#native.properties, OWN)
    return this.#marked
  }

  #number(name: string): number | undefined {
    return numberIn(this.#basic.headers[name])
  }
}

/** A delivery in the list of those a receiver owes a verdict (see `settlements.ts`). */
export class RabbitmqDelivery implements AdapterDelivery {
  readonly native: Message
  readonly message: RabbitmqMessage
  /** Neighbours in order of delivery tags. */
  previous: RabbitmqDelivery | undefined
  next: RabbitmqDelivery | undefined
  state: 'open' | 'accepted' | 'settled' = 'open'

  constructor(native: Message) {
    this.native = native
    this.message = new RabbitmqMessage(native)
  }

  get tag(): number {
    return this.native.fields.deliveryTag
  }

  /**
   * A quorum queue counts; of a classic one only «again» is known, so this is the least it can be.
   *
   * protocol: the count of a queue comes with what is handed out again. On a first delivery the header is a copy that somebody published
   * with all the headers of the original.
   */
  get deliveryCount(): number {
    const { headers } = basicProperties(this.native.properties)
    const before = countIn(headers[DELIVERIES]) ?? 0
    if (!this.native.fields.redelivered) return before + 1
    return before + 1 + (countIn(headers[DELIVERY_COUNT]) ?? 1)
  }

  /** Where in its stream it stands; `undefined` for a message of another kind of queue. */
  get streamOffset(): number | undefined {
    if (!mayContain(this.native.properties, STREAM_OFFSET)) return undefined
    return numberIn(basicProperties(this.native.properties).headers[STREAM_OFFSET])
  }

  get redelivered(): boolean {
    return this.native.fields.redelivered || this.deliveryCount > 1
  }
}

function numberIn(value: FieldValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Anybody can write a header. */
function countIn(value: FieldValue | undefined): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}
