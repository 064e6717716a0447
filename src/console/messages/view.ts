/** A message as the page gets it: nothing in it is longer than the page can show, whatever the message holds. */
import { isMessagingError, type PropertyValue, type ReceivedMessage } from '../../index.ts'
import { jsonable } from '../../tools/message/jsonable.ts'
import { propertyToPlain } from '../../tools/message/plain.ts'
import { apiError } from '../errors.ts'
import type { BodyView, MessageView } from '../protocol.ts'
import type { Seen } from './looking.ts'

/** Of one body. Unit: bytes. */
const BODY_BYTES = 64 * 1024
/** Of the bodies of one answer together; further ones are cut short. Unit: bytes. */
const ANSWER_BYTES = 4 * 1024 * 1024
const SHORT_BODY_BYTES = 1024
/** Hexadecimal takes two characters a byte, and nobody reads much of it. Unit: bytes. */
const BINARY_BYTES = 4 * 1024
/** A larger body is shown undecoded: its first part tells nothing of the rest. Unit: bytes. */
const DECODED_BYTES = 1024 * 1024
/** Of a field, and of the text of a property. Unit: characters. */
const MAX_TEXT = 4 * 1024
/** Of all properties, and of all annotations. Unit: characters of JSON. */
const MAX_RECORD = 32 * 1024

/** Views of the messages of one answer: keeps to what an answer may hold. */
export class Viewer {
  readonly #bodies: boolean
  #left = ANSWER_BYTES

  /** @param bodies `false`: they are hidden */
  constructor(bodies: boolean) {
    this.#bodies = bodies
  }

  view(message: Seen, position: number): MessageView {
    const body = this.#bodies
      ? bodyView(message, Math.min(BODY_BYTES, Math.max(this.#left, SHORT_BODY_BYTES)))
      : hiddenBody(message)
    this.#left -= body.text.length
    return {
      position,
      id: text(message.id) || undefined,
      subject: text(message.subject),
      contentType: text(message.contentType),
      correlationId: text(message.correlationId),
      replyTo: text(message.replyTo),
      priority: message.priority,
      durable: message.durable,
      ttlMs: message.ttlMs,
      createdAt: message.createdAt?.getTime(),
      redelivered: message.redelivered,
      deliveryCount: message.deliveryCount,
      properties: record(message.properties),
      annotations: record(message.annotations),
      body,
    }
  }
}

function hiddenBody({ bytes }: ReceivedMessage): BodyView {
  return { kind: 'hidden', text: '', bytes: bytes.byteLength, truncated: false }
}

function bodyView(message: ReceivedMessage, limit = BODY_BYTES): BodyView {
  const { bytes } = message
  const size = { bytes: bytes.byteLength, truncated: bytes.byteLength > limit }
  const damage = bytes.byteLength <= DECODED_BYTES ? damageOf(message) : undefined
  const shown = utf8(bytes, limit)
  if (shown === undefined) {
    const hex = Buffer.from(bytes.subarray(0, Math.min(limit, BINARY_BYTES))).toString('hex')
    return {
      kind: damage ? 'damaged' : 'binary',
      text: hex,
      bytes: bytes.byteLength,
      truncated: bytes.byteLength > BINARY_BYTES,
      error: damage,
    }
  }
  if (damage) return { kind: 'damaged', text: shown, ...size, error: damage }
  return { kind: isJson(message.contentType) ? 'json' : 'text', text: shown, ...size }
}

function damageOf(message: ReceivedMessage): BodyView['error'] {
  try {
    void message.body
    return undefined
  } catch (error) {
    return isMessagingError(error) ? apiError(error) : { code: 'DECODE_FAILED', message: String(error) }
  }
}

/** Typed bodies have a text form in JSON. */
function isJson(contentType: string | undefined): boolean {
  return /^(?:[\w.+-]+\/(?:[\w.+-]+\+)?json|amqp\/(?:map|list))\s*(?:;|$)/i.test(contentType ?? '')
}

/** `undefined` when it is no text: no UTF-8, or with bytes that texts do not have. */
function utf8(bytes: Uint8Array, limit: number): string | undefined {
  const part = bytes.subarray(0, limit)
  if (part.includes(0)) return undefined
  try {
    // A character that the cut goes through is left out.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(part, {
      stream: bytes.byteLength > limit,
    })
  } catch {
    return undefined
  }
}

function text(value: string | undefined): string | undefined {
  return value === undefined || value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}…`
}

/** A record without prototype, cut where it grows beyond what anybody reads. */
export function record(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown: Record<string, unknown> = Object.create(null)
  let left = MAX_RECORD
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    const plain = plainValue(value)
    left -= name.length + (JSON.stringify(plain)?.length ?? 0)
    if (left < 0) {
      shown['…'] = 'cut: there is more'
      break
    }
    shown[text(name)!] = plain
  }
  return shown
}

function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array && value.byteLength > MAX_TEXT) return `${value.byteLength} bytes`
  // With its type, so that the page can send it again as it was.
  const isScalar = typeof value !== 'object' || value instanceof Uint8Array || value instanceof Date
  const plain = isScalar ? propertyToPlain(value as PropertyValue) : jsonable(value)
  if (typeof plain === 'string') return text(plain)
  if (typeof plain === 'object' && plain !== null) {
    const json = JSON.stringify(plain) ?? ''
    return json.length > MAX_TEXT ? `${json.slice(0, MAX_TEXT)}…` : plain
  }
  return plain
}
