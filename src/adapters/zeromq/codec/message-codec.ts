/**
 * A message on the wire: `header length (uint32) header body`, numbers big-endian.
 *
 *   header := fields (uint16) type (uint8) values, in the order of the bits of `fields`, [annotations]
 *   text   := length (uint32) UTF-8
 *
 * The lower seven bits of `type` are the usual content types' short form, 0: none, or the text among the values; its highest bit says that
 * annotations follow the values. `members`, `properties` and annotations are JSON texts; property values JSON has no word for are written
 * as in `structured-text.ts`: `{"@bigint": "12"}`, annotations as in `annotations.ts`. The least header is three zero bytes.
 *
 * What is read here is right in its form only: numbers are as the wire has them, and whoever uses them checks their range.
 */
import { isUtf8 } from 'node:buffer'
import {
  type Annotations,
  annotationsText,
  belonging,
  carriedAnnotations,
  parseAnnotations,
} from '../../../model/annotations.ts'
import { BYTES, bodyBytes, JSON_TYPE, TEXT } from '../../../model/body-codec.ts'
import { MessagingError } from '../../../model/errors.ts'
import {
  type IncomingMessage,
  noProperties,
  type OutgoingMessage,
  type Properties,
} from '../../../model/message.ts'
import { stringifyStructured } from '../../../model/structured-text.ts'
import type { OpCode } from '../wire/protocol.ts'
import { readProperties } from './properties.ts'
import type { RecordWriter } from './records.ts'

/** Bits of `fields`. Order on the wire is order here. */
export const Field = {
  /** No value. */
  durable: 1 << 0,
  /** float64, ms since 1970 */
  createdAt: 1 << 1,
  /** uint8 */
  priority: 1 << 2,
  /** float64 */
  ttlMs: 1 << 3,
  /** float64 */
  delayMs: 1 << 4,
  /** uint32 */
  deliveriesBefore: 1 << 5,
  id: 1 << 6,
  contentType: 1 << 7,
  subject: 1 << 8,
  replyTo: 1 << 9,
  correlationId: 1 << 10,
  userId: 1 << 11,
  groupId: 1 << 12,
  to: 1 << 13,
  members: 1 << 14,
  properties: 1 << 15,
} as const

/** Content types by their number; 0: none, or a text. */
const TYPES = [undefined, BYTES, TEXT, JSON_TYPE]
/** Bit of `type`: annotations follow the values. */
const ANNOTATED = 0x80
/** All that a message says beside its body. Unit: bytes. */
export const MAX_HEADER_BYTES = 1024 * 1024
/** One field of it, as a client may send it to the hub; those of a store that another program filled may be longer. Unit: bytes. */
export const MAX_TEXT_BYTES = 64 * 1024

export interface Header {
  readonly fields: number
  readonly createdAt: number | undefined
  readonly priority: number | undefined
  readonly ttlMs: number | undefined
  readonly delayMs: number | undefined
  readonly deliveriesBefore: number
  readonly id: string
  readonly contentType: string | undefined
  readonly subject: string | undefined
  readonly replyTo: string | undefined
  readonly correlationId: string | undefined
  readonly userId: string | undefined
  readonly groupId: string | undefined
  readonly to: string | undefined
  readonly members: readonly unknown[] | undefined
  readonly properties: Properties
  /** Name of a property whose value is none that a property can have; it stands in `properties` as text. */
  readonly oddProperty: string | undefined
  readonly annotations: Annotations | undefined
}

/** Header length, fields, type and all numbers. Unit: bytes. */
const FIXED = 4 + 3 + 8 * 3 + 1 + 4

/**
 * Writes a record of `front` bytes, which the caller fills, and the message; returns where the front begins. `annotated` false: the other
 * end is too old for annotations.
 */
