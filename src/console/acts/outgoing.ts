/** Messages as the page writes them, as the library sends them. */
import type { MessageFields } from '../../index.ts'
import { plainToDate, plainToProperty, plainToStructured } from '../../tools/message/plain.ts'
import { invalid } from '../errors.ts'
import type { OutgoingView } from '../protocol.ts'

const TEXTS = ['id', 'subject', 'contentType', 'replyTo', 'correlationId', 'userId', 'groupId'] as const
const NUMBERS = ['priority', 'ttlMs', 'delayMs'] as const
const KNOWN: readonly string[] = [...TEXTS, ...NUMBERS, 'durable', 'createdAt', 'properties']

/** @throws Refused or CommandError on a field that is unknown or of a wrong type */
export function outgoingOf(message: OutgoingView, number: number): { body: unknown; fields: MessageFields } {
  const where = `message ${number}`
  const fields = fieldsOf(message.fields ?? {}, where)
  return { body: bodyOf(message.body, fields, where), fields }
}

/** The bytes as they were written: a number of many digits stays what it is. */
function bodyOf(
  { kind, text }: OutgoingView['body'],
  fields: Record<string, unknown>,
  where: string,
): unknown {
  const { contentType } = fields
  if (contentType === 'amqp/map' || contentType === 'amqp/list') {
    const value = plainToStructured(text, where)
    if (typeof value !== 'object' || value === null)
      throw invalid(`${where}: the typed body is no JSON of a map or list`)
    return value
  }
  if (kind === 'base64') return new Uint8Array(Buffer.from(text, 'base64'))
  if (kind === 'json') {
    try {
      JSON.parse(text)
    } catch {
      throw invalid(`${where}: the body is no JSON`)
    }
    fields.contentType ??= 'application/json'
  }
  return fields.contentType === undefined ? text : new Uint8Array(Buffer.from(text))
}

function fieldsOf(given: Readonly<Record<string, unknown>>, where: string): Record<string, unknown> {
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined)
    throw invalid(`${where}: there is no field ${JSON.stringify(unknown.slice(0, 100))}`)
  const fields: Record<string, unknown> = {}
  const take = (name: string, type: string): void => {
    const value = given[name]
    if (value === undefined || value === null) return
    if (typeof value !== type) throw invalid(`${where}: ${name} is no ${type}`)
    fields[name] = value
  }
  for (const name of TEXTS) take(name, 'string')
  for (const name of NUMBERS) take(name, 'number')
  take('durable', 'boolean')
  take('properties', 'object')
  if (given.createdAt !== undefined) fields.createdAt = plainToDate(given.createdAt, where)
  if (fields.properties) fields.properties = propertiesOf(fields.properties, where)
  return fields
}

function propertiesOf(plain: object, where: string): MessageFields['properties'] {
  if (Array.isArray(plain)) throw invalid(`${where}: properties is no object`)
  const properties = Object.create(null)
  for (const [name, value] of Object.entries(plain)) properties[name] = plainToProperty(value, where)
  return properties
}
