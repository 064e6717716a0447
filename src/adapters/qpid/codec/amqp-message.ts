/**
 * A message that came in, decoded from the sections of AMQP 1.0. It keeps its bytes, from which copies take whatever they do not
 * replace (`copy-writer.ts`).
 */

import { MessagingError } from '../../../model/errors.ts'
import {
  type IncomingMessage,
  NORMAL_PRIORITY,
  noProperties,
  type Properties,
  type PropertyValue,
  StructuredBody,
  type StructuredValue,
} from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import { BROKER_J_DIALECT, type Dialect } from './dialect.ts'
import { extraName } from './foreign-names.ts'
import { nativeOnly } from './native-only.ts'
import { BIGINTS, DELIVERIES, isOurs } from './own-annotations.ts'
import {
  APPLICATION_PROPERTIES,
  DATA,
  FOOTER,
  HEADER,
  isBody,
  MESSAGE_ANNOTATIONS,
  PROPERTIES,
  placesOf,
  SEQUENCE,
  type Section,
  sectionsOf,
  VALUE,
} from './sections.ts'
import { keyText, malformed, WireReader } from './wire-reader.ts'

export class AmqpMessage implements IncomingMessage {
  id = ''
  subject: string | undefined = undefined
  body: Uint8Array | StructuredBody
  contentType: string | undefined = undefined
  properties: Properties = noProperties()
  replyTo: string | undefined = undefined
  correlationId: string | undefined = undefined
  priority: number | undefined = undefined
  ttlMs: number | undefined = undefined
  durable = false
  userId: string | undefined = undefined
  groupId: string | undefined = undefined
  createdAt: number | undefined = undefined
  annotations: Record<string, unknown> | undefined = undefined
  damage: MessagingError | undefined = undefined
  /** Failed deliveries before this one. */
  failures = 0
  /** The broker says that another link has had it. */
  again = false
  /** The whole message as it came. */
  readonly bytes: Buffer
  /** Empty where the bytes do not fall into sections. */
  readonly sections: readonly Section[] = []
  /** The sender said that every long and ulong is a bigint. */
  bigints = false

  /** Never throws: what cannot be decoded is left out and told by {@link damage}. */
  constructor(bytes: Buffer, dialect = BROKER_J_DIALECT) {
    this.bytes = bytes
    this.body = EMPTY
    const reader = new WireReader(bytes)
    try {
      this.sections = sectionsOf(bytes)
    } catch (error) {
      this.#damaged(error)
    }
    for (const section of this.sections) {
      try {
        reader.seek(section.value, section.to)
        this.#read(section, reader, dialect)
      } catch (error) {
        this.#damaged(error)
      }
    }
    if (this.damage) this.body = bytes
    else this.#readBody(reader)
  }

  /**
   * All of it; where the body is one data section written in the usual way, without the body's bytes: an empty data section stands
   * in their place.
   */
  get wireForm(): Uint8Array | undefined {
    if (this.sections.length === 0) return undefined
    const place = this.#onlyData
    if (!place) return this.bytes
    return Buffer.concat([this.bytes.subarray(0, place.from), EMPTY_DATA, this.bytes.subarray(place.to)])
  }

  /** @throws `DECODE_FAILED` where `form` is nothing that {@link wireForm} gives */
  static fromWireForm(form: Uint8Array, body: Uint8Array): AmqpMessage {
    const bytes = Buffer.from(form)
    const whole = new AmqpMessage(bytes)
    if (whole.sections.length === 0) throw whole.damage ?? malformed('nothing where a message must be')
    const [place, further] = whole.sections.filter(({ code }) => isBody(code))
    const open = place && !further && !whole.damage && bytes.subarray(place.from, place.to).equals(EMPTY_DATA)
    if (!open) return whole
    return new AmqpMessage(
      Buffer.concat([bytes.subarray(0, place.from), dataHead(body.length), body, bytes.subarray(place.to)]),
    )
  }

