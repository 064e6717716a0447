/**
 * How a message travels when its fields need a place: four magic bytes, the length of the header (32 bits, big-endian), the
 * header as JSON, the body as it is. Pure.
 *
 *     FF 53 4C 31 | 00 00 00 2B | {"id":"…","createdAt":1700000000000} | body
 *
 * No valid UTF-8 text begins with FF. A value of the header's `properties` that JSON cannot carry is a pair of its type and
 * a text: `["bigint","7"]`, `["date",1700000000000]`, `["bytes","AAEC"]` (base64), `["number","NaN"]`.
 *
 * A payload that does not begin so is a body alone: a publish or push of any other client, or one of ours whose fields can all be told
 * from it (see {@link plainContentType}).
 */
import { isUtf8 } from 'node:buffer'
import type { Properties, PropertyValue } from '../../../model/message.ts'
import { timeInRange } from '../../../model/ranges.ts'

const MAGIC = 0xff534c31
/** Bytes before the header. */
export const HEADER_AT = 8

/** A header as parsed; a field that is missing was not set. */
export interface Header {
  readonly id?: string
  readonly createdAt?: number
  readonly subject?: string
  readonly contentType?: string
  readonly properties?: Readonly<Record<string, unknown>>
  readonly replyTo?: string
  readonly correlationId?: string
  readonly priority?: number
  readonly ttlMs?: number
  readonly delayMs?: number
  readonly durable?: boolean
  readonly userId?: string
  readonly groupId?: string
  readonly deliveries?: number
  /** Native extras that a copy brought from another broker: as `annotations.ts` writes them. */
  readonly annotations?: unknown
}

const FIELDS: ReadonlySet<string> = new Set<keyof Header>([
  ...(['id', 'createdAt', 'subject', 'contentType', 'properties', 'replyTo', 'correlationId'] as const),
  ...(['priority', 'ttlMs', 'delayMs', 'durable', 'userId', 'groupId', 'deliveries', 'annotations'] as const),
])

/** Fields of a header that only the program knows which wrote it. */
export function strangers(header: Header): readonly string[] {
  return Object.keys(header).filter((name) => !FIELDS.has(name))
}

/** Writes the bytes before the body; returns where the body begins. `headerBytes` is the header's length in UTF-8. */
export function writeHeader(buffer: Buffer, at: number, header: string, headerBytes: number): number {
  buffer.writeUInt32BE(MAGIC, at)
  buffer.writeUInt32BE(headerBytes, at + 4)
  if (headerBytes === header.length) buffer.write(header, at + HEADER_AT, 'latin1')
  else buffer.write(header, at + HEADER_AT, 'utf8')
  return at + HEADER_AT + headerBytes
}

/** Where the body begins; 0: the payload is a body alone. */
export function bodyOffset(payload: Buffer): number {
  if (payload.length < HEADER_AT || payload.readUInt32BE(0) !== MAGIC) return 0
  const end = HEADER_AT + payload.readUInt32BE(4)
  return end <= payload.length ? end : 0
}

/** @throws when the header is no JSON object */
export function parseHeader(payload: Buffer, end: number): Header {
  const header: unknown = JSON.parse(payload.toString('utf8', HEADER_AT, end))
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new SyntaxError('The header is no JSON object')
  return header
}

/** Typed again; what no property can be (a list or map of another client) stays as its JSON text. */
export function parseProperties(properties: Readonly<Record<string, unknown>>): Properties {
  const typed: Record<string, PropertyValue> = Object.create(null)
  for (const key of Object.keys(properties)) typed[key] = parseValue(properties[key])
  return typed
}

export function parseValue(value: unknown): PropertyValue {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value
  }
  if (Array.isArray(value) && value.length === 2) {
    const [type, content] = value
    if (type === 'bigint' && /^-?\d+$/.test(String(content))) return BigInt(String(content))
    if (type === 'date' && typeof content === 'number' && timeInRange(content) === content)
      return new Date(content)
    if (type === 'bytes' && typeof content === 'string') return Buffer.from(content, 'base64')
    if (type === 'number') return Number(content)
  }
  return jsonText(value)
}

/** Lists inside each other may be deeper than what the writer of JSON can bear. */
export function jsonText(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

const TEXT = 'text/plain'
const JSON_TYPE = 'application/json'
const BYTES = 'application/octet-stream'
const OPENING_BRACE = 0x7b
const OPENING_BRACKET = 0x5b

/**
 * What a body without any fields is taken for: a JSON object or array where it parses as one, other UTF-8 as text, the
 * rest as bytes.
 */
export function plainContentType(body: Buffer): string {
  if (!isUtf8(body)) return BYTES
  if (!opensJson(body)) return TEXT
  try {
    JSON.parse(body.toString())
    return JSON_TYPE
  } catch {
    return TEXT
  }
}

/** Whether {@link plainContentType} of the body alone gives this content type. Dear checks last. */
export function isPlain(contentType: string | undefined, body: Buffer): boolean {
  if (contentType === TEXT) return !opensJson(body) && isUtf8(body)
  // What the API wrote as JSON parses; a user's own bytes under this type may not.
  if (contentType === JSON_TYPE) return opensJson(body) && plainContentType(body) === JSON_TYPE
  if (contentType === BYTES) return !isUtf8(body) && bodyOffset(body) === 0
  return false
}

function opensJson(body: Buffer): boolean {
  const first = body[0]
  return first === OPENING_BRACE || first === OPENING_BRACKET
}
