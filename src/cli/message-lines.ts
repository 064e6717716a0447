/**
 * Whole messages as lines of JSON, so that a queue can be saved to a file and put back: every field, every property with its
 * type, the body byte for byte.
 *
 * `annotations` and `native` hold what the message says beyond the fields of the API, for a message of another program.
 *
 * A body that is text stands readable under `text`, any other under `base64`. Properties that JSON has no word for are
 * objects with one key: `{"@bigint":"1"}`, `{"@date":"…"}`, `{"@bytes":"base64"}`, `{"@number":"NaN"}`.
 */
import type { MessageExtras, MessageFields, PropertyValue, ReceivedMessage } from '../index.ts'
import { CommandError } from './errors.ts'
import { isoText } from './print/iso-text.ts'
import { decodeOrUndefined, jsonText } from './print/terminal-text.ts'

/** What stands in a line beside the body. */
const TEXT_FIELDS = ['id', 'subject', 'contentType', 'replyTo', 'correlationId', 'userId', 'groupId'] as const

/** @param extras what the message says beyond its fields (`messageExtras` of the library) */
export function messageToLine(message: ReceivedMessage, extras?: MessageExtras): string {
  const record: Record<string, unknown> = {}
  for (const name of TEXT_FIELDS) {
    if (message[name] !== undefined && message[name] !== '') record[name] = message[name]
  }
  record.priority = message.priority
  if (message.ttlMs !== undefined) record.ttlMs = message.ttlMs
  record.durable = message.durable
  if (message.createdAt) record.createdAt = message.createdAt.toISOString()
  const properties = Object.entries(message.properties)
  if (properties.length > 0) record.properties = propertiesToPlain(message.properties)
  const { bytes } = message
  const text = decodeOrUndefined(bytes)
  if (text === undefined)
    record.base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  else record.text = text
  return jsonText(Object.assign(record, extras))
}

export interface RestoredMessage {
  /** Bytes, or the value of a typed body. */
  readonly body: unknown
  readonly fields: MessageFields
  /** What it says beyond its fields. */
  readonly extras: MessageExtras | undefined
}

/** @throws CommandError naming the line */
export function lineToMessage(line: Uint8Array, number: number): RestoredMessage {
  let record: Record<string, unknown>
  try {
    record = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8'))
    if (typeof record !== 'object' || record === null || Array.isArray(record)) throw new Error('no object')
  } catch {
    throw new CommandError(`line ${number}: no message in JSON`)
  }
  const fields: Record<string, unknown> = {}
  for (const name of TEXT_FIELDS)
    if (record[name] !== undefined) fields[name] = expect(record[name], 'string', name, number)
  for (const name of ['priority', 'ttlMs'] as const) {
    if (record[name] !== undefined) fields[name] = expect(record[name], 'number', name, number)
  }
  if (record.durable !== undefined) fields.durable = expect(record.durable, 'boolean', 'durable', number)
  if (record.createdAt !== undefined) fields.createdAt = date(record.createdAt, number)
  if (record.properties !== undefined) {
    const properties: Record<string, PropertyValue> = Object.create(null)
    const plain = expect(record.properties, 'object', 'properties', number) as object
    for (const [key, value] of Object.entries(plain)) properties[key] = plainToProperty(value, number)
    fields.properties = properties
  }
  const body = bodyOf(record, number)
  // Bytes under the type of a typed body can only be passed on as they came.
  const asItCame = isTyped(record) && body instanceof Uint8Array ? {} : undefined
  return { body, fields, extras: extrasOf(record, number) ?? asItCame }
}

/**
 * Of a line's fields those that its message, made again with all extras, does not say already: somebody has changed the line, or
 * asks for something else. What is the same keeps the form that it has in the extras.
 */
export function changedFields(message: ReceivedMessage, fields: MessageFields): MessageFields {
  const said = message as MessageFields
  const changed = Object.entries(fields).filter(
    ([name, value]) => plainText(value) !== plainText(said[name as keyof MessageFields]),
  )
  return Object.fromEntries(changed)
}

