/**
 * Application properties as message headers and back, without loss of type or value.
 *
 * Whatever AMQP 0-9-1 has a type for is sent as that type, so that any client reads it. What its types cannot tell apart
 * (a bigint from an integer, the milliseconds of a Date) is noted in one further header, `x-sluice-types`.
 */
import { MessagingError } from '../../../model/errors.ts'
import type { Properties, PropertyValue } from '../../../model/message.ts'
import { timeInRange } from '../../../model/ranges.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { shownAnnotations } from './annotation-headers.ts'
import { isReserved, PROPERTIES, TYPES } from './headers.ts'
import { isInt64 } from './raw-table.ts'

/** A header as amqplib encodes it: a plain value, or one with its wire type spelled out. */
type NativeHeader = string | boolean | null | Buffer | number | TypedHeader | NativeHeaders
interface TypedHeader {
  readonly '!': 'double' | 'int64' | 'timestamp'
  readonly value: number | bigint
}
/** Inherits nothing, like `Object.create(null)`, which to V8 is a hash table: ten times as dear to fill and to read. */
export class NativeHeaders {
  [name: string]: NativeHeader
  static {
    Object.setPrototypeOf(NativeHeaders.prototype, null)
    Reflect.deleteProperty(NativeHeaders.prototype, 'constructor')
  }
}

const MAX_KEY_BYTES = 255

/** Adds the properties to `headers`. @throws `ENCODE_FAILED` for a name that no header can have */
export function encodeProperties(properties: Properties, headers: NativeHeaders): void {
  let types: NativeHeaders | undefined
  let sheltered: NativeHeaders | undefined
  for (const key in properties) {
    const value = properties[key]!
    if (key.length > MAX_KEY_BYTES / 3 && Buffer.byteLength(key) > MAX_KEY_BYTES) {
      throw new MessagingError('ENCODE_FAILED', 'RabbitMQ takes property names of up to 255 bytes', {
        context: { property: key },
      })
    }
    const type = typeNote(value)
    if (type !== undefined) {
      types ??= new NativeHeaders()
      types[key] = type
    }
    if (isReserved(key)) {
      sheltered ??= new NativeHeaders()
      sheltered[key] = encodeValue(value)
    } else headers[key] = encodeValue(value)
  }
  if (types) headers[TYPES] = asTable(types)
  if (sheltered) headers[PROPERTIES] = asTable(sheltered)
}

/** The application's properties among the headers of a message. */
export function decodeProperties(headers: FieldTable): Record<string, PropertyValue> {
  const properties: Record<string, PropertyValue> = Object.create(null)
  for (const key in headers) {
    const value = headers[key]
    if (isScalar(value) && !isReserved(key)) properties[key] = value
  }
  const sheltered = headers[PROPERTIES]
  if (isTable(sheltered)) {
    for (const key in sheltered) {
      const value = sheltered[key]
      if (isScalar(value)) properties[key] = value
    }
  }
  const types = headers[TYPES]
  if (isTable(types)) {
    for (const key in types) {
      if (properties[key] !== undefined) properties[key] = restore(properties[key], types[key])
    }
  }
  for (const key of shownAnnotations(headers)) delete properties[key]
  return properties
}

export function isTable(value: FieldValue | undefined): value is FieldTable {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  )
}

function isScalar(value: FieldValue | undefined): value is PropertyValue {
  return typeof value !== 'object'
    ? value !== undefined
    : value === null || value instanceof Date || value instanceof Uint8Array
}

/** amqplib takes a value with an own key `!` for a typed one; it writes inherited keys all the same. */
function asTable(entries: NativeHeaders): NativeHeaders {
  return Object.create(entries) as NativeHeaders
}

function encodeValue(value: PropertyValue): NativeHeader {
  switch (typeof value) {
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value
      // Erlang has no such doubles: RabbitMQ ends the whole connection (541) on one.
      return Number.isFinite(value) ? { '!': 'double', value } : String(value)
    case 'bigint':
      return isInt64(value) ? { '!': 'int64', value } : String(value)
    case 'object':
      if (value instanceof Date) return encodeDate(value.getTime())
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      return value
    default:
      return value
  }
}

/** RabbitMQ's timestamps are whole seconds from 1970 on; earlier dates go as milliseconds. */
function encodeDate(ms: number): TypedHeader {
  return ms < 0 ? { '!': 'int64', value: ms } : { '!': 'timestamp', value: Math.floor(ms / 1000) }
}

export function typeNote(value: PropertyValue): string | undefined {
  if (typeof value === 'bigint') return 'bigint'
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'number'
  if (!(value instanceof Date)) return undefined
  const ms = value.getTime()
  if (ms < 0) return 'date'
  return ms % 1000 === 0 ? undefined : `date:${ms % 1000}`
}

function restore(value: PropertyValue, note: FieldValue | undefined): PropertyValue {
  if (note === 'bigint') {
    if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    return value
  }
  if (note === 'number') return typeof value === 'string' ? Number(value) : value
  if (note === 'date') return typeof value === 'number' ? dateOf(value, value) : value
  const ms = typeof note === 'string' ? /^date:(\d{1,3})$/.exec(note)?.[1] : undefined
  return ms !== undefined && value instanceof Date ? dateOf(value.getTime() + Number(ms), value) : value
}

/** A stranger may have written a note that fits no time. */
function dateOf(ms: number, other: PropertyValue): PropertyValue {
  return timeInRange(ms) === ms ? new Date(ms) : other
}
