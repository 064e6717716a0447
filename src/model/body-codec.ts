/**
 * Bodies: from an application's value to bytes and back, told apart by content type.
 *
 * Bytes stay bytes, strings are UTF-8 text, everything else is JSON, `amqp/map` and `amqp/list` are typed values.
 * Applications add codecs of their own for further content types; a content type never selects code by name.
 */
import { TextDecoder, types } from 'node:util'
import { MessagingError } from './errors.ts'
import { jsonLoss } from './json-losses.ts'
import { StructuredBody } from './message.ts'
import { parseStructured, showStructured, stringifyStructured } from './structured-text.ts'

/** A user's own encoding for a content type. */
export interface BodyCodec {
  /** The media type it is for, without parameters: `application/cbor`. */
  readonly contentType: string
  /** Must return fresh bytes, which the library then owns. */
  encode(body: unknown): Uint8Array
  /** May throw: reading `body` is `DECODE_FAILED` then. */
  decode(bytes: Uint8Array): unknown
}

/** User codecs by media type. */
export type CodecTable = ReadonlyMap<string, BodyCodec>

/** How bodies go to the broker of the moment. */
export interface BodyEncoding {
  readonly codecs: CodecTable
  /** The broker takes typed bodies as they are. */
  readonly structuredNative: boolean
  /** Largest body. Unit: bytes. */
  readonly maxBodyBytes: number
}

export const TEXT = 'text/plain'
export const BYTES = 'application/octet-stream'
export const JSON_TYPE = 'application/json'
const AMQP_MAP = 'amqp/map'
const AMQP_LIST = 'amqp/list'

/** The content type of a body whose sender named none. */
export function contentTypeOf(body: unknown): string {
  if (typeof body === 'string') return TEXT
  return isBytes(body) ? BYTES : JSON_TYPE
}

/** Also of another realm (`node:vm`). A Proxy that was revoked, or that throws, is nothing that could be sent: the codecs say so. */
function isBytes(body: unknown): body is Uint8Array {
  try {
    return body instanceof Uint8Array || types.isUint8Array(body)
  } catch {
    return false
  }
}

/** Half the price of `Buffer.from`, which looks for other kinds of sources first. */
function copiedBytes(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(bytes.byteLength)
  copy.set(bytes)
  return copy
}

/**
 * Encodes at once, so that what the caller changes afterwards does not matter.
 *
 * @throws `ENCODE_FAILED` when the content type cannot carry the value
 */
export function encodeBody(
  body: unknown,
  contentType: string,
  codecs: CodecTable,
): Uint8Array | StructuredBody {
  const media = mediaType(contentType)
  try {
    if (isBytes(body)) return copiedBytes(body)
    const own = codecs.get(media)
    if (own) return ownBytes(own.encode(body))
    if (media === AMQP_MAP || media === AMQP_LIST) return structured(body, media)
    if (isJson(media)) return Buffer.from(toJson(body))
    if (typeof body === 'string') return encodeText(body, isText(media) ? charset(contentType) : 'utf-8')
  } catch (cause) {
    if (cause instanceof MessagingError) throw cause
    throw encodeFailed(contentType, cause)
  }
  throw encodeFailed(contentType, new TypeError(`no codec takes ${typeof body} as ${media}`))
}

/** @throws `DECODE_FAILED` when the bytes do not fit the content type; the bytes stay with the delivery */
export function decodeBody(
  body: Uint8Array | StructuredBody,
  contentType: string | undefined,
  codecs: CodecTable,
): unknown {
  if (body instanceof StructuredBody) return body.value
  if (contentType === undefined || contentType === BYTES) return body
  const media = mediaType(contentType)
  try {
    const own = codecs.get(media)
    if (own) return own.decode(body)
    if (isJson(media)) return JSON.parse(withoutMark(utf8(body)))
    if (isText(media)) return utf8(body, charset(contentType))
    if (media === AMQP_MAP || media === AMQP_LIST) return parseStructured(utf8(body))
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', `The body is no valid ${contentType}`, {
      cause,
      context: { contentType },
    })
  }
  return body
}

