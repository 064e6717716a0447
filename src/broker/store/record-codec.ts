/**
 * Messages as bytes, the way the store keeps them. Version 1:
 *
 * ```text
 * u8 version · u32 CRC-32 of all that follows · u16 fields present · u8 priority · f64 createdAt
 * [f64 expiresAt] [f64 dueAt] [u32 deliveriesBefore] id [subject] [contentType] [replyTo] [correlationId] [userId]
 * [groupId] [properties] [annotations] body (the rest)
 * ```
 *
 * Numbers are little-endian, strings a length (LEB128) and UTF-8. Properties: their number, then each its name, a type
 * byte and the value. Annotations (native extras of a copy): JSON text.
 */
import { crc32 } from 'node:zlib'
import { annotationsText, carriedAnnotations, parseAnnotations } from '../../model/annotations.ts'
import {
  noProperties,
  type OutgoingMessage,
  type Properties,
  type PropertyValue,
  StructuredBody,
} from '../../model/message.ts'
import { priorityInRange } from '../../model/ranges.ts'
import { parseStructured, stringifyStructured } from '../../model/structured-text.ts'
import { keptOriginal } from '../queue/kept-original.ts'
import type { StoredFacts } from './store.ts'
import { fromClock, toClock } from './wall-clock.ts'

const VERSION = 1
/** Where the part under the checksum begins. */
const START = 5

const FIELD = {
  expiresAt: 1,
  dueAt: 2,
  deliveriesBefore: 4,
  subject: 8,
  contentType: 16,
  replyTo: 32,
  correlationId: 64,
  userId: 128,
  groupId: 256,
  properties: 512,
  priority: 1024,
  structured: 2048,
  annotations: 4096,
} as const

const TEXTS = ['subject', 'contentType', 'replyTo', 'correlationId', 'userId', 'groupId'] as const

const PROPERTY = { null: 0, false: 1, true: 2, number: 3, string: 4, bigint: 5, date: 6, bytes: 7 } as const

/** What recovery needs to know without reading the message. */
interface RecordHead extends StoredFacts {
  readonly deliveriesBefore: number
}

/** Writes records into slabs of memory; a record is never moved or reused, because the disk reads it later. */
export class RecordWriter {
  #slab = Buffer.alloc(0)
  #at = 0

  /** @throws `TypeError` when the message holds what has no place in a record; nothing is written then */
  encode(message: OutgoingMessage, facts: StoredFacts): Buffer {
    const body =
      message.body instanceof StructuredBody
        ? Buffer.from(stringifyStructured(message.body.value))
        : message.body
    if (!(body instanceof Uint8Array)) throw new TypeError('the body is no bytes')
    const extras = carriedAnnotations(message)
    const annotations = extras && annotationsText(extras)
    const bound = sizeBound(message, body) + (annotations === undefined ? 0 : 5 + annotations.length * 3)
    if (this.#slab.length - this.#at < bound) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB, bound))
      this.#at = 0
    }
    const start = this.#at
    const slab = this.#slab
    let at = start + START
    let fields = 0
    const fieldsAt = at
    at += 2
    slab[at++] = facts.priority
    at = slab.writeDoubleLE(message.createdAt, at)
    if (message.priority !== undefined) fields |= FIELD.priority
    if (facts.expiresAt !== 0) {
      fields |= FIELD.expiresAt
      at = slab.writeDoubleLE(toClock(facts.expiresAt), at)
    }
    if (facts.dueAt !== 0) {
      fields |= FIELD.dueAt
      at = slab.writeDoubleLE(toClock(facts.dueAt), at)
    }
    if (message.deliveriesBefore !== 0) {
      fields |= FIELD.deliveriesBefore
      at = slab.writeUInt32LE(message.deliveriesBefore, at)
    }
    at = writeText(slab, at, message.id)
    for (const name of TEXTS) {
      const text = message[name]
      if (text === undefined) continue
      fields |= FIELD[name]
      at = writeText(slab, at, text)
    }
    if (message.properties !== noProperties()) {
      fields |= FIELD.properties
      at = writeProperties(slab, at, message.properties)
    }
    if (annotations !== undefined) {
      fields |= FIELD.annotations
      at = writeText(slab, at, annotations)
    }
    if (message.body instanceof StructuredBody) fields |= FIELD.structured
    slab.set(body, at)
    at += body.length
    slab.writeUInt16LE(fields, fieldsAt)
    slab[start] = VERSION
    slab.writeUInt32LE(crc32(slab.subarray(start + START, at)), start + 1)
    // order: last, so that a message that throws on the way leaves the place to the next one.
    this.#at = at
    return slab.subarray(start, at)
  }
}

