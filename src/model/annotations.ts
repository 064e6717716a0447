/**
 * What a message says beyond the fields of the API: native extras, under one vocabulary for all adapters, so that a message
 * that goes from one broker to another and back keeps them.
 *
 * Names: `contentEncoding`, `type`, `appId`, `clusterId` (AMQP 0-9-1 `basic.properties`); `to`, `groupSequence`, `replyToGroupId`,
 * `absoluteExpiryTime` (AMQP 1.0 `properties`); every header, message annotation or footer of a stranger under its own name. `exchange`,
 * `routingKey` and `channel` tell where a message was, not what it is.
 *
 * An adapter gives annotations as plain values: what a property can be, lists and maps of such values. What it means by one of
 * these names it writes natively when a copy brings it; the rest it keeps as its broker can (headers, message annotations, its own envelope).
 */
import type { IncomingMessage, OutgoingMessage, PropertyValue } from './message.ts'
import { timeInRange } from './ranges.ts'

/** A value of an annotation: what a property can be, and lists and maps of such. */
export type AnnotationValue =
  | PropertyValue
  | readonly AnnotationValue[]
  | { readonly [key: string]: AnnotationValue }

/** Native extras by name. A record without prototype. */
export type Annotations = Readonly<Record<string, AnnotationValue>>

/** Where a message was; not part of it. */
const PLACES: ReadonlySet<string> = new Set(['exchange', 'routingKey', 'channel'])

/** Lists and maps inside each other; what is deeper becomes `null`. */
const MAX_DEPTH = 64

/**
 * The native extras that a copy takes to a broker of another kind; `undefined` for a message that is no copy, or whose original
 * has none. Adapters whose own class made `message.original` write all of it again instead, with the wire's own types.
 *
 * @example
 * ```ts
 * function headersOf(message: OutgoingMessage): Record<string, unknown> {
 *   return { ...carriedAnnotations(message), ...message.properties }
 * }
 * ```
 */
export function carriedAnnotations(message: OutgoingMessage): Annotations | undefined {
  return message.original && belonging(message.original)
}

/** Of a message that came in: the native extras that belong to it and not to the place it was in. */
export function belonging({ annotations }: IncomingMessage): Annotations | undefined {
  if (annotations === undefined) return undefined
  let carried: Record<string, AnnotationValue> | undefined
  for (const name of Object.keys(annotations)) {
    const value = annotations[name]
    if (PLACES.has(name) || value === undefined) continue
    carried ??= Object.create(null) as Record<string, AnnotationValue>
    carried[name] = value as AnnotationValue
  }
  return carried
}

/**
 * Annotations as JSON text, every value with its type: what JSON has no word for is an object with one key,
 * `{"@bigint":"1"}`, `{"@date":1700000000000}`, `{"@bytes":"base64"}`, `{"@number":"NaN"}`; a key of a map that begins with `@` has one more.
 */
export function annotationsText(annotations: Annotations): string {
  return JSON.stringify(annotationsJson(annotations))
}

/** As {@link annotationsText}, to be part of a larger JSON. */
export function annotationsJson(annotations: Annotations): unknown {
  return plain(annotations, 0)
}

/**
 * Inverse of {@link annotationsText}, for text that may come from anybody.
 *
 * @returns `undefined` where the text is no such record
 */
export function parseAnnotations(text: string): Annotations | undefined {
  try {
    return annotationsOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** As {@link parseAnnotations}, from JSON that is parsed already. */
export function annotationsOf(json: unknown): Annotations | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  return map(json, 0)
}

function plain(value: AnnotationValue, depth: number): unknown {
  switch (typeof value) {
    case 'bigint':
      return { '@bigint': String(value) }
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return value
      return { '@number': Object.is(value, -0) ? '-0' : String(value) }
    case 'string':
    case 'boolean':
      return value
    case 'object':
      break
    // A native value of no plain kind: better its text than nothing.
    default:
      return String(value)
  }
  if (value === null || depth > MAX_DEPTH) return null
  if (value instanceof Date) return { '@date': value.getTime() }
  if (value instanceof Uint8Array)
    return { '@bytes': Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  if (Array.isArray(value)) return value.map((item: AnnotationValue) => plain(item, depth + 1))
  const entries = Object.entries(value as Annotations)
  return Object.fromEntries(
    entries.map(([key, item]) => [key.startsWith('@') ? `@${key}` : key, plain(item, depth + 1)]),
  )
}

function typed(json: unknown, depth: number): AnnotationValue {
  if (typeof json !== 'object' || json === null) return json as PropertyValue
  if (depth > MAX_DEPTH) return null
  if (Array.isArray(json)) return json.map((item) => typed(item, depth + 1))
  const [entry, further] = Object.entries(json)
  if (entry && !further && /^@[a-z]/.test(entry[0])) {
    const [kind, content] = entry
    if (kind === '@bigint' && /^-?\d{1,20}$/.test(String(content))) return BigInt(String(content))
    if (kind === '@date' && typeof content === 'number' && timeInRange(content) === content)
      return new Date(content)
    if (kind === '@bytes' && typeof content === 'string')
      return new Uint8Array(Buffer.from(content, 'base64'))
    if (kind === '@number') return Number(content)
  }
  return map(json, depth)
}

function map(json: object, depth: number): Annotations {
  const record: Record<string, AnnotationValue> = Object.create(null)
  for (const [key, item] of Object.entries(json))
    record[key.startsWith('@@') ? key.slice(1) : key] = typed(item, depth + 1)
  return record
}
