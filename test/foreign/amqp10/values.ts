/**
 * Legal values of AMQP 1.0 as bytes, of every type and encoding, with what this library makes of each: written by the standard's
 * tables (part 1, sections 1.2 and 1.6), independent of any library.
 */
import fc from 'fast-check'

/** Bytes, and what they mean to an application. */
export interface Value {
  readonly wire: Buffer
  readonly plain: unknown
}

/** Bytes of a value behind its type code, for arrays: one code for all. */
interface Encoding {
  readonly code: number
  readonly rest: fc.Arbitrary<{ bytes: Buffer; plain: unknown }>
}

const byteOf = fc.integer({ min: 0, max: 255 })
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const ulong = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => value.toWellFormed())
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 12 })

function encoding<T>(
  code: number,
  arbitrary: fc.Arbitrary<T>,
  write: (value: T) => Buffer,
  plain: (value: T) => unknown = (value) => value,
): Encoding {
  return { code, rest: arbitrary.map((value) => ({ bytes: write(value), plain: plain(value) })) }
}

const nothing = Buffer.alloc(0)

function fixed(width: number, write: (into: Buffer) => void): Buffer {
  const into = Buffer.alloc(width)
  write(into)
  return into
}

function sized(width: 1 | 4, inside: Buffer): Buffer {
  const size = fixed(width, (into) => into.writeUIntBE(inside.length, 0, width))
  return Buffer.concat([size, inside])
}

/** What a number can hold exactly comes as one. */
function integer(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value
}

function time(ms: bigint): unknown {
  return ms >= -8_640_000_000_000_000n && ms <= 8_640_000_000_000_000n ? new Date(Number(ms)) : integer(ms)
}

