/** Messages as the page writes them, as the library sends them. */
import type { MessageFields } from '../../index.ts'
import { plainToStructured } from '../../tools/message/plain.ts'
import { plainToFields, TEXT_FIELDS } from '../../tools/message/plain-fields.ts'
import { invalid } from '../errors.ts'
import type { OutgoingView } from '../protocol.ts'

const NUMBERS = ['priority', 'ttlMs', 'delayMs'] as const
const KNOWN: readonly string[] = [...TEXT_FIELDS, ...NUMBERS, 'durable', 'createdAt', 'properties']

/** @throws Refused or CommandError on a field that is unknown or of a wrong type */
export function outgoingOf(message: OutgoingView, number: number): { body: unknown; fields: MessageFields } {
  const where = `message ${number}`
  const fields = fieldsOf(message.fields ?? {}, where)
  return { body: bodyOf(message.body, fields, where), fields }
}

/** The bytes as they were written: a number of many digits stays what it is. */
function bodyOf({ kind, text }: OutgoingView['body'], fields: MessageFields, where: string): unknown {
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

function fieldsOf(given: Readonly<Record<string, unknown>>, where: string): MessageFields {
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined)
    throw invalid(`${where}: there is no field ${JSON.stringify(unknown.slice(0, 100))}`)
  const present = Object.entries(given).filter(([, value]) => value !== null)
  return plainToFields(Object.fromEntries(present), NUMBERS, where)
}
