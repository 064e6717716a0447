/**
 * Structured bodies (`amqp/map`, `amqp/list`) as text, for brokers whose wire has bytes only.
 *
 * It is JSON that any language reads. Values JSON has no word for stand as an object with one key that starts with `@`:
 * `{"@bigint":"12"}`, `{"@date":"2026-01-01T00:00:00.000Z"}`, `{"@bytes":"base64"}`, `{"@number":"NaN"}` (also
 * `Infinity`, `-Infinity`, `-0`). A user's own key that starts with `@` is written with one `@` more.
 */
import type { StructuredValue } from './message.ts'

/** How deep maps and lists may nest; deeper input is refused instead of exhausting the stack. */
const MAX_DEPTH = 100
/** … in what other programs sent, as text to look at. */
const MAX_SHOWN_DEPTH = 1_000

/** @throws TypeError on a value that AMQP has no type for, or too deep nesting */
export function stringifyStructured(value: unknown): string {
  return JSON.stringify(toPlain(value, 0, MAX_DEPTH))
}

/** As {@link stringifyStructured}, for what came in: as deep as any adapter reads. */
export function showStructured(value: unknown): string {
  return JSON.stringify(toPlain(value, 0, MAX_SHOWN_DEPTH))
}

/** @throws SyntaxError or TypeError on malformed text */
export function parseStructured(text: string): StructuredValue {
  return fromPlain(JSON.parse(text), 0)
}

function toPlain(value: unknown, depth: number, limit: number): unknown {
  if (depth > limit) throw new TypeError(`nested deeper than ${limit}`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return { '@number': String(value) }
    return Object.is(value, -0) ? { '@number': '-0' } : value
  }
  if (typeof value === 'bigint') return { '@bigint': value.toString() }
  if (value instanceof Date) return { '@date': value.toISOString() }
  if (value instanceof Uint8Array) return { '@bytes': Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1, limit))
  if (typeof value === 'object' && !(value instanceof Map || value instanceof Set)) {
    const plain: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) plain[key.startsWith('@') ? `@${key}` : key] = toPlain(item, depth + 1, limit)
    }
    return plain
  }
  throw new TypeError(`a structured body cannot hold ${typeof value}`)
}

function dateOf(text: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw new TypeError(`no date: ${text}`)
  return date
}

function fromPlain(value: unknown, depth: number): StructuredValue {
  if (depth > MAX_DEPTH) throw new TypeError(`nested deeper than ${MAX_DEPTH}`)
  if (Array.isArray(value)) return value.map((item) => fromPlain(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value as StructuredValue
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first && typeof first[1] === 'string') {
    const [key, text] = first
    if (key === '@bigint') return BigInt(text)
    if (key === '@date') return dateOf(text)
    if (key === '@bytes') return new Uint8Array(Buffer.from(text, 'base64'))
    if (key === '@number') return Number(text)
  }
  const map: Record<string, StructuredValue> = Object.create(null)
  for (const [key, item] of entries)
    map[key.startsWith('@@') ? key.slice(1) : key] = fromPlain(item, depth + 1)
  return map
}
