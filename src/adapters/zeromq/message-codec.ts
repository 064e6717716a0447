/**
 * A message on the wire: `header length (uint32) header (JSON) body`.
 *
 * The header has a short key for each field that is set: `i` id, `s` subject, `c` contentType, `p` properties, `r` replyTo, `o` correlationId, `y` priority,
 * `t` ttlMs, `d` delayMs, `b` durable (1), `u` userId, `g` groupId, `a` createdAt (ms), `n` deliveriesBefore, `m` members, `x` to, `z` annotations. Property values JSON
 * has no word for are written as in `structured-text.ts`: `{"@bigint": "12"}`.
 */

import { bodyBytes } from '../../api/codec.ts'
import { MessagingError } from '../../api/errors.ts'
import {
  type IncomingMessage,
  noProperties,
  type OutgoingMessage,
  type Properties,
} from '../../api/message.ts'
import { parseStructured, stringifyStructured } from '../../api/structured-text.ts'

interface Header {
  i?: string
  s?: string
  c?: string
  /** Text of the properties, itself JSON. */
  p?: unknown
  r?: string
  o?: string
  y?: number
  t?: number
  d?: number
  b?: 1
  u?: string
  g?: string
  a?: number
  n?: number
  m?: readonly string[]
  x?: string
  z?: Readonly<Record<string, unknown>>
}

/** Bytes of header and body, without their frame. */
export interface Encoded {
  readonly header: string
  readonly body: Uint8Array
}

export function encodeOutgoing(message: OutgoingMessage): Encoded {
  const header = common(message)
  if (message.delayMs !== undefined) header.d = message.delayMs
  if (message.deliveriesBefore > 0) header.n = message.deliveriesBefore
  if (message.members !== undefined) header.m = message.members
  if (message.to !== undefined) header.x = message.to
  return { header: text(header, message.properties), body: bodyBytes(message.body) }
}

export function encodeIncoming(message: IncomingMessage): Encoded {
  const header = common(message)
  if (message.annotations !== undefined) header.z = message.annotations
  return { header: text(header, message.properties), body: bodyBytes(message.body) }
}

function common(message: OutgoingMessage | IncomingMessage): Header {
  const header: Header = { i: message.id }
  if (message.subject !== undefined) header.s = message.subject
  if (message.contentType !== undefined) header.c = message.contentType
  if (message.replyTo !== undefined) header.r = message.replyTo
  if (message.correlationId !== undefined) header.o = message.correlationId
  if (message.priority !== undefined) header.y = message.priority
  if (message.ttlMs !== undefined) header.t = message.ttlMs
  if (message.durable) header.b = 1
  if (message.userId !== undefined) header.u = message.userId
  if (message.groupId !== undefined) header.g = message.groupId
  if (message.createdAt !== undefined) header.a = message.createdAt
  return header
}

function text(header: Header, properties: Properties): string {
  const plain = JSON.stringify(header)
  if (properties === noProperties()) return plain
  return `${plain.slice(0, -1)},"p":${stringifyStructured(properties)}}`
}

/** Size of the whole, header length included. */
export function encodedLength({ header, body }: Encoded): number {
  return 4 + Buffer.byteLength(header) + body.length
}

/** Writes into room of {@link encodedLength} bytes. */
export function writeEncoded(encoded: Encoded, into: Buffer, at: number): void {
  const headerBytes = into.write(encoded.header, at + 4, 'utf8')
  into.writeUInt32BE(headerBytes, at)
  into.set(encoded.body, at + 4 + headerBytes)
}

/** @throws `DECODE_FAILED` */
export function decodeOutgoing(payload: Buffer): OutgoingMessage {
  const { header, body } = split(payload)
  return {
    id: string(header.i) ?? '',
    to: string(header.x),
    members: Array.isArray(header.m) ? header.m.map(String) : undefined,
    subject: string(header.s),
    body,
    contentType: string(header.c),
    properties: properties(header),
    replyTo: string(header.r),
    correlationId: string(header.o),
    priority: inRange(header.y, 0, 9),
    ttlMs: inRange(header.t, 1, Number.MAX_SAFE_INTEGER),
    delayMs: inRange(header.d, 1, Number.MAX_SAFE_INTEGER),
    durable: header.b === 1,
    userId: string(header.u),
    groupId: string(header.g),
    createdAt: number(header.a) ?? Date.now(),
    deliveriesBefore: inRange(header.n, 0, 1_000_000) ?? 0,
  }
}

/** @throws `DECODE_FAILED` */
export function decodeIncoming(payload: Buffer): IncomingMessage {
  const { header, body } = split(payload)
  return {
    id: string(header.i) ?? '',
    subject: string(header.s),
    body,
    contentType: string(header.c),
    properties: properties(header),
    replyTo: string(header.r),
    correlationId: string(header.o),
    priority: number(header.y),
    ttlMs: number(header.t),
    durable: header.b === 1,
    userId: string(header.u),
    groupId: string(header.g),
    createdAt: number(header.a),
    annotations: header.z,
  }
}

function split(payload: Buffer): { header: Header; body: Buffer } {
  const length = payload.length < 4 ? Number.POSITIVE_INFINITY : payload.readUInt32BE(0)
  if (4 + length > payload.length) throw new MessagingError('DECODE_FAILED', 'A message without its header')
  let header: unknown
  try {
    header = JSON.parse(payload.toString('utf8', 4, 4 + length))
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', 'The header of a message is no JSON', { cause })
  }
  if (typeof header !== 'object' || header === null)
    throw new MessagingError('DECODE_FAILED', 'The header of a message is no object')
  // A view keeps the whole batch alive: bodies are copied out, or a waiting message would pin its neighbours.
  return { header, body: Buffer.from(payload.subarray(4 + length)) }
}

function properties({ p }: Header): Properties {
  if (p === undefined) return noProperties()
  const parsed = parseStructured(JSON.stringify(p))
  return typeof parsed === 'object' && parsed !== null ? (parsed as unknown as Properties) : noProperties()
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function inRange(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && value >= least && value <= most ? value : undefined
}
