/**
 * Native extras of another broker as headers, and back.
 *
 * Each is a header that any client can read: `contentEncoding`, `type`, `appId`, `clusterId` the native field, fields of AMQP 1.0
 * a header of this adapter's own, everything else (message annotations `x-opt-…`, nested properties) a header of its own name, as
 * RabbitMQ's own AMQP 1.0 does it. What headers alone would not give back stands in one further header, `x-sluice-annotations`:
 * values whose type AMQP 0-9-1 lacks, and the names (under the empty name) of headers that would pass for properties.
 */
import {
  type Annotations,
  type AnnotationValue,
  annotationsText,
  parseAnnotations,
} from '../../../model/annotations.ts'
import type { Properties } from '../../../model/message.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import type { ContentHeader } from './content-header.ts'
import {
  ANNOTATIONS,
  CC,
  CREATED_MS,
  DEATHS,
  isReserved,
  ODD_DEATHS,
  OWN,
  PROPERTIES,
  short,
  TYPES,
} from './headers.ts'
import { fieldBytes, isInt64 } from './raw-table.ts'

/** Fields of AMQP 1.0 that AMQP 0-9-1 has none for. */
const FIELDS: Readonly<Record<string, string>> = {
  to: 'x-sluice-to',
  groupSequence: 'x-sluice-group-sequence',
  replyToGroupId: 'x-sluice-reply-to-group-id',
  absoluteExpiryTime: 'x-sluice-absolute-expiry-time',
}
const FIELD_OF: ReadonlyMap<string, string> = new Map([
  ...Object.entries(FIELDS).map(([name, header]) => [header, name] as const),
  [CC, 'CC'],
  [ODD_DEATHS, DEATHS],
])
const NATIVE: ReadonlySet<string> = new Set(['contentEncoding', 'type', 'appId', 'clusterId'])
/** Names of those that are also headers of their own. */
const SHOWN = ''

/** Adds them to a header that is being made. */
export function encodeAnnotations(
  annotations: Annotations,
  properties: Properties,
  header: ContentHeader,
): void {
  const rest: Record<string, AnnotationValue> = Object.create(null)
  const shown: string[] = []
  for (const name of Object.keys(annotations)) {
    const value = annotations[name]!
    if (NATIVE.has(name) && typeof value === 'string' && short(value)) {
      header.text(name as 'type', value)
      continue
    }
    // The fields of the API say these already, or they belong to the place where the message was.
    if (name.startsWith(OWN) || name === CREATED_MS || isCount(name)) continue
    const own = name === 'CC' ? CC : FIELDS[name]
    const scalar = isScalar(value)
    if (own !== undefined) header.setHeader(own, fieldBytes(value))
    else if (!short(name) || Object.hasOwn(properties, name) || name === 'BCC' || !isHistory(name, value)) {
      rest[name] = value
      continue
    } else {
      header.setHeader(name, fieldBytes(value))
      if (scalar && !isReserved(name)) shown.push(name)
    }
    if (!isExact(value)) rest[name] = value
  }
  if (shown.length > 0) rest[SHOWN] = shown
  if (Object.keys(rest).length > 0) header.setHeader(ANNOTATIONS, fieldBytes(annotationsText(rest)))
}

/** Headers that are no properties: nested ones, those of the broker, and what {@link encodeAnnotations} wrote. */
export function decodeAnnotations(headers: FieldTable, into: Record<string, unknown>): void {
  for (const name in headers) {
    const value = headers[name]!
    const field = FIELD_OF.get(name)
    if (field !== undefined) into[field] = value
    else if (name.startsWith(OWN) ? isForeign(name, value) : isReserved(name) || !isScalar(value))
      into[name] = value
  }
  const noted = notes(headers)
  if (!noted) return
  for (const name of noted.shown) into[name] = headers[name]
  for (const name in noted.rest) if (name !== SHOWN) into[name] = noted.rest[name]
}

/** Names of headers that would pass for properties and are none. */
export function shownAnnotations(headers: FieldTable): readonly string[] {
  return notes(headers)?.shown ?? []
}

interface Notes {
  readonly shown: readonly string[]
  readonly rest: Annotations
}

function notes(headers: FieldTable): Notes | undefined {
  const text = headers[ANNOTATIONS]
  const rest = typeof text === 'string' ? parseAnnotations(text) : undefined
  if (!rest) return undefined
  const shown = rest[SHOWN]
  const names = Array.isArray(shown) ? (shown as unknown[]) : []
  return {
    shown: names.filter(
      (name): name is string => typeof name === 'string' && isScalar(headers[name]) && !isReserved(name),
    ),
    rest,
  }
}

/** Under a name of this adapter's, but of a kind that it never writes there. */
function isForeign(name: string, value: FieldValue): boolean {
  return !isScalar(value) && name !== TYPES && name !== PROPERTIES
}

/** RabbitMQ reads its own record of deaths when a message dies again: nothing else may stand there. */
function isHistory(name: string, value: AnnotationValue): boolean {
  return name !== DEATHS || (Array.isArray(value) && value.every(isMap))
}

function isCount(name: string): boolean {
  return name === 'x-delivery-count' || name === 'x-acquired-count' || name === 'x-stream-offset'
}

/** Whether AMQP 0-9-1 gives the value back with its type. */
function isExact(value: AnnotationValue): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value)
    case 'bigint':
      return isInt64(value) && !Number.isSafeInteger(Number(value))
    case 'object':
      break
    default:
      return true
  }
  if (value === null || value instanceof Uint8Array) return true
  if (value instanceof Date) return value.getTime() >= 0 && value.getTime() % 1000 === 0
  if (Array.isArray(value)) return value.every(isExact)
  return Object.entries(value).every(([key, item]) => short(key) && isExact(item))
}

function isScalar(value: FieldValue | AnnotationValue | undefined): boolean {
  return typeof value !== 'object'
    ? value !== undefined
    : value === null || value instanceof Date || value instanceof Uint8Array
}

function isMap(value: AnnotationValue): boolean {
  return typeof value === 'object' && !isScalar(value) && !Array.isArray(value)
}