export function writeMessage(
  records: RecordWriter,
  op: OpCode,
  link: number,
  front: number,
  message: OutgoingMessage | IncomingMessage,
  annotated = true,
): number {
  const body = bodyBytes(message.body)
  const outgoing = 'deliveriesBefore' in message ? message : undefined
  const properties =
    message.properties === noProperties() ? undefined : stringifyStructured(message.properties)
  const annotations = annotated ? annotationsOf(message) : undefined
  const members = outgoing?.members && JSON.stringify(outgoing.members)
  const known = TYPES.indexOf(message.contentType, 1)
  const contentType = known < 0 ? message.contentType : undefined
  const texts = [
    message.id,
    contentType,
    message.subject,
    message.replyTo,
    message.correlationId,
    message.userId,
    message.groupId,
    outgoing?.to,
    members,
    properties,
  ]
  let most = front + FIXED + body.length + (annotations ? 4 + annotations.length * 3 : 0)
  for (const text of texts) if (text !== undefined) most += 4 + text.length * 3
  const start = records.begin(op, link, most)
  const { buffer } = records
  const head = start + front + 4
  let at = head + 3
  let fields = message.durable ? Field.durable : 0
  if (message.createdAt !== undefined) {
    fields |= Field.createdAt
    at = buffer.writeDoubleBE(message.createdAt, at)
  }
  if (message.priority !== undefined) {
    fields |= Field.priority
    buffer[at++] = message.priority
  }
  if (message.ttlMs !== undefined) {
    fields |= Field.ttlMs
    at = buffer.writeDoubleBE(message.ttlMs, at)
  }
  if (outgoing?.delayMs !== undefined) {
    fields |= Field.delayMs
    at = buffer.writeDoubleBE(outgoing.delayMs, at)
  }
  if (outgoing !== undefined && outgoing.deliveriesBefore > 0) {
    fields |= Field.deliveriesBefore
    at = buffer.writeUInt32BE(outgoing.deliveriesBefore, at)
  }
  for (let bit = 0; bit < texts.length; bit++) {
    const text = texts[bit]
    if (text === undefined) continue
    fields |= Field.id << bit
    at = writeText(buffer, text, at)
  }
  buffer.writeUInt16BE(fields, head)
  if (annotations !== undefined) at = writeText(buffer, annotations, at)
  buffer[head + 2] = Math.max(known, 0) | (annotations === undefined ? 0 : ANNOTATED)
  buffer.writeUInt32BE(at - head, head - 4)
  buffer.set(body, at)
  records.end(at + body.length)
  return start
}

function annotationsOf(message: OutgoingMessage | IncomingMessage): string | undefined {
  const annotations = 'original' in message ? carriedAnnotations(message) : belonging(message)
  return annotations && annotationsText(annotations)
}

/** A message that came over the wire and goes on as it is. */
export function writeRaw(
  records: RecordWriter,
  op: OpCode,
  link: number,
  front: number,
  message: Uint8Array,
): number {
  const start = records.begin(op, link, front + message.length)
  records.buffer.set(message, start + front)
  records.end(start + front + message.length)
  return start
}

/** Where the body of the message between `start` and `end` begins. @throws `DECODE_FAILED` */
export function bodyStart(buffer: Buffer, start: number, end: number): number {
  if (start + 7 > end) throw malformed('without its header')
  const at = start + 4 + buffer.readUInt32BE(start)
  if (at > end || at < start + 7) throw malformed('without its header')
  return at
}

/** The content type, when it is one of the usual; `undefined`: it is in the {@link Header}. */
export function usualType(buffer: Buffer, start: number): string | undefined {
  return TYPES[buffer[start + 6]! & ~ANNOTATED]
}

/** What the hub takes of the message between `start` and `end`. @throws `MESSAGE_TOO_LARGE`, `DECODE_FAILED` */
export function checkSizes(buffer: Buffer, start: number, end: number, maxBodyBytes: number): void {
  const body = end - bodyStart(buffer, start, end)
  const header = buffer.readUInt32BE(start)
  if (header > MAX_HEADER_BYTES) throw tooLarge('header of the message', header, MAX_HEADER_BYTES)
  if (body > maxBodyBytes) throw tooLarge('body', body, maxBodyBytes)
}

/**
 * Reads the header of the message that begins at `start`. `mostText`: bytes of one field.
 *
 * @throws `DECODE_FAILED`, `MESSAGE_TOO_LARGE`
 */
