/**
 * Values of messages as JSON can hold them, and back. What JSON has no word for is an object with one key: `{"@bigint":"1"}`,
 * `{"@date":"…"}`, `{"@bytes":"base64"}`, `{"@number":"NaN"}`.
 */
import type { PropertyValue } from '../../index.ts'
import { CommandError } from '../errors.ts'

const MAX_DEPTH = 100

export function propertiesToPlain(
  properties: Readonly<Record<string, PropertyValue | undefined>>,
): Record<string, unknown> {
  const plain: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(properties))
    if (value !== undefined) plain[key] = propertyToPlain(value)
  return plain
}

export function propertyToPlain(value: PropertyValue): unknown {
  if (typeof value === 'bigint') return { '@bigint': value.toString() }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : { '@date': value.toISOString() }
  if (value instanceof Uint8Array) return { '@bytes': Buffer.from(value).toString('base64') }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { '@number': Object.is(value, -0) ? '-0' : String(value) }
  }
  return value
}

/** @param where named in errors. @throws CommandError */
export function plainToProperty(value: unknown, where: string): PropertyValue {
  if (typeof value !== 'object' || value === null) return value as PropertyValue
  const [entry] = Object.entries(value)
  if (entry && typeof entry[1] === 'string') {
    const [kind, text] = entry
    if (kind === '@bigint' && /^-?\d+$/.test(text)) return BigInt(text)
    if (kind === '@date') return plainToDate(text, where)
    if (kind === '@bytes') return new Uint8Array(Buffer.from(text, 'base64'))
    if (kind === '@number') return Number(text)
  }
  throw new CommandError(`${where}: a property has a value of no known type`)
}

/** @throws CommandError */
export function plainToDate(value: unknown, where: string): Date {
  const at = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(at.getTime())) throw new CommandError(`${where}: a date is malformed`)
  return at
}

/**
 * A typed body, from the text form that the API gives it on brokers whose wire has bytes only; `undefined`: the bytes are no such
 * form, as a stranger may have sent them.
 */
export function plainToStructured(text: string, where: string): unknown {
  try {
    return fromPlain(JSON.parse(text), where, 0)
  } catch {
    return undefined
  }
}

function fromPlain(value: unknown, where: string, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new CommandError(`${where}: the typed body is nested too deep`)
  if (Array.isArray(value)) return value.map((item) => fromPlain(item, where, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (entries.length === 1 && /^@[a-z]/.test(entries[0]![0])) return plainToProperty(value, where)
  const map: Record<string, unknown> = Object.create(null)
  for (const [key, item] of entries)
    map[key.startsWith('@@') ? key.slice(1) : key] = fromPlain(item, where, depth + 1)
  return map
}
