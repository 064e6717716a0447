/**
 * The frames of one `basic.publish` in one buffer. amqplib makes three and copies them together, and its tables are dear; this does the
 * common case in one pass: short fields, plain headers, a body that fits into one frame. Whatever else there is stays amqplib's.
 */
import type { Options } from 'amqplib'

const METHOD = 1
const HEADER = 2
const BODY = 3
const FRAME_END = 0xce
const FRAME_HEADER_BYTES = 7
const FRAME_OVERHEAD = 8
/** Class and method id of `basic.publish`. */
const BASIC_PUBLISH = 0x003c0028
/** Class id of `basic`, and the weight, which is always 0. */
const BASIC_HEADER = 0x003c0000
const MAX_SHORT_STRING = 255
const LARGE = 0x1_0000_0000

/** Larger ones are not worth another copy. Unit: bytes. */
const MAX_BODY = 16_384
const MAX_BEFORE_BODY = 4_096

/** Everything is written here first, since sizes come before what they measure. Never used across calls. */
const scratch = Buffer.alloc(MAX_BEFORE_BODY + FRAME_OVERHEAD + MAX_BODY)
let at = 0
/** Something did not fit, or is not for here. */
let beyond = false

/**
 * What amqplib's `publish` with these arguments writes to the socket, on the channel of this number. `undefined`: it is for amqplib to
 * write, or to refuse.
 */
export function publishFrames(
  channel: number,
  exchange: string,
  routingKey: string,
  body: Buffer,
  options: Options.Publish,
  frameMax: number,
): Buffer | undefined {
  const { length } = body
  if (length > MAX_BODY || length + FRAME_OVERHEAD > frameMax) return undefined
  // A number or further routing keys: nobody here says so.
  if (options.deliveryMode !== undefined || options.CC !== undefined || options.BCC !== undefined)
    return undefined
  methodFrame(channel, exchange, routingKey, options.mandatory)
  const header = openFrame(HEADER, channel)
  long(BASIC_HEADER)
  long(0)
  long(length)
  properties(options)
  closeFrame(header)
  if (beyond || at - header > frameMax) return undefined
  if (length > 0) {
    const frame = openFrame(BODY, channel)
    body.copy(scratch, at)
    at += length
    closeFrame(frame)
  }
  const frames = Buffer.allocUnsafe(at)
  scratch.copy(frames, 0, 0, at)
  return frames
}

/**
 * A publish whose content header is there already: method, header and body frames, whatever their size. `undefined`: the header has no
 * room in a frame.
 */
export function copyFrames(
  channel: number,
  exchange: string,
  routingKey: string,
  body: Buffer,
  options: { readonly mandatory?: boolean | undefined; readonly headerBytes: Buffer },
  frameMax: number,
): Buffer | undefined {
  const most = frameMax === 0 ? body.length + FRAME_OVERHEAD : frameMax
  const { headerBytes } = options
  if (headerBytes.length + 12 + FRAME_OVERHEAD > (frameMax || Number.POSITIVE_INFINITY)) return undefined
  methodFrame(channel, exchange, routingKey, options.mandatory)
  if (beyond) return undefined
  const beforeHeader = at
  const room = most - FRAME_OVERHEAD
  const bodyFrames = Math.ceil(body.length / room)
  const frames = Buffer.allocUnsafe(
    beforeHeader + FRAME_OVERHEAD + 12 + headerBytes.length + body.length + bodyFrames * FRAME_OVERHEAD,
  )
  scratch.copy(frames, 0, 0, beforeHeader)
  let end = frameInto(frames, beforeHeader, HEADER, channel, 12 + headerBytes.length)
  frames.writeUInt32BE(BASIC_HEADER, beforeHeader + 7)
  frames.writeBigUInt64BE(BigInt(body.length), beforeHeader + 11)
  headerBytes.copy(frames, beforeHeader + 19)
  for (let from = 0; from < body.length; from += room) {
    const length = Math.min(room, body.length - from)
    body.copy(frames, end + FRAME_HEADER_BYTES, from, from + length)
    end = frameInto(frames, end, BODY, channel, length)
  }
  return frames
}

/** Head and end of a frame around `length` bytes. Returns where the next one begins. */
function frameInto(frames: Buffer, start: number, type: number, channel: number, length: number): number {
  frames[start] = type
  frames.writeUInt16BE(channel, start + 1)
  frames.writeUInt32BE(length, start + 3)
  frames[start + FRAME_HEADER_BYTES + length] = FRAME_END
  return start + FRAME_OVERHEAD + length
}

