/** A fresh message, or the copy of another broker's, as sections of AMQP 1.0 (part 3 of the standard: messaging). */

import { type Annotations, type AnnotationValue, carriedAnnotations } from '../../../model/annotations.ts'
import {
  DEAD_LETTER_REASON,
  NORMAL_PRIORITY,
  type OutgoingMessage,
  type Properties,
  StructuredBody,
} from '../../../model/message.ts'
import { has64Bits, toldTime } from '../../../model/ranges.ts'
import { AmqpMessage } from './amqp-message.ts'
import { annotationName } from './foreign-names.ts'
import { BIGINTS, DELIVERIES } from './own-annotations.ts'
import { APPLICATION_PROPERTIES, DATA, HEADER, MESSAGE_ANNOTATIONS, PROPERTIES, VALUE } from './sections.ts'
import type { WireWriter } from './wire-writer.ts'

const MAX_UINT = 0xffffffff
/** Lists and maps inside each other in annotations; what is deeper becomes null. */
const MAX_EXTRA_DEPTH = 64

/** @throws TypeError or RangeError on what AMQP 1.0 has no type for */
export function writeMessage(writer: WireWriter, message: OutgoingMessage): void {
  const extras = message.original && new Extras(message)
  writeHeader(writer, message)
  writeAnnotations(writer, message, extras)
  writeProperties(writer, message, extras)
  writeApplicationProperties(writer, message.properties)
  writeBody(writer, message)
}

function writeHeader(writer: WireWriter, message: OutgoingMessage): void {
  const life = lifeOf(message)
  writer.section(HEADER)
  writer.list(life === undefined ? 2 : 3, () => {
    writer.boolean(message.durable)
    writer.ubyte(message.priority ?? NORMAL_PRIORITY)
    if (life !== undefined) writer.uint(life)
  })
}

/** The time to live as its field can tell it. More than that, 49 days, would end too early: such a message lives without end. Unit: ms. */
export function lifeOf({ ttlMs }: OutgoingMessage): number | undefined {
  return ttlMs === undefined || ttlMs > MAX_UINT ? undefined : ttlMs
}

function writeAnnotations(writer: WireWriter, message: OutgoingMessage, extras: Extras | undefined): void {
  const { properties, body } = message
  const bigints = holdsBigint(properties) || (body instanceof StructuredBody && holdsBigint(body.value))
  const own = ownAnnotations(writer, message, bigints)
  const names = extras === undefined ? NO_NAMES : Object.keys(extras.annotations)
  if (own === 0 && names.length === 0) return
  writer.section(MESSAGE_ANNOTATIONS)
  writer.map(own + names.length, () => {
    for (const name of names) {
      writer.symbol(annotationName(name))
      writer.value(extras!.annotations[name])
    }
    writeOwnAnnotations(writer, message, bigints)
  })
}

const NO_NAMES: readonly string[] = []

/** How many {@link writeOwnAnnotations} will write. */
export function ownAnnotations(
  { dialect }: WireWriter,
  { deliveriesBefore, delayMs, members }: OutgoingMessage,
  bigints: boolean,
): number {
  const toQueue = members !== undefined && dialect.toQueue !== undefined
  return (
    (bigints ? 1 : 0) + (deliveriesBefore > 0 ? 1 : 0) + (delayMs === undefined ? 0 : 1) + (toQueue ? 1 : 0)
  )
}

export function writeOwnAnnotations(
  writer: WireWriter,
  { deliveriesBefore, delayMs, members }: OutgoingMessage,
  bigints: boolean,
): void {
  const { notBefore, toQueue } = writer.dialect
  if (bigints) {
    writer.symbol(BIGINTS)
    writer.boolean(true)
  }
  if (deliveriesBefore > 0) {
    writer.symbol(DELIVERIES)
    writer.number(deliveriesBefore)
  }
  if (delayMs !== undefined) {
    writer.symbol(notBefore)
    writer.bigint(BigInt(Date.now() + Math.ceil(delayMs)))
  }
  if (members !== undefined && toQueue) {
    writer.symbol(toQueue[0])
    writer.ubyte(toQueue[1])
  }
}

function writeProperties(writer: WireWriter, message: OutgoingMessage, extras: Extras | undefined): void {
  writer.section(PROPERTIES)
  const last = extras?.last ?? (message.groupId === undefined ? 10 : 11)
  writer.list(last, () => {
    if (message.id === '') writer.null()
    else writer.string(message.id)
    writeUserId(writer, message.userId)
    if (message.to !== undefined) writer.string(writer.dialect.wireAddress(message.to))
    else writeText(writer, extras?.to)
    writeText(writer, message.subject)
    writeText(writer, message.replyTo && writer.dialect.wireAddress(message.replyTo))
    writeCorrelationId(writer, message)
    writeSymbol(writer, message.contentType)
    writeSymbol(writer, extras?.contentEncoding)
    writeTime(writer, extras?.absoluteExpiryTime)
    writeTime(writer, toldTime(message.createdAt))
    if (last > 10) writeText(writer, message.groupId)
    if (last > 11) {
      if (extras?.groupSequence === undefined) writer.null()
      else writer.uint(extras.groupSequence)
      writeText(writer, extras?.replyToGroupId)
    }
  })
}