  get nativeOnly(): NonNullable<IncomingMessage['nativeOnly']> {
    return { adapter: ADAPTER, kinds: () => nativeOnly(this) }
  }

  section(code: number): Section | undefined {
    return this.sections.find((section) => section.code === code)
  }

  /** Where a field of the properties section stands, from and to; `undefined` where it is not there. */
  property(index: number): readonly [number, number] | undefined {
    const section = this.section(PROPERTIES)
    if (!section) return undefined
    const places = placesOf(this.bytes, section, 'list')
    return index + 1 < places.length ? [places[index]!, places[index + 1]!] : undefined
  }

  get #onlyData(): Section | undefined {
    const [place, further] = this.sections.filter(({ code }) => isBody(code))
    if (!place || further || place.code !== DATA || !(this.body instanceof Uint8Array)) return undefined
    const head = dataHead(this.body.length)
    const usual = this.bytes.subarray(place.from, place.from + head.length).equals(head)
    return usual && place.to - place.from === head.length + this.body.length ? place : undefined
  }

  #read({ code }: Section, reader: WireReader, dialect: Dialect): void {
    switch (code) {
      case HEADER:
        this.#readHeader(reader)
        break
      case MESSAGE_ANNOTATIONS:
        this.#readAnnotations(reader)
        break
      case PROPERTIES:
        this.#readProperties(reader, dialect)
        break
      case APPLICATION_PROPERTIES:
        this.#readApplicationProperties(reader)
        break
      case FOOTER:
        this.#readFooter(reader)
        break
    }
  }

  #damaged(error: unknown): void {
    this.damage ??= error instanceof MessagingError ? error : undecodable(error)
  }

  #readHeader(reader: WireReader): void {
    const count = reader.listLength()
    for (let at = 0; at < count; at++) {
      const value = reader.value()
      if (value === null) continue
      if (at === 0) this.durable = value === true
      else if (at === 1) this.priority = value === NORMAL_PRIORITY ? undefined : countOf(value)
      // The rest of the life; 0 would mean «none left», which is never delivered: where it comes, its writer meant «no end».
      else if (at === 2) this.ttlMs = countOf(value) || undefined
      else if (at === 3) this.again = value === false
      else if (at === 4) this.failures += countOf(value) ?? 0
    }
    allRead(reader)
  }

  #readAnnotations(reader: WireReader): void {
    const pairs = reader.mapLength()
    for (let at = 0; at < pairs; at++) {
      const key = textKey(reader.value())
      const value = reader.value()
      if (!isOurs(key)) this.#annotate(extraName(key), value)
      else if (key === BIGINTS) this.bigints = value === true
      else if (key === DELIVERIES) this.failures += countOf(value) ?? 0
    }
    allRead(reader)
  }

  #readProperties(reader: WireReader, dialect: Dialect): void {
    const count = reader.listLength()
    for (let at = 0; at < count; at++) {
      const value = reader.value()
      if (value === null) continue
      switch (at) {
        case 0:
          this.id = idText(value) ?? ''
          break
        case 1:
          this.userId = value instanceof Uint8Array ? Buffer.from(value).toString() : textOf(value)
          break
        case 2:
          this.#annotate('to', value)
          break
        case 3:
          this.subject = textOf(value)
          break
        case 4:
          this.replyTo = typeof value === 'string' ? dialect.shownAddress(value) : undefined
          break
        case 5:
          this.correlationId = idText(value)
          break
        case 6:
          this.contentType = textOf(value)
          break
        case 7:
          this.#annotate('contentEncoding', value)
          break
        case 8:
          this.#annotate('absoluteExpiryTime', value)
          break
        case 9:
          if (value instanceof Date) this.createdAt = value.getTime()
          else if (typeof value === 'number' || typeof value === 'bigint') this.createdAt = Number(value)
          break
        case 10:
          this.groupId = textOf(value)
          break
        case 11:
          this.#annotate('groupSequence', value)
          break
        case 12:
          this.#annotate('replyToGroupId', value)
          break
      }
    }
    allRead(reader)
  }

  #readApplicationProperties(reader: WireReader): void {
    reader.bigints = this.bigints
    const pairs = reader.mapLength()
    const properties: Record<string, PropertyValue> = Object.create(null)
    let nested: Record<string, unknown> | undefined
    for (let at = 0; at < pairs; at++) {
      const key = textKey(reader.value())
      const value = reader.value()
      if (isScalar(value)) properties[key] = value
      else {
        nested ??= Object.create(null) as Record<string, unknown>
        nested[key] = value
      }
    }
    allRead(reader)
    reader.bigints = false
    this.properties = properties
    if (nested) this.#annotate('properties', nested)
  }

  #readFooter(reader: WireReader): void {
    const pairs = reader.mapLength()
    for (let at = 0; at < pairs; at++) {
      const key = extraName(textKey(reader.value()))
      const value = reader.value()
      if (this.annotations?.[key] === undefined) this.#annotate(key, value)
    }
    allRead(reader)
  }

  #annotate(name: string, value: unknown): void {
    this.annotations ??= Object.create(null) as Record<string, unknown>
    this.annotations[name] = value
  }

  #readBody(reader: WireReader): void {
    reader.bigints = this.bigints
    let data: Buffer | undefined
    let parts: Buffer[] | undefined
    let sequence: StructuredValue[] | undefined
    try {
      for (const { code, value, to } of this.sections) {
        if (!isBody(code)) continue
        reader.seek(value, to)
        if (code === DATA) {
          const part = reader.binaryView()
          if (data === undefined) data = part
          else {
            parts ??= [data]
            parts.push(part)
          }
        } else if (code === SEQUENCE) {
          const items = reader.value()
          if (!Array.isArray(items)) throw malformed('no list where one must be')
          // A spread of many arguments would exhaust the stack.
          if (sequence) for (const item of items) sequence.push(item)
          else sequence = items as StructuredValue[]
        } else if (code === VALUE) this.#takeValue(reader.value())
      }
    } catch (error) {
      this.#damaged(error)
      this.body = this.bytes
      return
    }
    if (sequence) this.body = new StructuredBody(sequence)
    if (parts) this.body = Buffer.concat(parts)
    else if (data) this.body = data
  }

  #takeValue(value: unknown): void {
    // Bytes as a value are bytes all the same; text and the rest keep their type.
    if (value instanceof Uint8Array) this.body = value
    else this.body = new StructuredBody(value as StructuredValue)
    if (this.contentType === undefined && typeof value === 'string') this.contentType = 'text/plain'
  }
}

