/**
 * Whole messages as lines of JSON, so that a queue can be saved to a file and put back: every field, every property with its
 * type, the body byte for byte.
 *
 * `annotations` and `native` hold what the message says beyond the fields of the API, for a message of another program.
 *
 * A body that is text stands readable under `text`, any other under `base64`. Properties that JSON has no word for are
 * objects with one key: `{"@bigint":"1"}`, `{"@date":"…"}`, `{"@bytes":"base64"}`, `{"@number":"NaN"}`.
 */
import type { MessageExtras, MessageFields, Properties, ReceivedMessage } from '../../index.ts'
import { plainToStructured, propertiesToPlain } from '../../tools/message/plain.ts'
import { expected, plainToFields, TEXT_FIELDS } from '../../tools/message/plain-fields.ts'
import { CommandError } from '../command/errors.ts'
import { decodeOrUndefined, jsonText } from '../print/terminal-text.ts'

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

interface RestoredMessage {
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
  const where = `line ${number}`
  const fields = plainToFields(record, ['priority', 'ttlMs'], where)
  const body = bodyOf(record, where)
  // Bytes under the type of a typed body can only be passed on as they came.
  const asItCame = isTyped(record) && body instanceof Uint8Array ? {} : undefined
  return { body, fields, extras: extrasOf(record, where) ?? asItCame }
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
  return jsonText(propertiesToPlain(field as Properties))
}

function extrasOf(
  { annotations, native }: Record<string, unknown>,
  where: string,
): MessageExtras | undefined {
  if (annotations === undefined && native === undefined) return undefined
  if (native === undefined) return { annotations }
  const { adapter, form } = expected(native, 'object', `${where}: native`) as Record<string, unknown>
  return {
    annotations,
    native: {
      adapter: expected(adapter, 'string', `${where}: native.adapter`) as string,
      form: expected(form, 'string', `${where}: native.form`) as string,
    },
  }
}

function bodyOf(record: Record<string, unknown>, where: string): unknown {
  if (typeof record.text === 'string') {
    if (!(record.text as string & { isWellFormed(): boolean }).isWellFormed())
      throw new CommandError(`${where}: the text is no valid Unicode; give its bytes as base64`)
    return (isTyped(record) ? plainToStructured(record.text, where) : undefined) ?? Buffer.from(record.text)
  }
  if (typeof record.base64 === 'string') return Buffer.from(record.base64, 'base64')
  throw new CommandError(`${where}: neither text nor base64 holds a body`)
}

function isTyped({ contentType }: { readonly contentType?: unknown }): boolean {
  return contentType === 'amqp/map' || contentType === 'amqp/list'
}