/** Unit: bytes. */
const SLAB = 256 * 1024

/** @throws when the record is damaged or of another version */
export function decodeRecord(record: Buffer): OutgoingMessage {
  const reader = new Reader(record)
  const fields = reader.begin()
  const priority = reader.byte()
  const createdAt = reader.double()
  if (fields & FIELD.expiresAt) reader.double()
  if (fields & FIELD.dueAt) reader.double()
  const deliveriesBefore = fields & FIELD.deliveriesBefore ? reader.uint32() : 0
  const id = reader.text()
  const subject = fields & FIELD.subject ? reader.text() : undefined
  const contentType = fields & FIELD.contentType ? reader.text() : undefined
  const replyTo = fields & FIELD.replyTo ? reader.text() : undefined
  const correlationId = fields & FIELD.correlationId ? reader.text() : undefined
  const userId = fields & FIELD.userId ? reader.text() : undefined
  const groupId = fields & FIELD.groupId ? reader.text() : undefined
  const properties = fields & FIELD.properties ? readProperties(reader) : noProperties()
  const annotations = fields & FIELD.annotations ? parseAnnotations(reader.text()) : undefined
  const rest = reader.rest()
  return {
    id,
    to: undefined,
    members: undefined,
    subject,
    body:
      fields & FIELD.structured ? new StructuredBody(parseStructured(rest.toString())) : Buffer.from(rest),
    contentType,
    properties,
    replyTo,
    correlationId,
    priority: fields & FIELD.priority ? priorityInRange(priority) : undefined,
    ttlMs: undefined,
    delayMs: undefined,
    durable: true,
    userId,
    groupId,
    createdAt,
    deliveriesBefore,
    original: keptOriginal(annotations),
  }
}

/** @throws when the record is damaged or of another version */
export function decodeHead(record: Buffer): RecordHead {
  const reader = new Reader(record)
  const fields = reader.begin()
  const priority = reader.byte()
  reader.double()
  const expiresAt = fields & FIELD.expiresAt ? fromClock(reader.double()) : 0
  const dueAt = fields & FIELD.dueAt ? fromClock(reader.double()) : 0
  const deliveriesBefore = fields & FIELD.deliveriesBefore ? reader.uint32() : 0
  return { priority, expiresAt, dueAt, deliveriesBefore }
}

function sizeBound(message: OutgoingMessage, body: Uint8Array): number {
  // A UTF-16 unit takes three bytes of UTF-8 at most, a length five.
  let bound = 64 + 8 * 5 + body.length + message.id.length * 3
  for (const name of TEXTS) bound += (message[name]?.length ?? 0) * 3
  if (message.properties === noProperties()) return bound
  bound += 5
  for (const key of Object.keys(message.properties)) {
    const value = message.properties[key]
    bound += key.length * 3 + 16
    if (typeof value === 'string') bound += value.length * 3
    else if (typeof value === 'bigint') bound += 32
    else if (value instanceof Uint8Array) bound += value.length
  }
  return bound
}