/** protocol: one flag for each property that follows, first: bit 15. */
function properties(options: Options.Publish): void {
  const { persistent, priority, expiration, timestamp } = options
  const flagsAt = at
  at += 2
  let flags = optional(options.contentType, 0x8000) | optional(options.contentEncoding, 0x4000) | 0x2000
  table(options.headers)
  if (persistent !== undefined) {
    flags |= 0x1000
    octet(persistent ? 2 : 1)
  }
  if (priority !== undefined) {
    flags |= 0x0800
    octet(priority)
  }
  flags |=
    optional(options.correlationId, 0x0400) |
    optional(options.replyTo, 0x0200) |
    optional(expiration === undefined ? undefined : String(expiration), 0x0100) |
    optional(options.messageId, 0x0080)
  if (timestamp !== undefined) {
    flags |= 0x0040
    longLong(timestamp)
  }
  flags |= optional(options.type, 0x0020) | optional(options.userId, 0x0010) | optional(options.appId, 0x0008)
  scratch.writeUInt16BE(flags, flagsAt)
}

function optional(text: string | undefined, flag: number): number {
  if (text === undefined) return 0
  shortString(text)
  return flag
}

/** Plain values only; amqplib knows the others. Inherited entries count. */
function table(entries: Readonly<Record<string, unknown>> | undefined): void {
  const start = at
  at += 4
  for (const key in entries) {
    const value = entries[key]
    if (value === undefined) continue
    shortString(key)
    if (!fits(9)) return
    if (typeof value === 'string') {
      scratch[at] = 0x53 // S
      const bytes = text(value, at + 5)
      scratch.writeUInt32BE(bytes, at + 1)
      at += 5 + bytes
    } else if (typeof value === 'boolean') {
      scratch[at++] = 0x74 // t
      scratch[at++] = value ? 1 : 0
    } else if (typeof value === 'number' && Number.isSafeInteger(value)) integer(value)
    else if (value === null)
      scratch[at++] = 0x56 // V
    else {
      beyond = true
      return
    }
  }
  scratch.writeUInt32BE(at - start - 4, start)
}

/** The smallest type that holds it, as amqplib chooses. */
function integer(value: number): void {
  if (value >= -0x80 && value < 0x80) {
    scratch[at++] = 0x62 // b
    at = scratch.writeInt8(value, at)
  } else if (value >= -0x8000 && value < 0x8000) {
    scratch[at++] = 0x73 // s
    at = scratch.writeInt16BE(value, at)
  } else if (value >= -0x8000_0000 && value < 0x8000_0000) {
    scratch[at++] = 0x49 // I
    at = scratch.writeInt32BE(value, at)
  } else {
    scratch[at++] = 0x6c // l
    longLong(value)
  }
}

// ── the parts of a frame ──

/** The first of a publish: begins the scratch memory anew. */
function methodFrame(
  channel: number,
  exchange: string,
  routingKey: string,
  mandatory: boolean | undefined,
): void {
  at = 0
  beyond = false
  const method = openFrame(METHOD, channel)
  long(BASIC_PUBLISH)
  short(0)
  shortString(exchange)
  shortString(routingKey)
  scratch[at++] = mandatory ? 1 : 0
  closeFrame(method)
}

function openFrame(type: number, channel: number): number {
  const start = at
  scratch[at] = type
  scratch.writeUInt16BE(channel, at + 1)
  at += FRAME_HEADER_BYTES
  return start
}

function closeFrame(start: number): void {
  scratch.writeUInt32BE(at - start - FRAME_HEADER_BYTES, start + 3)
  scratch[at++] = FRAME_END
}

function shortString(value: string): void {
  const bytes = text(value, at + 1)
  if (bytes > MAX_SHORT_STRING) beyond = true
  scratch[at] = bytes
  at += 1 + bytes
}

/** Writes text and returns how many bytes it has. */
function text(value: string, position: number): number {
  return fits(5 + value.length * 3) ? scratch.write(value, position, 'utf8') : 0
}

function octet(value: number): void {
  scratch[at++] = value
}

function short(value: number): void {
  at = scratch.writeUInt16BE(value, at)
}

function long(value: number): void {
  at = scratch.writeUInt32BE(value, at)
}

/** A safe integer in 64 bits. */
function longLong(value: number): void {
  const high = Math.floor(value / LARGE)
  at = scratch.writeInt32BE(high, at)
  at = scratch.writeUInt32BE(value - high * LARGE, at)
}

/** With room to spare for the numbers that follow a string unasked. */
function fits(bytes: number): boolean {
  if (at + bytes + 64 <= MAX_BEFORE_BODY) return true
  beyond = true
  return false
}
