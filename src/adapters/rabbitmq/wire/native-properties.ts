/**
 * The header of a message as it came over the wire, parsed when somebody asks.
 *
 * amqplib decodes headers with losses (see `field-table.ts`), so this adapter takes header frames from it undecoded:
 * `tapHeaderFrames` replaces the one method of amqplib's connection that reads a frame, for frames of that one kind. Where
 * amqplib is built otherwise (`reaches.ts`), its own decoding is used and what it loses is lost.
 */
import type { ChannelModel, MessageProperties } from 'amqplib'
import { adoptFieldTable, decodeFieldTable, type FieldTable } from './field-table.ts'

const NO_HEADERS: FieldTable = Object.freeze(Object.create(null))
const NO_BYTES = Buffer.alloc(0)

/** Header bytes: property flags and the properties they announce. */
export class RawProperties {
  readonly bytes: Buffer
  #parsed: ParsedProperties | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  parsed(): ParsedProperties {
    this.#parsed ??= new ParsedProperties(this.bytes)
    return this.#parsed
  }
}

/** What `properties` of an amqplib message says, tapped or not. Headers are decoded when they are read, being dearer than all the rest. */
export function basicProperties(properties: unknown): BasicProperties {
  if (properties instanceof RawProperties) return properties.parsed()
  const decoded = properties as MessageProperties
  return {
    contentType: decoded.contentType,
    contentEncoding: decoded.contentEncoding,
    deliveryMode: decoded.deliveryMode,
    priority: decoded.priority,
    correlationId: decoded.correlationId,
    replyTo: decoded.replyTo,
    expiration: decoded.expiration,
    messageId: decoded.messageId,
    timestamp: decoded.timestamp,
    type: decoded.type,
    userId: decoded.userId,
    appId: decoded.appId,
    clusterId: decoded.clusterId,
    headers: decoded.headers === undefined ? NO_HEADERS : adoptFieldTable(decoded.headers),
  }
}

/** Whether the header bytes hold this text at all: a quick no saves decoding. */
export function mayContain(properties: unknown, text: string): boolean {
  return !(properties instanceof RawProperties) || properties.bytes.includes(text, 0, 'latin1')
}

/** Whether `name`, an integer of 64 bits, is the one header there is. */
export function isOnlyHeader(properties: unknown, name: string): boolean {
  if (!(properties instanceof RawProperties)) return false
  const { headerBytes } = properties.parsed()
  return (
    headerBytes.length === name.length + 10 && headerBytes.toString('latin1', 1, name.length + 1) === name
  )
}

/** The fixed properties of AMQP 0-9-1, in the order of their flags (first: bit 15). */
export type BasicProperties = Omit<ParsedProperties, 'headerBytes'>

export class ParsedProperties {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly deliveryMode: number | undefined
  readonly priority: number | undefined
  readonly correlationId: string | undefined
  readonly replyTo: string | undefined
  /** Unit: ms, as text. */
  readonly expiration: string | undefined
  readonly messageId: string | undefined
  /** Unit: seconds since 1970. */
  readonly timestamp: number | undefined
  readonly type: string | undefined
  readonly userId: string | undefined
  readonly appId: string | undefined
  readonly clusterId: string | undefined
  /** The table's entries. */
  readonly headerBytes: Buffer
  #headers: FieldTable | undefined

  constructor(bytes: Buffer) {
    const flags = bytes.readUInt16BE(0)
    let at = 2
    const shortString = (bit: number): string | undefined => {
      if ((flags & bit) === 0) return undefined
      const start = at + 1
      at = start + bytes[at]!
      return bytes.toString('utf8', start, at)
    }
    const octet = (bit: number): number | undefined => ((flags & bit) === 0 ? undefined : bytes[at++])
    this.contentType = shortString(0x8000)
    this.contentEncoding = shortString(0x4000)
    this.headerBytes = NO_BYTES
    if ((flags & 0x2000) !== 0) {
      const start = at + 4
      at = start + bytes.readUInt32BE(at)
      this.headerBytes = bytes.subarray(start, at)
    }
    this.deliveryMode = octet(0x1000)
    this.priority = octet(0x0800)
    this.correlationId = shortString(0x0400)
    this.replyTo = shortString(0x0200)
    this.expiration = shortString(0x0100)
    this.messageId = shortString(0x0080)
    if ((flags & 0x0040) !== 0) {
      this.timestamp = Number(bytes.readBigUInt64BE(at))
      at += 8
    }
    this.type = shortString(0x0020)
    this.userId = shortString(0x0010)
    this.appId = shortString(0x0008)
    this.clusterId = shortString(0x0004)
  }

