import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Properties, PropertyValue } from '../../../../src/model/message.ts'
import { Fixture, message, send, sendOk, url } from '../fixture.ts'

const fixture = new Fixture()

const wellFormed = fc.string({ unit: 'grapheme' })
const propertyValue: fc.Arbitrary<PropertyValue> = fc.oneof(
  wellFormed,
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.constant(null),
  fc.constantFrom(-0, 1.0, 2 ** 53, -(2 ** 53) - 2, NaN, Infinity, 1e300, 0n, 2n ** 53n + 1n, 2n ** 64n - 1n),
)
const key = fc.oneof(
  wellFormed.filter((text) => Buffer.byteLength(text) <= 255),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'CC',
    'BCC',
    'x-death',
    'x-delivery-count',
    'timestamp_in_ms',
  ),
  fc.constantFrom('x-sluice-types', 'x-sluice-properties', 'x-sluice-subject', '', '!', 'x-match'),
)
const properties: fc.Arbitrary<Properties> = fc
  .array(fc.tuple(key, propertyValue), { maxLength: 8 })
  .map((entries) => {
    const record: Record<string, PropertyValue> = Object.create(null)
    for (const [name, value] of entries) record[name] = value
    return record
  })
const text = fc.oneof(wellFormed, fc.constantFrom('', 'a.b.c', 'ü/ö;#*', 'x'.repeat(255), 'y'.repeat(1000)))
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

const outgoing = fc.record({
  id: text,
  subject: optional(text),
  contentType: optional(text),
  properties,
  replyTo: optional(
    fc.constantFrom('answers', "'an swers'", "'answers'", 'news/us.weather', 'q; {create: always}', 'a b'),
  ),
  correlationId: optional(text),
  priority: optional(fc.integer({ min: 0, max: 9 })),
  ttlMs: optional(fc.constantFrom(60_000, 4_294_967_296, 1e13)),
  durable: fc.boolean(),
  userId: optional(fc.constantFrom('guest', 'somebody', '')),
  groupId: optional(text),
  createdAt: fc.constantFrom(0, 1, 1_700_000_000_000, 1_700_000_000_123, Date.now(), -5_000),
  deliveriesBefore: fc.constantFrom(0, 0, 3),
})

describe('every field comes out as it went in', () => {
  test('to a queue, whatever the values', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node)
    await fc.assert(
      fc.asyncProperty(outgoing, fc.uint8Array({ maxLength: 5000 }), async (fields, body) => {
        // A header table ends at 64 KiB; nothing here comes near.
        await sendOk(sender, message(body, fields))
        const delivery = await inbox.next()
        receiver.accept(delivery)
        const got = delivery.message
        expect({
          id: got.id,
          subject: got.subject,
          contentType: got.contentType,
          replyTo: got.replyTo,
          correlationId: got.correlationId,
          durable: got.durable,
          userId: got.userId,
          groupId: got.groupId,
          createdAt: got.createdAt,
          priority: got.priority,
        }).toEqual({
          id: fields.id,
          subject: fields.subject,
          contentType: fields.contentType,
          replyTo: fields.replyTo,
          correlationId: fields.correlationId,
          durable: fields.durable,
          userId: fields.userId,
          groupId: fields.groupId,
          createdAt: fields.createdAt,
          priority: fields.priority ?? 4,
        })
        expect(Buffer.compare(body, got.body as Uint8Array)).toBe(0)
        expect(delivery.deliveryCount).toBe(fields.deliveriesBefore + 1)
        expect(delivery.redelivered).toBe(fields.deliveriesBefore > 0)
        expectSame(got.properties, fields.properties)
      }),
      { numRuns: 400 },
    )
  })

  test('to a topic: the subject is the routing key, an empty one is not none', async () => {
    const node = await fixture.node({ type: 'topic' })
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node)
    for (const subject of ['us.weather', '', undefined, 'ü ö']) {
      await sendOk(sender, message('x', { subject }))
      const delivery = await inbox.next()
      expect(delivery.message.subject).toBe(subject)
      expect(delivery.message.annotations).toMatchObject({ exchange: node.name, routingKey: subject ?? '' })
      receiver.accept(delivery)
    }
    expect(await send(sender, message('x', { subject: 's'.repeat(256) }))).toMatchObject({
      code: 'ENCODE_FAILED',
    })
  })
})

