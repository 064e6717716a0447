/**
 * Application properties as JSON text, and back. Values JSON has no word for are written as in `structured-text.ts`. The text may come
 * from anybody: it is read value by value, and a value that no property can have is told.
 */
import { MessagingError } from '../../../model/errors.ts'
import type { Properties, PropertyValue } from '../../../model/message.ts'
import { has64Bits } from '../../../model/ranges.ts'

export interface ReadProperties {
  readonly properties: Properties
  /** A property whose value is none that a property can have: it became its JSON text. */
  readonly odd: string | undefined
}

/** @throws `DECODE_FAILED` on what is no JSON object */
export function readProperties(text: string): ReadProperties {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', 'The properties of a message are no JSON', { cause })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new MessagingError('DECODE_FAILED', 'The properties of a message are no JSON object')
  const properties: Record<string, PropertyValue> = Object.create(null)
  let odd: string | undefined
  for (const [written, item] of Object.entries(json)) {
    const name = written.startsWith('@@') ? written.slice(1) : written
    const value = propertyOf(item)
    properties[name] = value === undefined ? jsonText(item) : value
    if (value === undefined || !name.isWellFormed()) odd ??= name
  }
  return { properties, odd }
}

/** `undefined`: it is none that a property can have. */
function propertyOf(json: unknown): PropertyValue | undefined {
  if (typeof json === 'string') return json.isWellFormed() ? json : undefined
  if (typeof json !== 'object' || json === null) return json as PropertyValue
  const [entry, further] = Object.entries(json)
  if (!entry || further || Array.isArray(json)) return undefined
  const [kind, text] = entry
  if (typeof text !== 'string') return undefined
  if (kind === '@bigint') return bigintOf(text)
  if (kind === '@date') return dateOf(text)
  if (kind === '@bytes') return new Uint8Array(Buffer.from(text, 'base64'))
  if (kind === '@number' && /^(NaN|-?Infinity|-0)$/.test(text)) return Number(text)
  return undefined
}

function bigintOf(text: string): bigint | undefined {
  if (!/^-?\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  return has64Bits(value) ? value : undefined
}

function dateOf(text: string): Date | undefined {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** What is nested so deep that it cannot be written is not needed by anybody. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return ''
  }
}