  get headers(): FieldTable {
    this.#headers ??= this.headerBytes.length === 0 ? NO_HEADERS : decodeFieldTable(this.headerBytes)
    return this.#headers
  }
}

/** The part of amqplib's connection that reads frames. */
interface FrameReader {
  rest: Buffer
  /** A frame that says it is larger ends the connection. */
  maxFrameSize: number
  recvFrame(): unknown
}

const FRAME_HEADER = 2
const FRAME_END = 0xce
/** Type, channel, size. Unit: bytes. */
const FRAME_HEAD_BYTES = 7
/**
 * protocol: fields and headers of a message are one frame, which the broker does not cut. One that came by a connection with larger frames, or
 * that has grown by `x-death` since, is larger than was agreed on: its receiver would end its connection over it, again and again. Unit: bytes.
 */
const LARGEST_HEADER_BYTES = 1_048_576
/** No RabbitMQ has ever taken more. Unit: bytes. */
const LARGEST_BODY_BYTES = 0x7fff_ffff
/** Class id of `basic`, by which amqplib knows a message header. */
const BASIC = 60

/** A header frame on channel 7: class, weight, size of the body (5), the flag of the content type, `a/b`. */
const SAMPLE = Buffer.from('02000700000012003c00000000000000000005800003612f62ce', 'hex')

/** Whether amqplib reads a header frame as {@link tapHeaderFrames} thinks: it is given one that never was on the wire. */
export function readsHeaderFrames(model: ChannelModel): boolean {
  const reader = model.connection as unknown as FrameReader
  if (typeof reader.recvFrame !== 'function' || !Buffer.isBuffer(reader.rest)) return false
  // Its own `rest` may hold the beginning of a frame.
  const apart = Object.create(reader, { rest: { value: SAMPLE, writable: true } }) as FrameReader
  const { id, channel, size, fields, ...others } = reader.recvFrame.call(apart) as Record<string, unknown>
  const type = (fields as { contentType?: unknown } | undefined)?.contentType
  return (
    id === BASIC &&
    channel === 7 &&
    size === 5 &&
    type === 'a/b' &&
    Object.keys(others).length === 0 &&
    apart.rest.length === 0
  )
}

/** From now on messages of this connection carry {@link RawProperties}. `false`: this amqplib cannot be tapped. */
export function tapHeaderFrames(model: ChannelModel): boolean {
  if (!readsHeaderFrames(model)) return false
  const reader = model.connection as unknown as FrameReader
  const receive = reader.recvFrame
  reader.recvFrame = function (this: FrameReader) {
    const { rest } = this
    if (rest.length < FRAME_HEAD_BYTES || rest[0] !== FRAME_HEADER) return receive.call(this)
    const payload = rest.readUInt32BE(3)
    const end = FRAME_HEAD_BYTES + payload
    // An unfinished frame, a broken one or another class: amqplib's own words for it.
    if (rest[end] !== FRAME_END || rest.readUInt16BE(7) !== BASIC) {
      const { maxFrameSize } = this
      if (payload <= LARGEST_HEADER_BYTES) this.maxFrameSize = Math.max(maxFrameSize, payload)
      try {
        return receive.call(this)
      } finally {
        this.maxFrameSize = maxFrameSize
      }
    }
    const size = rest.readUInt32BE(11) * 0x1_0000_0000 + rest.readUInt32BE(15)
    // It would be waited for, with all that comes of it kept.
    if (size > LARGEST_BODY_BYTES) throw new Error(`a message of ${size} bytes was announced`)
    this.rest = rest.subarray(end + 1)
    return {
      id: BASIC,
      channel: rest.readUInt16BE(1),
      size,
      fields: new RawProperties(rest.subarray(19, end)),
    }
  }
  return true
}