describe('other clients', () => {
  test('read our fields and headers without knowing Sluice', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const createdAt = 1_700_000_000_123
    await sendOk(
      sender,
      message('{"a":1}', {
        id: 'id-1',
        contentType: 'application/json',
        correlationId: 'corr',
        replyTo: 'answers',
        priority: 2,
        userId: new URL(url).username,
        ttlMs: 60_000,
        createdAt,
        properties: {
          text: 'ü',
          whole: 7,
          half: 0.5,
          big: 5n,
          yes: true,
          nothing: null,
          bytes: Uint8Array.of(1, 2),
          when: new Date(1_600_000_000_000),
        },
      }),
    )
    const got = await fixture.channel.get(node.name, { noAck: true })
    if (!got) throw new Error('The queue is empty')
    expect(got.properties).toMatchObject({
      messageId: 'id-1',
      contentType: 'application/json',
      correlationId: 'corr',
      replyTo: 'answers',
      priority: 2,
      userId: new URL(url).username,
      expiration: '60000',
      deliveryMode: 2,
      timestamp: Math.floor(createdAt / 1000),
    })
    expect(got.properties.headers).toEqual({
      text: 'ü',
      whole: 7,
      half: 0.5,
      big: 5,
      yes: true,
      nothing: null,
      bytes: Buffer.from([1, 2]),
      when: { '!': 'timestamp', value: 1_600_000_000 },
      timestamp_in_ms: createdAt,
      'x-sluice-types': { big: 'bigint' },
    })
  })

  test('arrive with sensible fields; nested headers are annotations, unsafe integers stay exact', async () => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    const headers = Object.assign(Object.create(null), {
      colour: 'red',
      count: 3,
      exact: { '!': 'int64', value: 2n ** 53n + 1n },
      ratio: { '!': 'float', value: 0.5 },
      price: { '!': 'decimal', value: { places: 2, digits: 1999 } },
      when: { '!': 'timestamp', value: 1_600_000_000 },
      raw: Buffer.from([9]),
      none: null,
      nested: { deep: [1, 'two', { three: 3 }] },
      list: ['a', 'b'],
    })
    Object.defineProperty(headers, '__proto__', { value: 'data', enumerable: true })
    fixture.channel.sendToQueue(node.name, Buffer.from('{"a":1}'), {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers,
      messageId: 'foreign',
      replyTo: 'amq.gen-x y/z',
      correlationId: '7',
      timestamp: 1_700_000_000,
      type: 'order.created',
      appId: 'pika',
      persistent: true,
    })
    const { message: got, deliveryCount } = await inbox.next()
    expect(deliveryCount).toBe(1)
    expect(got).toMatchObject({
      id: 'foreign',
      subject: undefined,
      contentType: 'application/json',
      replyTo: "'amq.gen-x y/z'",
      correlationId: '7',
      createdAt: 1_700_000_000_000,
      durable: true,
      priority: undefined,
    })
    expectSame(got.properties, {
      ['__proto__']: 'data',
      colour: 'red',
      count: 3,
      exact: 2n ** 53n + 1n,
      ratio: 0.5,
      price: 19.99,
      when: new Date(1_600_000_000_000),
      raw: Uint8Array.of(9),
      none: null,
    })
    expect(got.annotations).toMatchObject({
      exchange: '',
      routingKey: node.name,
      contentEncoding: 'utf-8',
      type: 'order.created',
      appId: 'pika',
      nested: { deep: [1, 'two', { three: 3 }] },
      list: ['a', 'b'],
    })
  })

  test('may send nothing but a body', async () => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    fixture.channel.sendToQueue(node.name, Buffer.alloc(0))
    const { message: got } = await inbox.next()
    expect(got).toMatchObject({
      id: '',
      subject: undefined,
      contentType: undefined,
      replyTo: undefined,
      ttlMs: undefined,
    })
    expect((got.body as Uint8Array).byteLength).toBe(0)
    expect(Object.keys(got.properties)).toEqual([])
  })
})

/** Compares property by property, telling 1 from 1n, 0 from -0 and bytes from a Buffer. */
function expectSame(got: Properties, wanted: Properties): void {
  expect(Object.getPrototypeOf(got)).toBe(null)
  expect(Reflect.ownKeys(got).sort()).toEqual(Reflect.ownKeys(wanted).sort())
  for (const name of Object.keys(wanted)) {
    const [value, expected] = [got[name], wanted[name]]
    if (typeof expected !== 'object' || expected === null) {
      if (!Object.is(value, expected)) expect({ [name]: value }).toEqual({ [name]: expected })
      expect(Object.is(value, expected)).toBe(true)
    } else {
      expect(value?.constructor).toBe(expected.constructor)
      expect(value).toEqual(expected)
    }
  }
}
