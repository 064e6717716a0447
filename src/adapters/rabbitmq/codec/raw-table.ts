/**
 * Field tables as bytes: taken apart into entries, checked, and put together again, so that what nobody touches keeps its
 * wire type. Values are decoded in `field-table.ts`.
 */
import type { AnnotationValue } from '../../../model/annotations.ts'

/** One header as it stands on the wire. */
export interface RawEntry {
  readonly key: string
  /** Type octet and content. */
  readonly value: Buffer
  /** All of it: name and value. */
  readonly bytes: Buffer
}

/** Content of the types of fixed size. Unit: bytes. */
const SIZES: Readonly<Record<string, number>> = {
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  D: 5,
  l: 8,
  L: 8,
  d: 8,
  T: 8,
  V: 0,
}
/** Types that begin with their length in 32 bits. */
const BLOCKS: ReadonlySet<string> = new Set(['S', 'x', 'F', 'A'])
/** Tables inside each other that a form from elsewhere may have. */
const MAX_DEPTH = 1_000

/** @param bytes the entries, without the table's own length. @throws RangeError where they make no sense */
export function tableEntries(bytes: Buffer): RawEntry[] {
  const entries: RawEntry[] = []
  let at = 0
  while (at < bytes.length) {
    const keyEnd = at + 1 + bytes[at]!
    const end = valueEnd(bytes, keyEnd)
    entries.push({
      key: bytes.toString('utf8', at + 1, keyEnd),
      value: bytes.subarray(keyEnd, end),
      bytes: bytes.subarray(at, end),
    })
    at = end
  }
  return entries
}

/** The values in an array of type `A`; `undefined` for a value of another type. @throws RangeError */
export function arrayItems(value: Buffer): Buffer[] | undefined {
  if (value[0] !== 0x41) return undefined
  const items: Buffer[] = []
  for (let at = 5; at < value.length; ) {
    const end = valueEnd(value, at)
    items.push(value.subarray(at, end))
    at = end
  }
  return items
}

/** An array of these values. */
export function rawArray(items: readonly Buffer[]): Buffer {
  return block('A', Buffer.concat(items))
}

export function rawEntry(key: string, value: Buffer): RawEntry {
  const name = Buffer.from(key)
  return { key, value, bytes: Buffer.concat([Buffer.of(name.length), name, value]) }
}

/**
 * Whether the broker could have sent this table: known types, lengths that fit, no number that Erlang does not know, over
 * which it would end the connection.
 */
export function isSound(bytes: Buffer, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false
  try {
    return tableEntries(bytes).every(({ value }) => isSoundValue(value, depth))
  } catch {
    return false
  }
}

function isSoundValue(value: Buffer, depth: number): boolean {
  switch (String.fromCharCode(value[0]!)) {
    case 'd':
      return Number.isFinite(value.readDoubleBE(1))
    case 'f':
      return Number.isFinite(value.readFloatBE(1))
    case 'F':
      return isSound(value.subarray(5), depth + 1)
    case 'A':
      return depth < MAX_DEPTH && arrayItems(value)!.every((item) => isSoundValue(item, depth + 1))
    default:
      return true
  }
}

/** A value with its type octet, of the type that the adapter chooses for a value of the application. */
export function fieldBytes(value: AnnotationValue): Buffer {
  switch (typeof value) {
    case 'string':
      return block('S', Buffer.from(value))
    case 'boolean':
      return Buffer.of(0x74, value ? 1 : 0)
    case 'number':
      return numberBytes(value)
    case 'bigint':
      return isInt64(value) ? long(value) : block('S', Buffer.from(String(value)))
  }
  if (value === null) return Buffer.of(0x56)
  if (value instanceof Date) return dateBytes(value.getTime())
  if (value instanceof Uint8Array) return block('x', value)
  if (Array.isArray(value)) return rawArray(value.map(fieldBytes))
  const entries = Object.entries(value as Readonly<Record<string, AnnotationValue>>)
  return block('F', Buffer.concat(entries.map(([key, item]) => rawEntry(key, fieldBytes(item)).bytes)))
}

/** A table of values whose types do not matter. */
export function tableBytes(entries: readonly RawEntry[]): Buffer {
  return block('F', Buffer.concat(entries.map(({ bytes }) => bytes)))
}

export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}

function numberBytes(value: number): Buffer {
  if (!Number.isFinite(value)) return block('S', Buffer.from(String(value)))
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    const bytes = Buffer.alloc(9, 'd')
    bytes.writeDoubleBE(value, 1)
    return bytes
  }
  if (value >= -0x80 && value < 0x80) return Buffer.of(0x62, value & 0xff)
  if (value >= -0x8000 && value < 0x8000) {
    const bytes = Buffer.alloc(3, 's')
    bytes.writeInt16BE(value, 1)
    return bytes
  }
  if (value < -0x8000_0000 || value >= 0x8000_0000) return long(BigInt(value))
  const bytes = Buffer.alloc(5, 'I')
  bytes.writeInt32BE(value, 1)
  return bytes
}

/** RabbitMQ's timestamps are whole seconds from 1970 on; earlier dates go as milliseconds. */
function dateBytes(ms: number): Buffer {
  if (ms < 0) return long(BigInt(ms))
  const bytes = Buffer.alloc(9, 'T')
  bytes.writeBigUInt64BE(BigInt(Math.floor(ms / 1000)), 1)
  return bytes
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(9, 'l')
  bytes.writeBigInt64BE(value, 1)
  return bytes
}

function block(type: string, content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(5 + content.length)
  bytes[0] = type.charCodeAt(0)
  bytes.writeUInt32BE(content.length, 1)
  bytes.set(content, 5)
  return bytes
}

/** Where the value that begins at `at` ends. @throws RangeError */
function valueEnd(bytes: Buffer, at: number): number {
  const type = String.fromCharCode(bytes.readUInt8(at))
  let end = at + 1
  if (BLOCKS.has(type)) end += 4 + bytes.readUInt32BE(at + 1)
  else if (SIZES[type] !== undefined) end += SIZES[type]
  else throw new RangeError(`Unknown field type ${type}`)
  if (end > bytes.length) throw new RangeError('A field ends outside its table')
  return end
}