export function writeText(writer: WireWriter, value: string | undefined): void {
  if (value === undefined) writer.null()
  else writer.string(value)
}

export function writeSymbol(writer: WireWriter, value: string | undefined): void {
  if (value === undefined) writer.null()
  else writer.symbol(value)
}

export function writeUserId(writer: WireWriter, value: string | undefined): void {
  if (value === undefined) writer.null()
  else writer.binary(Buffer.from(value))
}

function writeTime(writer: WireWriter, value: number | bigint | undefined): void {
  if (value === undefined) writer.null()
  else if (typeof value === 'bigint') writer.timestampCount(value)
  else writer.timestamp(value)
}

/** An answer has the id that its request came with, in the type that it came with. */
export function writeCorrelationId(writer: WireWriter, { correlationId, answers }: OutgoingMessage): void {
  if (correlationId === undefined) writer.null()
  else if (answers instanceof AmqpMessage && writeRequestId(writer, correlationId, answers)) return
  else writer.string(correlationId)
}

const MESSAGE_ID = 0
const CORRELATION_ID = 5

function writeRequestId(writer: WireWriter, text: string, request: AmqpMessage): boolean {
  const field = text === request.correlationId ? CORRELATION_ID : text === request.id ? MESSAGE_ID : undefined
  const place = field === undefined ? undefined : request.property(field)
  if (place === undefined) return false
  writer.raw(request.bytes, place[0], place[1])
  return true
}

function writeApplicationProperties(writer: WireWriter, properties: Properties): void {
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

export function writeBody(writer: WireWriter, { body }: OutgoingMessage): void {
  if (body instanceof StructuredBody) {
    writer.section(VALUE)
    writer.value(body.value)
  } else {
    writer.section(DATA)
    writer.binary(body)
  }
}

export function holdsBigint(value: unknown): boolean {
  if (typeof value === 'bigint') return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date)
    return false
  return Object.values(value).some(holdsBigint)
}

/** Native extras of another broker's message: those that AMQP 1.0 has a field for, and the rest as annotations. */
class Extras {
  to: string | undefined
  contentEncoding: string | undefined
  absoluteExpiryTime: number | bigint | undefined
  groupSequence: number | undefined
  replyToGroupId: string | undefined
  readonly annotations: Record<string, AnnotationValue> = Object.create(null)

  constructor(message: OutgoingMessage) {
    const carried: Annotations = carriedAnnotations(message) ?? {}
    // A dead letter lives for ever.
    const expires = !(DEAD_LETTER_REASON in message.properties)
    for (const [name, value] of Object.entries(carried)) {
      if (name === 'to' && typeof value === 'string') this.to = value
      else if (name === 'contentEncoding' && isAscii(value)) this.contentEncoding = value
      else if (name === 'absoluteExpiryTime' && isTime(value)) {
        if (expires) this.absoluteExpiryTime = value instanceof Date ? value.getTime() : value
      } else if (name === 'groupSequence' && isUint(value)) this.groupSequence = value
      else if (name === 'replyToGroupId' && typeof value === 'string') this.replyToGroupId = value
      else this.annotations[name] = encodable(value, 0)
    }
  }

  /** Fields of the properties section, as far as one of these needs them; `undefined`: none of them beyond the usual. */
  get last(): number | undefined {
    return this.groupSequence === undefined && this.replyToGroupId === undefined ? undefined : 13
  }
}

/** As AMQP 1.0 can hold it: whatever it is, the message that has it can be sent. */
function encodable(value: AnnotationValue, depth: number): AnnotationValue {
  switch (typeof value) {
    case 'string':
      return value.toWellFormed()
    case 'bigint':
      return has64Bits(value) ? value : String(value)
    case 'number':
    case 'boolean':
      return value
    case 'object':
      break
    default:
      return String(value)
  }
  if (value === null || depth > MAX_EXTRA_DEPTH) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map((item: AnnotationValue) => encodable(item, depth + 1))
  const map: Record<string, AnnotationValue> = Object.create(null)
  for (const [key, item] of Object.entries(value as Annotations))
    map[key.toWellFormed()] = encodable(item, depth + 1)
  return map
}

function isAscii(value: AnnotationValue | undefined): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)
}

function isUint(value: AnnotationValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_UINT
}

function isTime(value: AnnotationValue | undefined): value is Date | number | bigint {
  if (value instanceof Date) return !Number.isNaN(value.getTime())
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
  return Number.isSafeInteger(value)
}
