/** Values of every AMQP 1.0 type, both ways, with bare rhea and hand-written bytes as the other client. */
import rhea from 'rhea'
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../../../src/adapters/qpid/codec/codec.ts'
import { StructuredBody, type StructuredValue } from '../../../../src/model/message.ts'
import { Fixture, message, send, sendOk } from '../fixture.ts'
import { type AmqpValue, amqpType } from './amqp-values.ts'

const fixture = new Fixture()

const EXACT: StructuredValue[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  127,
  -128,
  255,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 32 - 1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 64,
  0.1,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  NaN,
  Infinity,
  -Infinity,
  0n,
  -1n,
  255n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 63n,
  2n ** 64n - 1n,
  '',
  'ä€😀\u0000',
  'x'.repeat(300),
  new Date(0),
  new Date(-1),
  new Date(8.64e15),
  new Date(-8.64e15),
  Uint8Array.of(),
  Uint8Array.from({ length: 256 }, (_, at) => at),
]

describe('values', () => {
  test('come back as they were, as properties, in maps and in lists', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { inbox } = await fixture.receiver(node)
    const properties = Object.assign(
      Object.create(null),
      Object.fromEntries(EXACT.map((value, at) => [`p${at}`, value])),
    )
    const list: StructuredValue[] = [...EXACT, [], {}, [[]], [EXACT], { deep: { list: [{ empty: {} }] } }]
    const bodies: StructuredValue[] = [list, { list, '': 'empty name' }, {}, []]
    for (const body of bodies) {
      await sendOk(sender, message('', { body: new StructuredBody(body), properties }))
      const got = (await inbox.next()).message
      expect(plain((got.body as StructuredBody).value)).toEqual(plain(body))
      expect(plain(got.properties)).toEqual(plain(properties))
    }
  })

  test('a name like __proto__ is data', () => {
    const properties = Object.assign(Object.create(null), JSON.parse('{"__proto__": 1}'))
    const body = new StructuredBody(JSON.parse('{"__proto__": {"constructor": 2}}'))
    const got = decodeMessage(encodeMessage(message('', { body, properties }))).message
    const value = (got.body as StructuredBody).value as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(null)
    expect(Object.entries(got.properties)).toEqual([['__proto__', 1]])
  })

  test('are what rhea reads: whole numbers int, others double, bigints long and ulong', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const body = {
      int: 5,
      double: 2.5,
      big: 2n ** 63n - 1n,
      ulong: 2n ** 64n - 1n,
      date: new Date(5),
      empty: {},
    }
    await sendOk(sender, message('', { body: new StructuredBody(body), properties: { n: 7n } }))
    const got = await fixture.bareReceive(node.name)
    // rhea gives what a number cannot hold as bytes.
    const bytes = Buffer.alloc(8, 0xff)
    expect(got.body).toEqual({
      int: 5,
      double: 2.5,
      big: Buffer.from('7fffffffffffffff', 'hex'),
      ulong: bytes,
      date: new Date(5),
      empty: {},
    })
    expect(got.application_properties).toEqual({ n: 7 })
  })

  test('that AMQP has no type for are refused by their place before anything is sent', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const deep = Array.from({ length: 101 }).reduce<StructuredValue>((inner) => [inner], 1)
    const flaws = [2n ** 64n, -(2n ** 63n) - 1n, () => 1, Symbol('s'), '\ud800', new Date(NaN), deep]
    for (const flaw of flaws) {
      const body = new StructuredBody({ fine: 1, list: [1, { at: flaw as StructuredValue }] })
      const error = await send(sender, message('', { body }))
      expect(error).toMatchObject({ code: 'ENCODE_FAILED', context: { path: 'body.list[1].at' } })
      expect(error!.message).toMatch(/^body\.list\[1\]\.at/)
    }
    expect(await send(sender, message('', { properties: { big: 2n ** 64n } }))).toMatchObject({
      context: { path: 'properties.big' },
    })
    await sendOk(sender, message('the link lives'))
    expect((await fixture.browse(node)).length).toBe(1)
  })
})

