/** Legal messages of AMQP 0-9-1 as any client may write them: content headers as raw bytes, of all properties and field types. */
import fc from 'fast-check'

/** One field value: type octet and content. */
type Value = Buffer

/** Flags and properties as they stand in a content header frame, and a body. */
export interface ForeignMessage {
  readonly header: Buffer
  readonly body: Buffer
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', 'gzip', 'order.placed', 'text/plain', 'ü/ö;#*', 'a'.repeat(255), 'x-sluice-id'),
)
const shortText = text.map((value) => {
  const bytes = Buffer.from(value).subarray(0, 255)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
})
const names = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      'retries',
      'timelimit',
      'trace',
      'x-retry-count',
      'x-opt-jms-msg-type',
      '!',
      '',
      'x-match',
      'b3',
    ),
  },
)

function typed(type: string, content: fc.Arbitrary<Buffer>): fc.Arbitrary<Value> {
  return content.map((bytes) => Buffer.concat([Buffer.from(type), bytes]))
}

function fixed(type: string, bytes: number): fc.Arbitrary<Value> {
  return typed(
    type,
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((content) => Buffer.from(content)),
  )
}

function block(type: string, content: fc.Arbitrary<Buffer>): fc.Arbitrary<Value> {
  return typed(
    type,
    content.map((bytes) => Buffer.concat([uint32(bytes.length), bytes])),
  )
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

/** Erlang knows no NaN and no infinity: RabbitMQ takes them from nobody. */
const double = typed(
  'd',
  finite.map((value) => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return bytes
  }),
)
const float = typed(
  'f',
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatBE(value)
    return bytes
  }),
)

const { value } = fc.letrec<{ value: Value; table: Value; list: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    block(
      'S',
      text.map((word) => Buffer.from(word)),
    ),
    block(
      'S',
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    ),
    block(
      'x',
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    ),
    fixed('I', 4),
    fixed('i', 4),
    fixed('b', 1),
    fixed('B', 1),
    fixed('s', 2),
    fixed('u', 2),
    fixed('l', 8),
    fixed('T', 8),
    fixed('D', 5),
    fc.constantFrom(Buffer.from('V'), Buffer.from('t\x00'), Buffer.from('t\x01')),
    double,
    float,
    tie('table'),
    tie('list'),
  ),
  table: block('F', entries(tie('value'))),
  list: block(
    'A',
    fc.array(tie('value'), { maxLength: 4 }).map((items) => Buffer.concat(items)),
  ),
}))

/** Each name once: what several of one name mean is nobody's to say. */
function entries(values: fc.Arbitrary<Value>): fc.Arbitrary<Buffer> {
  return fc.uniqueArray(fc.tuple(names, values), { maxLength: 5, selector: ([name]) => name }).map((pairs) =>
    Buffer.concat(
      pairs.map(([name, content]) => {
        const bytes = Buffer.from(name)
        return Buffer.concat([Buffer.of(bytes.length), bytes, content])
      }),
    ),
  )
}

const headers = entries(value).map((bytes) => Buffer.concat([uint32(bytes.length), bytes]))
const octet = fc.integer({ min: 0, max: 255 }).map((byte) => Buffer.of(byte))
const seconds = fc
  .oneof(
    fc.constantFrom(0n, 1_700_000_000n, 1_700_000_000_000n, 1_700_000_000_000_000n, 2n ** 63n - 1n),
    fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  )
  .map((count) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(count)
    return bytes
  })
const expiration = fc
  .integer({ min: 60_000, max: 2_000_000_000 })
  .map((ms) => Buffer.concat([Buffer.of(String(ms).length), Buffer.from(String(ms))]))

/** In the order of their flags. @param login the one user id that the broker takes */
export function foreignHeaders(login: string): fc.Arbitrary<Buffer> {
  const user = fc.constant(Buffer.concat([Buffer.of(Buffer.byteLength(login)), Buffer.from(login)]))
  const parts: fc.Arbitrary<Buffer>[] = [
    shortText,
    shortText,
    headers,
    fc.constantFrom(Buffer.of(1), Buffer.of(2)),
    octet,
    shortText,
    shortText,
    expiration,
    shortText,
    seconds,
    shortText,
    user,
    shortText,
    shortText,
  ]
  return fc.tuple(...parts.map((part) => fc.option(part, { nil: undefined }))).map((chosen) => {
    const flags = Buffer.alloc(2)
    flags.writeUInt16BE(chosen.reduce((bits, part, at) => (part ? bits | (0x8000 >> at) : bits), 0))
    return Buffer.concat([flags, ...chosen.filter((part) => part !== undefined)])
  })
}

export function foreignMessages(login: string): fc.Arbitrary<ForeignMessage> {
  const body = fc
    .oneof(
      { weight: 8, arbitrary: fc.uint8Array({ maxLength: 200 }) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(0, 16_383, 16_385, 131_064, 131_065, 300_000)
          .map((n) => new Uint8Array(n)),
      },
    )
    .map((bytes) => Buffer.from(bytes))
  return fc.record({ header: foreignHeaders(login), body })
}