/** Bytes of a body, whatever form it has: a text is itself, any other typed value its text form. */
export function bodyBytes(body: Uint8Array | StructuredBody): Uint8Array {
  if (!(body instanceof StructuredBody)) return body
  const { value } = body
  return Buffer.from(typeof value === 'string' ? value : showStructured(value))
}

/** By which the text form of a map or list is told from any other bytes; `undefined` for other bodies. */
export function typedContentType(body: Uint8Array | StructuredBody): string | undefined {
  if (!(body instanceof StructuredBody)) return undefined
  const { value } = body
  if (Array.isArray(value)) return AMQP_LIST
  const isMap =
    typeof value === 'object' && value !== null && !(value instanceof Date || value instanceof Uint8Array)
  return isMap ? AMQP_MAP : undefined
}

/** What a codec of the application gave. */
function ownBytes(encoded: unknown): Uint8Array {
  if (encoded instanceof Uint8Array) return encoded
  throw new TypeError('the codec gave no Uint8Array')
}

function structured(body: unknown, media: string): StructuredBody {
  const isList = Array.isArray(body)
  if (media === AMQP_LIST ? !isList : isList || typeof body !== 'object' || body === null) {
    throw encodeFailed(
      media,
      new TypeError(media === AMQP_LIST ? 'the body is no array' : 'the body is no object'),
    )
  }
  // Through text and back: a deep copy that also proves every value to be one AMQP can hold.
  return new StructuredBody(parseStructured(stringifyStructured(body)))
}

/** Text goes out as UTF-8; a label that would read these bytes as other text is refused. */
function encodeText(text: string, label: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError('the text is no valid Unicode')
  const bytes = Buffer.from(text)
  if (label.toLowerCase() !== 'utf-8' && utf8(bytes, label) !== text)
    throw new TypeError(`text is sent as UTF-8; for ${label} send the bytes`)
  return bytes
}

function toJson(body: unknown): string {
  if (typeof body === 'number' && !Number.isFinite(body)) throw new TypeError(`JSON has no ${body}`)
  if (body instanceof Error && !('toJSON' in body))
    throw new TypeError('JSON has no Error: send its message, or what you need of it')
  if (body instanceof Promise) throw new TypeError('JSON has no Promise: await it first')
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer)
    throw new TypeError(`JSON has no ${body.constructor.name}: give its bytes as a Uint8Array`)
  const text = JSON.stringify(body)
  if (text === undefined) throw new TypeError(`JSON has no ${typeof body}`)
  if (typeof body === 'object' && body !== null) {
    const loss = jsonLoss(body, text)
    if (loss)
      throw new TypeError(`JSON has no ${loss.what}${loss.path === '' ? '' : `: it stands at ${loss.path}`}`)
  }
  return text
}

const decoders = new Map<string, TextDecoder>()

function utf8(bytes: Uint8Array, label = 'utf-8'): string {
  let decoder = decoders.get(label)
  if (!decoder) {
    // A label the platform does not know throws here, which becomes DECODE_FAILED.
    decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true })
    if (decoders.size < 50) decoders.set(label, decoder)
  }
  return decoder.decode(bytes)
}

/** Other programs write a byte-order mark before JSON, which JSON itself does not know. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

function mediaType(contentType: string): string {
  if (contentType === JSON_TYPE || contentType === TEXT || contentType === BYTES) return contentType
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

function charset(contentType: string): string {
  return /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8'
}

function isJson(media: string): boolean {
  return media === JSON_TYPE || media.endsWith('+json')
}

function isText(media: string): boolean {
  return media.startsWith('text/') || media === 'application/xml' || media.endsWith('+xml')
}

function encodeFailed(contentType: string, cause: unknown): MessagingError {
  const detail = cause instanceof Error ? `: ${cause.message}` : ''
  return new MessagingError('ENCODE_FAILED', `The body cannot be sent as ${contentType}${detail}`, {
    cause,
    context: { contentType },
  })
}