export function readHeader(buffer: Buffer, start: number, end: number, mostText = Infinity): Header {
  const reader = new HeaderReader(buffer, start + 7, bodyStart(buffer, start, end), mostText)
  const fields = buffer.readUInt16BE(start + 4)
  const type = buffer[start + 6]!
  if ((type & ~ANNOTATED) >= TYPES.length) throw malformed(`of the unknown type ${type}`)
  const createdAt = fields & Field.createdAt ? reader.double() : undefined
  const priority = fields & Field.priority ? reader.byte() : undefined
  const ttlMs = fields & Field.ttlMs ? reader.double() : undefined
  const delayMs = fields & Field.delayMs ? reader.double() : undefined
  const deliveriesBefore = fields & Field.deliveriesBefore ? reader.uint32() : 0
  const id = fields & Field.id ? reader.text() : ''
  const contentType = fields & Field.contentType ? reader.text() : usualType(buffer, start)
  const subject = fields & Field.subject ? reader.text() : undefined
  const replyTo = fields & Field.replyTo ? reader.text() : undefined
  const correlationId = fields & Field.correlationId ? reader.text() : undefined
  const userId = fields & Field.userId ? reader.text() : undefined
  const groupId = fields & Field.groupId ? reader.text() : undefined
  const to = fields & Field.to ? reader.text() : undefined
  const members = fields & Field.members ? readMembers(reader.long()) : undefined
  const read = fields & Field.properties ? readProperties(reader.long()) : undefined
  const annotations = type & ANNOTATED ? readAnnotations(reader.long()) : undefined
  reader.done()
  return {
    fields,
    createdAt,
    priority,
    ttlMs,
    delayMs,
    deliveriesBefore,
    id,
    contentType,
    subject,
    replyTo,
    correlationId,
    userId,
    groupId,
    to,
    members,
    properties: read?.properties ?? noProperties(),
    oddProperty: read?.odd,
    annotations,
  }
}

class HeaderReader {
  readonly #buffer: Buffer
  readonly #end: number
  readonly #mostText: number
  #at: number

  constructor(buffer: Buffer, at: number, end: number, mostText: number) {
    this.#buffer = buffer
    this.#at = at
    this.#end = end
    this.#mostText = mostText
  }

  byte(): number {
    return this.#buffer[this.#take(1)]!
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8))
  }

  text(): string {
    return this.#text(this.#mostText)
  }

  /** Of several values; the header is its limit. */
  long(): string {
    return this.#text(Infinity)
  }

  /** Nothing follows. */
  done(): void {
    if (this.#at !== this.#end) throw malformed('with bytes behind the last field of its header')
  }

  #text(most: number): string {
    const length = this.uint32()
    if (length > most) throw tooLarge('field of the message', length, most)
    const at = this.#take(length)
    const text = this.#buffer.toString('utf8', at, at + length)
    // Only where the decoder may have put in its mark for what it could not read.
    if (text.includes('\ufffd') && !isUtf8(this.#buffer.subarray(at, at + length)))
      throw malformed('with a text that is no UTF-8')
    return text
  }

  #take(bytes: number): number {
    const at = this.#at
    if (at + bytes > this.#end) throw malformed('with a header that ends too early')
    this.#at = at + bytes
    return at
  }
}

/** Short texts are nearly always ASCII, which a loop copies faster than a call into the runtime. */
const SHORT = 48

function writeText(buffer: Buffer, text: string, start: number): number {
  const at = start + 4
  const { length } = text
  if (length <= SHORT) {
    let done = 0
    while (done < length) {
      const unit = text.charCodeAt(done)
      if (unit > 127) break
      buffer[at + done++] = unit
    }
    if (done === length) {
      buffer.writeUInt32BE(length, start)
      return at + length
    }
  }
  const bytes = buffer.write(text, at)
  buffer.writeUInt32BE(bytes, start)
  return at + bytes
}

function readMembers(text: string): readonly unknown[] {
  let members: unknown
  try {
    members = JSON.parse(text)
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', 'The members of a message are no JSON', { cause })
  }
  if (!Array.isArray(members)) throw malformed('whose members are no list')
  return members
}

function readAnnotations(text: string): Annotations {
  const annotations = parseAnnotations(text)
  if (!annotations) throw malformed('whose annotations are no JSON object')
  return annotations
}

/** In the words of the API. */
export function tooLarge(what: string, bytes: number, limit: number): MessagingError {
  return new MessagingError('MESSAGE_TOO_LARGE', `The ${what} has ${bytes} bytes, the limit is ${limit}`, {
    context: { bytes, limit },
  })
}

function malformed(what: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `A message ${what}`)
}