const EMPTY = Buffer.alloc(0)
const EMPTY_DATA = dataHead(0)

/** How a data section of so many bytes begins, written in the usual way. */
function dataHead(length: number): Buffer {
  if (length < 256) return Buffer.of(0x00, 0x53, DATA, 0xa0, length)
  const head = Buffer.of(0x00, 0x53, DATA, 0xb0, 0, 0, 0, 0)
  head.writeUInt32BE(length, 4)
  return head
}

function allRead(reader: WireReader): void {
  if (!reader.done) throw malformed('a size that does not fit its elements')
}

function undecodable(cause: unknown): MessagingError {
  return new MessagingError('DECODE_FAILED', 'The message cannot be decoded', {
    cause,
    context: { adapter: ADAPTER },
  })
}

/** Keys of annotations and properties are symbols or strings; those of others are told by their text. */
export function textKey(key: unknown): string {
  return typeof key === 'string' ? key : keyText(key)
}

/** Ids may be strings, ulongs, uuids or binaries; here they are strings. */
function idText(value: unknown): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : textOf(value)
}

/** Of a field that should be text; a list or map is none. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'object' ? undefined : String(value)
}

/** Of a field that should be a whole number from 0. */
function countOf(value: unknown): number | undefined {
  const count = typeof value === 'bigint' ? Number(value) : value
  return typeof count === 'number' && count >= 0 && Number.isFinite(count) ? count : undefined
}

function isScalar(value: unknown): value is PropertyValue {
  return value === null || typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array
}