function writeLength(slab: Buffer, from: number, length: number): number {
  let at = from
  let rest = length
  while (rest > 127) {
    slab[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  slab[at++] = rest
  return at
}

function writeText(slab: Buffer, at: number, text: string): number {
  if (typeof text !== 'string') throw new TypeError('a field that is text holds something else')
  // A short text has a length of one byte unless it is far from ASCII, so one byte is tried first.
  const { length } = text
  if (length <= 42) {
    const bytes = slab.write(text, at + 1)
    slab[at] = bytes
    return at + 1 + bytes
  }
  const bytes = Buffer.byteLength(text)
  const start = writeLength(slab, at, bytes)
  return start + slab.write(text, start)
}

function writeBytes(slab: Buffer, at: number, bytes: Uint8Array): number {
  const start = writeLength(slab, at, bytes.length)
  slab.set(bytes, start)
  return start + bytes.length
}

function writeProperties(slab: Buffer, from: number, properties: Properties): number {
  const keys = Object.keys(properties)
  let at = writeLength(slab, from, keys.length)
  for (const key of keys) at = writeProperty(slab, writeText(slab, at, key), properties[key]!)
  return at
}

function writeProperty(slab: Buffer, at: number, value: PropertyValue): number {
  switch (typeof value) {
    case 'boolean':
      slab[at] = value ? PROPERTY.true : PROPERTY.false
      return at + 1
    case 'number':
      slab[at] = PROPERTY.number
      return slab.writeDoubleLE(value, at + 1)
    case 'string':
      slab[at] = PROPERTY.string
      return writeText(slab, at + 1, value)
    case 'bigint':
      slab[at] = PROPERTY.bigint
      return writeText(slab, at + 1, value.toString())
  }
  if (value === null) {
    slab[at] = PROPERTY.null
    return at + 1
  }
  if (value instanceof Date) {
    slab[at] = PROPERTY.date
    return slab.writeDoubleLE(value.getTime(), at + 1)
  }
  if (!(value instanceof Uint8Array)) throw new TypeError('a property is of no type that can be stored')
  slab[at] = PROPERTY.bytes
  return writeBytes(slab, at + 1, value)
}

function readProperties(reader: Reader): Properties {
  const properties: Record<string, PropertyValue> = Object.create(null)
  for (let left = reader.length(); left > 0; left--) {
    const key = reader.text()
    properties[key] = readProperty(reader)
  }
  return properties
}

function readProperty(reader: Reader): PropertyValue {
  const type = reader.byte()
  switch (type) {
    case PROPERTY.null:
      return null
    case PROPERTY.false:
      return false
    case PROPERTY.true:
      return true
    case PROPERTY.number:
      return reader.double()
    case PROPERTY.string:
      return reader.text()
    case PROPERTY.bigint:
      return BigInt(reader.text())
    case PROPERTY.date:
      return new Date(reader.double())
    case PROPERTY.bytes:
      return Uint8Array.from(reader.bytes())
  }
  throw new Error(`unknown property type ${type}`)
}

class Reader {
  readonly #record: Buffer
  #at = START

  constructor(record: Buffer) {
    this.#record = record
  }

  /** Checks the record; returns the fields present. */
  begin(): number {
    const record = this.#record
    if (record.length < START + 11) throw new Error('the record is too short')
    if (record[0] !== VERSION) throw new Error(`the record has version ${record[0]}, not ${VERSION}`)
    if (record.readUInt32LE(1) !== crc32(record.subarray(START)))
      throw new Error('the checksum does not match')
    this.#at += 2
    return record.readUInt16LE(START)
  }

  byte(): number {
    return this.#record[this.#at++]!
  }

  double(): number {
    this.#at += 8
    return this.#record.readDoubleLE(this.#at - 8)
  }

  uint32(): number {
    this.#at += 4
    return this.#record.readUInt32LE(this.#at - 4)
  }

  length(): number {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      length |= (byte & 127) << shift
      if (byte < 128) return length >>> 0
    }
  }

  text(): string {
    const length = this.length()
    this.#at += length
    return this.#record.toString('utf8', this.#at - length, this.#at)
  }

  bytes(): Buffer {
    const length = this.length()
    this.#at += length
    return this.#record.subarray(this.#at - length, this.#at)
  }

  rest(): Buffer {
    return this.#record.subarray(this.#at)
  }
}
