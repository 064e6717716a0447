/** A message while it is written: text in fields, made into a message when it is sent. */
import type { OutgoingView } from '../../../protocol.ts'

export interface DraftProperty {
  readonly name: string
  readonly type: 'text' | 'number' | 'true or false'
  readonly value: string
}

export interface Draft {
  readonly kind: OutgoingView['body']['kind']
  readonly body: string
  /** By the names of the API; empty: left out. */
  readonly fields: Readonly<Record<string, string>>
  readonly properties: readonly DraftProperty[]
}

export const EMPTY_DRAFT: Draft = { kind: 'json', body: '', fields: {}, properties: [] }

export const FIELDS: readonly (readonly [
  name: string,
  text: string,
  number: boolean,
  placeholder: string,
])[] = [
  ['subject', 'Subject', false, 'us.weather'],
  ['contentType', 'Content type', false, 'by the body'],
  ['priority', 'Priority', true, '0 to 9'],
  ['ttlMs', 'Time to live (ms)', true, 'for ever'],
  ['delayMs', 'Delay (ms)', true, 'at once'],
  ['id', 'Id', false, 'made'],
  ['correlationId', 'Correlation id', false, ''],
  ['replyTo', 'Reply to', false, 'an address'],
  ['groupId', 'Group', false, ''],
]

/** The message, or why it is none yet. */
export function messageOf({ kind, body, fields, properties }: Draft): OutgoingView | string {
  if (kind === 'json') {
    const wrong = jsonProblem(body)
    if (wrong !== undefined) return wrong
  }
  if (kind === 'base64' && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(body)) return 'The body is not base64.'
  const made: Record<string, unknown> = {}
  for (const [name, text, number] of FIELDS) {
    const value = fields[name]?.trim() ?? ''
    if (value === '') continue
    if (number && !Number.isFinite(Number(value))) return `${text} is a number.`
    made[name] = number ? Number(value) : value
  }
  const named = properties.filter(({ name }) => name !== '')
  const wrong = named.find(({ type, value }) => type === 'number' && !Number.isFinite(Number(value)))
  if (wrong !== undefined) return `The property ${wrong.name} is not a number.`
  if (named.length > 0)
    made.properties = Object.fromEntries(named.map((property) => [property.name, propertyValue(property)]))
  return { body: { kind, text: body }, ...(Object.keys(made).length > 0 && { fields: made }) }
}

/** For editing a message that exists. What the form has no field for is left out. */
export function draftOf({ body, fields = {} }: OutgoingView): Draft {
  const texts: Record<string, string> = {}
  for (const [name] of FIELDS) {
    const value = fields[name]
    if (value !== undefined && value !== null) texts[name] = String(value)
  }
  const properties = Object.entries((fields.properties ?? {}) as Record<string, unknown>).map(
    ([name, value]): DraftProperty => {
      if (typeof value === 'number') return { name, type: 'number', value: String(value) }
      if (typeof value === 'boolean') return { name, type: 'true or false', value: String(value) }
      return { name, type: 'text', value: typeof value === 'string' ? value : JSON.stringify(value) }
    },
  )
  return { kind: body.kind, body: body.text, fields: texts, properties }
}

function propertyValue({ type, value }: DraftProperty): unknown {
  if (type === 'number') return Number(value)
  return type === 'text' ? value : value === 'true'
}

/** Why a text is no JSON, with the place. */
export function jsonProblem(text: string): string | undefined {
  if (text.trim() === '') return 'Write a body first, or choose text for an empty one.'
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message}`
  }
}