function uuidText(value: Buffer): string {
  return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const exactly = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const asArray = (value: Buffer) => new Uint8Array(value)

/** Every encoding of every primitive type. */
export const ENCODINGS = {
  null: encoding(0x40, fc.constant(null), () => nothing),
  true: encoding(0x41, fc.constant(true), () => nothing),
  false: encoding(0x42, fc.constant(false), () => nothing),
  boolean: encoding(0x56, fc.boolean(), (value) => Buffer.of(value ? 1 : 0)),
  ubyte: encoding(0x50, byteOf, (value) => Buffer.of(value)),
  ushort: encoding(0x60, fc.integer({ min: 0, max: 0xffff }), (value) =>
    fixed(2, (b) => b.writeUInt16BE(value)),
  ),
  uint: encoding(0x70, fc.integer({ min: 0, max: 0xffff_ffff }), (value) =>
    fixed(4, (b) => b.writeUInt32BE(value)),
  ),
  smalluint: encoding(0x52, byteOf, (value) => Buffer.of(value)),
  uint0: encoding(0x43, fc.constant(0), () => nothing),
  ulong: encoding(0x80, ulong, (value) => fixed(8, (b) => b.writeBigUInt64BE(value)), integer),
  smallulong: encoding(0x53, byteOf, (value) => Buffer.of(value)),
  ulong0: encoding(0x44, fc.constant(0), () => nothing),
  byte: encoding(0x51, fc.integer({ min: -128, max: 127 }), (value) => Buffer.of(value & 255)),
  short: encoding(0x61, fc.integer({ min: -32_768, max: 32_767 }), (value) =>
    fixed(2, (b) => b.writeInt16BE(value)),
  ),
  int: encoding(0x71, fc.integer(), (value) => fixed(4, (b) => b.writeInt32BE(value))),
  smallint: encoding(0x54, fc.integer({ min: -128, max: 127 }), (value) => Buffer.of(value & 255)),
  long: encoding(0x81, long, (value) => fixed(8, (b) => b.writeBigInt64BE(value)), integer),
  smalllong: encoding(0x55, fc.integer({ min: -128, max: 127 }), (value) => Buffer.of(value & 255)),
  float: encoding(0x72, fc.float(), (value) => fixed(4, (b) => b.writeFloatBE(value))),
  double: encoding(0x82, fc.double(), (value) => fixed(8, (b) => b.writeDoubleBE(value))),
  decimal32: encoding(0x74, exactly(4), (value) => value, asArray),
  decimal64: encoding(0x84, exactly(8), (value) => value, asArray),
  decimal128: encoding(0x94, exactly(16), (value) => value, asArray),
  char: encoding(
    0x73,
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
    (value) => fixed(4, (b) => b.writeUInt32BE(value.codePointAt(0)!)),
    (value) => String.fromCodePoint(value.codePointAt(0)!),
  ),
  timestamp: encoding(0x83, long, (value) => fixed(8, (b) => b.writeBigInt64BE(value)), time),
  date: encoding(
    0x83,
    fc.integer({ min: 0, max: 2 ** 42 }),
    (value) => fixed(8, (b) => b.writeBigInt64BE(BigInt(value))),
    (value) => new Date(value),
  ),
  uuid: encoding(0x98, exactly(16), (value) => value, uuidText),
  binary: encoding(0xa0, bytes, (value) => sized(1, value), asArray),
  binary32: encoding(0xb0, bytes, (value) => sized(4, value), asArray),
  string: encoding(0xa1, text, (value) => sized(1, Buffer.from(value))),
  string32: encoding(0xb1, text, (value) => sized(4, Buffer.from(value))),
  symbol: encoding(0xa3, ascii, (value) => sized(1, Buffer.from(value, 'latin1'))),
  symbol32: encoding(0xb3, ascii, (value) => sized(4, Buffer.from(value, 'latin1'))),
} satisfies Record<string, Encoding>

export type TypeName = keyof typeof ENCODINGS

/** A value of one of these encodings. */
export function of(...names: TypeName[]): fc.Arbitrary<Value> {
  return fc.oneof(
    ...names.map((name) => {
      const { code, rest } = ENCODINGS[name] as Encoding
      return rest.map(({ bytes: behind, plain }) => ({
        wire: Buffer.concat([Buffer.of(code), behind]),
        plain,
      }))
    }),
  )
}

export const NULL: Value = { wire: Buffer.of(0x40), plain: null }

/** Any primitive. */
export const primitive = of(...(Object.keys(ENCODINGS) as TypeName[]))

const ARRAYS = Object.values(ENCODINGS) as Encoding[]

/** An array of one primitive type: described or not, 0 to 300 elements. */
const array: fc.Arbitrary<Value> = fc
  .tuple(fc.constantFrom(...ARRAYS), fc.boolean(), fc.boolean())
  .chain(([{ code, rest }, described, many]) => {
    // Of elements without bytes there can be more than the array has bytes.
    const sizes = many && code >> 4 === 4 ? { minLength: 250, maxLength: 300 } : { maxLength: 5 }
    return fc.array(rest, sizes).map((items) => {
      const head = described
        ? Buffer.concat([Buffer.of(0x00), symbol('x:element'), Buffer.of(code)])
        : Buffer.of(code)
      const inside = Buffer.concat([head, ...items.map((item) => item.bytes)])
      return { wire: compound(0xe0, items.length, inside), plain: items.map(({ plain }) => plain) }
    })
  })

/** With one byte for size and count where they fit, and four where they do not, or the caller wants them. */
export function compound(smallCode: number, count: number, inside: Buffer, large = false): Buffer {
  if (!large && inside.length < 255 && count < 256)
    return Buffer.concat([Buffer.of(smallCode, inside.length + 1, count), inside])
  const head = Buffer.alloc(9)
  head[0] = smallCode + 0x10
  head.writeUInt32BE(inside.length + 4, 1)
  head.writeUInt32BE(count, 5)
  return Buffer.concat([head, inside])
}

export function symbol(name: string): Buffer {
  return Buffer.concat([Buffer.of(0xa3, name.length), Buffer.from(name, 'latin1')])
}

function listOf(items: readonly Value[], large: boolean): Value {
  const wire =
    items.length === 0 && !large
      ? Buffer.of(0x45)
      : compound(0xc0, items.length, Buffer.concat(items.map((item) => item.wire)), large)
  return { wire, plain: items.map(({ plain }) => plain) }
}

export function mapOf(pairs: readonly (readonly [Value, Value])[], large: boolean): Value {
  const inside = Buffer.concat(pairs.flat().map((item) => item.wire))
  const plain = new Map(pairs.map(([key, value]) => [keyText(key.plain), value.plain]))
  return { wire: compound(0xc1, pairs.length * 2, inside, large), plain: Object.fromEntries(plain) }
}

function keyText(key: unknown): string {
  if (key instanceof Uint8Array) return Buffer.from(key).toString('hex')
  return key instanceof Date ? String(key.getTime()) : String(key)
}

const descriptor = fc.oneof(
  of('symbol', 'symbol32', 'ulong', 'smallulong', 'ulong0'),
  of('string', 'uuid', 'null'),
)

/** Any value: primitives, lists, maps, arrays, described ones, some levels deep. */
export const { value } = fc.letrec<{ value: Value; inner: Value }>((tie) => ({
  inner: fc.oneof({ maxDepth: 3, depthIdentifier: 'amqp' }, primitive, tie('value')),
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'amqp', withCrossShrink: true },
    { arbitrary: primitive, weight: 4 },
    {
      arbitrary: fc
        .tuple(fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'amqp' }), fc.boolean())
        .map(([items, large]) => listOf(items, large)),
      weight: 1,
    },
    {
      arbitrary: fc
        .tuple(
          fc.array(fc.tuple(primitive, tie('value')), { maxLength: 3, depthIdentifier: 'amqp' }),
          fc.boolean(),
        )
        .map(([pairs, large]) => mapOf(pairs, large)),
      weight: 1,
    },
    { arbitrary: array, weight: 1 },
    {
      arbitrary: fc.tuple(descriptor, tie('value')).map(([name, inside]) => ({
        wire: Buffer.concat([Buffer.of(0x00), name.wire, inside.wire]),
        plain: inside.plain,
      })),
      weight: 1,
    },
  ),
}))

/** A list value of any items. */
export const list: fc.Arbitrary<Value> = fc
  .tuple(fc.array(value, { maxLength: 4 }), fc.boolean())
  .map(([items, large]) => listOf(items, large))

export { listOf }
