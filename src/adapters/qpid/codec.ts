/** Messages to and from the sections of AMQP 1.0 (part 3 of the standard: messaging). Pure. */
import { MessagingError } from '../../api/errors.ts'
import {
  type IncomingMessage,
  NORMAL_PRIORITY,
  noProperties,
  type OutgoingMessage,
  type Properties,
  type PropertyValue,
  StructuredBody,
  type StructuredValue,
} from '../../api/message.ts'
import { wireAddress } from './names.ts'
import { shownReplyTo } from './reply-address.ts'
import { unencodable } from './unencodable.ts'
import { Described, WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

const HEADER = 0x70
const DELIVERY_ANNOTATIONS = 0x71
const MESSAGE_ANNOTATIONS = 0x72
const PROPERTIES = 0x73
const APPLICATION_PROPERTIES = 0x74
const DATA = 0x75
const SEQUENCE = 0x76
const VALUE = 0x77
const FOOTER = 0x78

/** Says that every long and ulong of this message is a bigint: our numbers are ints and doubles. */
const BIGINTS = 'x-opt-sluice-bigint'
/** Deliveries before this copy was made. */
const DELIVERIES = 'x-opt-sluice-deliveries'
/** Broker-J holds a message back until this time (ms since 1970) on queues that allow it. */
const NOT_BEFORE = 'x-qpid-not-valid-before'
const MAX_UINT = 0xffffffff

const writer = new WireWriter()

/**
 * Encodes one message; `to` where the link has no target.
 *
 * @throws `ENCODE_FAILED` naming the value that AMQP 1.0 has no type for
 */
export function encodeMessage(message: OutgoingMessage): Buffer {
  try {
    writeHeader(message)
    writeAnnotations(message)
    writeProperties(message)
    writeApplicationProperties(message.properties)
    const { body } = message
    if (body instanceof StructuredBody) {
      writer.section(VALUE)
      writer.value(body.value)
    } else {
      writer.section(DATA)
      writer.binary(body)
    }
    return writer.take()
  } catch (cause) {
    writer.reset()
    throw unencodable(message, cause)
  }
}

function writeHeader({ durable, priority, ttlMs }: OutgoingMessage): void {
  writer.section(HEADER)
  writer.list(ttlMs === undefined ? 2 : 3, () => {
    writer.boolean(durable)
    writer.ubyte(priority ?? NORMAL_PRIORITY)
    if (ttlMs !== undefined) writer.uint(Math.min(ttlMs, MAX_UINT))
  })
}

function writeAnnotations({ properties, body, deliveriesBefore, delayMs }: OutgoingMessage): void {
  const bigints = holdsBigint(properties) || (body instanceof StructuredBody && holdsBigint(body.value))
  const count = (bigints ? 1 : 0) + (deliveriesBefore > 0 ? 1 : 0) + (delayMs === undefined ? 0 : 1)
  if (count === 0) return
  writer.section(MESSAGE_ANNOTATIONS)
  writer.map(count, () => {
    if (bigints) {
      writer.symbol(BIGINTS)
      writer.boolean(true)
    }
    if (deliveriesBefore > 0) {
      writer.symbol(DELIVERIES)
      writer.number(deliveriesBefore)
    }
    if (delayMs !== undefined) {
      writer.symbol(NOT_BEFORE)
      writer.bigint(BigInt(Date.now() + Math.ceil(delayMs)))
    }
  })
}

function writeProperties(message: OutgoingMessage): void {
  writer.section(PROPERTIES)
  const last = message.groupId === undefined ? 10 : 11
  writer.list(last, () => {
    writer.string(message.id)
    if (message.userId === undefined) writer.null()
    else writer.binary(Buffer.from(message.userId))
    text(message.to === undefined ? undefined : wireAddress(message.to))
    text(message.subject)
    text(message.replyTo === undefined ? undefined : wireAddress(message.replyTo))
    text(message.correlationId)
    if (message.contentType === undefined) writer.null()
    else writer.symbol(message.contentType)
    writer.null()
    writer.null()
    writer.timestamp(message.createdAt)
    if (last === 11) text(message.groupId)
  })
}

function text(value: string | undefined): void {
  if (value === undefined) writer.null()
  else writer.string(value)
}

function writeApplicationProperties(properties: Properties): void {
  const names = Object.keys(properties)
  if (names.length === 0) return
  writer.section(APPLICATION_PROPERTIES)
  writer.map(names.length, () => {
    for (const name of names) {
      writer.string(name)
      writer.value(properties[name])
    }
  })
}

function holdsBigint(value: unknown): boolean {
  if (typeof value === 'bigint') return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date)
    return false
  return Object.values(value).some(holdsBigint)
}

/** What the wire says beside the message. */
export interface Decoded {
  readonly message: IncomingMessage
  /** Failed deliveries before this one. */
  readonly failures: number
  /** The broker says that another link has had it. */
  readonly again: boolean
}