describe('values of others', () => {
  const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  const foreign: [string, AmqpValue, unknown][] = [
    ['null', amqpType.null(), null],
    ['boolean', amqpType.boolean(true), true],
    ['ubyte', amqpType.ubyte(255), 255],
    ['ushort', amqpType.ushort(65_535), 65_535],
    ['uint', amqpType.uint(2 ** 32 - 1), 2 ** 32 - 1],
    ['uint, short form', amqpType.smalluint(255), 255],
    ['uint 0', amqpType.uint0(), 0],
    ['ulong', amqpType.ulong(2n ** 64n - 1n), 2n ** 64n - 1n],
    ['ulong a number can hold', amqpType.ulong(2n ** 53n - 1n), 2 ** 53 - 1],
    ['ulong, short form', amqpType.smallulong(255), 255],
    ['ulong 0', amqpType.ulong0(), 0],
    ['byte', amqpType.byte(-128), -128],
    ['short', amqpType.short(-32_768), -32_768],
    ['int', amqpType.int(-(2 ** 31)), -(2 ** 31)],
    ['int, short form', amqpType.smallint(-1), -1],
    ['long', amqpType.long(-(2n ** 63n)), -(2n ** 63n)],
    ['long a number can hold', amqpType.long(-5n), -5],
    ['long, short form', amqpType.smalllong(-5), -5],
    ['float', amqpType.float(0.5), 0.5],
    ['double', amqpType.double(-0), -0],
    ['double NaN', amqpType.double(NaN), NaN],
    ['decimal32 as its bytes', amqpType.decimal32(Buffer.of(1, 2, 3, 4)), Uint8Array.of(1, 2, 3, 4)],
    ['decimal64 as its bytes', amqpType.decimal64(Buffer.alloc(8, 7)), new Uint8Array(8).fill(7)],
    ['decimal128 as its bytes', amqpType.decimal128(Buffer.alloc(16, 7)), new Uint8Array(16).fill(7)],
    ['char as text', amqpType.char('😀'), '😀'],
    ['timestamp', amqpType.timestamp(-1n), new Date(-1)],
    ['uuid as text', amqpType.uuid(uuid), '00112233-4455-6677-8899-aabbccddeeff'],
    ['binary', amqpType.binary(Buffer.of(0, 255)), Uint8Array.of(0, 255)],
    ['string', amqpType.string('ä€😀'), 'ä€😀'],
    ['symbol as text', amqpType.symbol('amqp:sym'), 'amqp:sym'],
    ['empty list', amqpType.list0(), []],
    ['list', amqpType.list([amqpType.int(1), amqpType.list0()]), [1, []]],
    ['array as list', amqpType.arrayOfInt([1, -2]), [1, -2]],
    ['empty array', amqpType.arrayOfInt([]), []],
    ['map', amqpType.map([[amqpType.string('a'), amqpType.null()]]), { a: null }],
    ['empty map', amqpType.map([]), {}],
    [
      'map with other keys: their text',
      amqpType.map([
        [amqpType.int(7), amqpType.boolean(true)],
        [amqpType.symbol('s'), amqpType.ulong(2n ** 63n)],
      ]),
      { 7: true, s: 2n ** 63n },
    ],
    ['described value: the value', amqpType.described('x:y', amqpType.string('in')), 'in'],
  ]

  test.each(foreign)('%s', async (_, sent, expected) => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    await fixture.bareSend(node.name, amqpType.message(sent))
    const { body } = (await inbox.next()).message
    // Bytes as a value are bytes like any other.
    expect(plain(body instanceof StructuredBody ? body.value : body)).toEqual(plain(expected))
  })

  test('properties of scalar types, and fields this library has no place for: annotations', async () => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    await fixture.bareSend(node.name, {
      body: 'text',
      message_id: rhea.types.wrap_ulong(7) as unknown as string,
      correlation_id: rhea.types.wrap_uuid(uuid) as unknown as string,
      application_properties: {
        ubyte: rhea.types.wrap_ubyte(1),
        ulong: rhea.types.wrap_ulong(Buffer.alloc(8, 0xff) as unknown as number),
        when: new Date(5),
        char: rhea.types.wrap_char(0x1f600 as unknown as string),
      },
      message_annotations: { 'x-opt-note': 'n' },
      reply_to: 'answers',
      to: 'there',
      group_id: 'g',
      group_sequence: 3,
      content_encoding: 'gzip',
      absolute_expiry_time: 9_999_999_999_999 as unknown as Date,
    } as unknown as rhea.Message)
    const got = (await inbox.next()).message
    expect(got).toMatchObject({
      id: '7',
      correlationId: '00112233-4455-6677-8899-aabbccddeeff',
      replyTo: 'answers',
      groupId: 'g',
      contentType: 'text/plain',
    })
    expect({ ...got.properties }).toEqual({ ubyte: 1, ulong: 2n ** 64n - 1n, when: new Date(5), char: '😀' })
    expect(got.annotations).toMatchObject({
      'x-opt-note': 'n',
      to: 'there',
      groupSequence: 3,
      contentEncoding: 'gzip',
    })
  })

  // Broker-J ends a connection that sends such properties; other brokers pass them on.
  test('properties of lists and maps: annotations', () => {
    const { map, string, int, list } = amqpType
    const properties = map([
      [string('n'), int(1)],
      [string('list'), list([int(1)])],
    ])
    const sections = [Buffer.of(0x00, 0x53, 0x74), properties, amqpType.message(amqpType.null())]
    const got = decodeMessage(Buffer.concat(sections)).message
    expect({ ...got.properties }).toEqual({ n: 1 })
    expect(got.annotations).toMatchObject({ properties: { list: [1] } })
  })

  test('a body of several data sections, of sequences, of none', async () => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    const { data_sections, sequence_sections } = rhea.message as unknown as Record<
      string,
      (parts: unknown[]) => unknown
    >
    await fixture.bareSend(node.name, { body: data_sections!([Buffer.from('ab'), Buffer.from('c')]) })
    await fixture.bareSend(node.name, { body: sequence_sections!([[1, 'x'], [true]]) })
    await fixture.bareSend(node.name, { subject: 'bare', body: undefined })
    const [data, sequence, none] = (await inbox.take(3)).map(({ message: { body } }) => body)
    expect(Buffer.from(data as Uint8Array).toString()).toBe('abc')
    expect(sequence).toEqual(new StructuredBody([1, 'x', true]))
    expect(none instanceof StructuredBody ? none.value : none).toEqual(
      none instanceof StructuredBody ? null : Buffer.alloc(0),
    )
  })
})

/** Records without prototype and bytes of any class, as what `toEqual` compares by content. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (value instanceof Date) return { ms: value.getTime() }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).map(([name, item]) => [name, plain(item)])
  return value
}

test.each([4_294_967_295, 60])('a time to live of %d ms goes out as it is', (ttlMs) => {
  expect(decodeMessage(encodeMessage(message('', { ttlMs }))).message.ttlMs).toBe(ttlMs)
})

test('one that the field cannot tell ends nothing early', () => {
  expect(decodeMessage(encodeMessage(message('', { ttlMs: 4_294_967_296 }))).message.ttlMs).toBeUndefined()
})