function plainText(field: MessageFields[keyof MessageFields]): string | undefined {
  if (field === undefined) return undefined
  if (field instanceof Date) return String(field.getTime())
  if (typeof field !== 'object') return String(field)
  return jsonText(propertiesToPlain(field))
}

function extrasOf(
  { annotations, native }: Record<string, unknown>,
  number: number,
): MessageExtras | undefined {
  if (annotations === undefined && native === undefined) return undefined
  if (native === undefined) return { annotations }
  const { adapter, form } = expect(native, 'object', 'native', number) as Record<string, unknown>
  return {
    annotations,
    native: {
      adapter: expect(adapter, 'string', 'native.adapter', number) as string,
      form: expect(form, 'string', 'native.form', number) as string,
    },
  }
}

function bodyOf(record: Record<string, unknown>, number: number): unknown {
  if (typeof record.text === 'string')
    return (isTyped(record) ? structured(record.text, number) : undefined) ?? Buffer.from(record.text)
  if (typeof record.base64 === 'string') return Buffer.from(record.base64, 'base64')
  throw new CommandError(`line ${number}: neither text nor base64 holds a body`)
}

function isTyped({ contentType }: { readonly contentType?: unknown }): boolean {
  return contentType === 'amqp/map' || contentType === 'amqp/list'
}

/**
 * A typed body, from the text form that the API gives it on brokers whose wire has bytes only; `undefined`: the bytes are no such
 * form, as a stranger may have sent them.
 */
function structured(text: string, number: number): unknown {
  try {
    return fromPlain(JSON.parse(text), number, 0)
  } catch {
    return undefined
  }
}

function fromPlain(value: unknown, number: number, depth: number): unknown {
  if (depth > 100) throw new CommandError(`line ${number}: the typed body is nested too deep`)
  if (Array.isArray(value)) return value.map((item) => fromPlain(item, number, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (entries.length === 1 && /^@[a-z]/.test(entries[0]![0])) return plainToProperty(value, number)
  const map: Record<string, unknown> = Object.create(null)
  for (const [key, item] of entries)
    map[key.startsWith('@@') ? key.slice(1) : key] = fromPlain(item, number, depth + 1)
  return map
}

function propertiesToPlain(
  properties: Readonly<Record<string, PropertyValue | undefined>>,
): Record<string, unknown> {
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(properties))
    if (value !== undefined) plain[key] = propertyToPlain(value)
  return plain
}

function propertyToPlain(value: PropertyValue): unknown {
  if (typeof value === 'bigint') return { '@bigint': value.toString() }
  if (value instanceof Date) return isoText(value) === undefined ? null : { '@date': isoText(value) }
  if (value instanceof Uint8Array) return { '@bytes': Buffer.from(value).toString('base64') }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { '@number': Object.is(value, -0) ? '-0' : String(value) }
  }
  return value
}

function plainToProperty(value: unknown, number: number): PropertyValue {
  if (typeof value !== 'object' || value === null) return value as PropertyValue
  const [entry] = Object.entries(value)
  if (entry && typeof entry[1] === 'string') {
    const [kind, text] = entry
    if (kind === '@bigint' && /^-?\d+$/.test(text)) return BigInt(text)
    if (kind === '@date') return date(text, number)
    if (kind === '@bytes') return new Uint8Array(Buffer.from(text, 'base64'))
    if (kind === '@number') return Number(text)
  }
  throw new CommandError(`line ${number}: a property has a value of no known type`)
}

function date(value: unknown, number: number): Date {
  const at = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(at.getTime())) throw new CommandError(`line ${number}: a date is malformed`)
  return at
}

function expect(value: unknown, type: string, name: string, number: number): unknown {
  if (typeof value === type && value !== null) return value
  throw new CommandError(`line ${number}: ${name} is no ${type}`)
}