/** @throws `DECODE_FAILED` on malformed bytes */
export function decodeMessage(bytes: Buffer): Decoded {
  const reader = new WireReader(bytes)
  const message: { -readonly [K in keyof IncomingMessage]: IncomingMessage[K] } = {
    id: '',
    subject: undefined,
    body: Buffer.alloc(0),
    contentType: undefined,
    properties: noProperties(),
    replyTo: undefined,
    correlationId: undefined,
    priority: undefined,
    ttlMs: undefined,
    durable: false,
    userId: undefined,
    groupId: undefined,
    createdAt: undefined,
    annotations: undefined,
  }
  let failures = 0
  let again = false
  let data: Buffer[] | undefined
  let sequence: StructuredValue[] | undefined
  while (!reader.done) {
    switch (reader.section()) {
      case HEADER:
        ;({ failures, again } = readHeader(reader, message))
        break
      case MESSAGE_ANNOTATIONS: {
        const annotations = reader.value() as Record<string, unknown> | null
        if (annotations?.[BIGINTS] === true) reader.bigints = true
        failures += Number(annotations?.[DELIVERIES] ?? 0)
        message.annotations = withoutOurs(annotations)
        break
      }
      case PROPERTIES:
        readProperties(reader, message)
        break
      case APPLICATION_PROPERTIES:
        reader.data(() => readApplicationProperties(reader, message))
        break
      case DATA:
        data ??= []
        data.push(reader.binaryView())
        break
      case SEQUENCE:
        sequence ??= []
        sequence.push(...(reader.data(() => reader.value()) as StructuredValue[]))
        break
      case VALUE:
        readValue(reader, message)
        break
      case DELIVERY_ANNOTATIONS:
      case FOOTER:
        reader.value()
        break
      default:
        throw new MessagingError('DECODE_FAILED', 'The message has a section AMQP 1.0 does not know')
    }
  }
  if (data) message.body = data.length === 1 ? data[0]! : Buffer.concat(data)
  if (sequence) message.body = new StructuredBody(sequence)
  return { message, failures, again }
}

function readHeader(
  reader: WireReader,
  message: { durable: boolean; priority: number | undefined; ttlMs: number | undefined },
): { failures: number; again: boolean } {
  const count = reader.listLength()
  let failures = 0
  let again = false
  for (let at = 0; at < count; at++) {
    const value = reader.value()
    if (value === null) continue
    if (at === 0) message.durable = value === true
    else if (at === 1) message.priority = value === NORMAL_PRIORITY ? undefined : Number(value)
    // Broker-J puts the rest of the life here; 0 would mean «none left» and is never delivered.
    else if (at === 2) message.ttlMs = Math.max(1, Number(value))
    else if (at === 3) again = value === false
    else if (at === 4) failures = Number(value)
  }
  return { failures, again }
}

type Fields = { -readonly [K in keyof IncomingMessage]: IncomingMessage[K] }

function readProperties(reader: WireReader, message: Fields): void {
  const count = reader.listLength()
  const extras: Record<string, unknown> = {}
  for (let at = 0; at < count; at++) {
    const value = reader.value()
    if (value === null) continue
    switch (at) {
      case 0:
        message.id = idText(value)
        break
      case 1:
        message.userId = value instanceof Uint8Array ? Buffer.from(value).toString() : String(value)
        break
      case 2:
        extras.to = value
        break
      case 3:
        message.subject = String(value)
        break
      case 4:
        message.replyTo = shownReplyTo(String(value))
        break
      case 5:
        message.correlationId = idText(value)
        break
      case 6:
        message.contentType = String(value)
        break
      case 7:
        extras.contentEncoding = value
        break
      case 8:
        extras.absoluteExpiryTime = value
        break
      case 9:
        message.createdAt = value instanceof Date ? value.getTime() : undefined
        break
      case 10:
        message.groupId = String(value)
        break
      case 11:
        extras.groupSequence = value
        break
      case 12:
        extras.replyToGroupId = value
        break
    }
  }
  if (Object.keys(extras).length > 0) message.annotations = { ...message.annotations, ...extras }
}

/** Ids may be strings, ulongs, uuids or binaries; here they are strings. */
function idText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
}

function readApplicationProperties(reader: WireReader, message: Fields): void {
  const pairs = reader.mapLength()
  const properties: Record<string, PropertyValue> = Object.create(null)
  const nested: Record<string, unknown> = {}
  for (let at = 0; at < pairs; at++) {
    const key = String(reader.value())
    const value = reader.value()
    if (isScalar(value)) properties[key] = value
    else nested[key] = value
  }
  message.properties = properties
  if (Object.keys(nested).length > 0) message.annotations = { ...message.annotations, properties: nested }
}

function isScalar(value: unknown): value is PropertyValue {
  return value === null || typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array
}

function readValue(reader: WireReader, message: Fields): void {
  const read = reader.data(() => reader.value())
  const value = read instanceof Described ? read.value : read
  // Bytes as a value are bytes all the same; text and the rest keep their type.
  if (value instanceof Uint8Array) message.body = value
  else message.body = new StructuredBody(value as StructuredValue)
  if (message.contentType === undefined && typeof value === 'string') message.contentType = 'text/plain'
}

function withoutOurs(annotations: Record<string, unknown> | null): Record<string, unknown> | undefined {
  if (!annotations) return undefined
  const kept = Object.entries(annotations).filter(
    ([name]) => name !== BIGINTS && name !== DELIVERIES && name !== NOT_BEFORE,
  )
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}
