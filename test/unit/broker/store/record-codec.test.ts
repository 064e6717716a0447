import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHead, decodeRecord, RecordWriter } from '../../../../src/broker/store/record-codec.ts'
import {
  noProperties,
  type OutgoingMessage,
  type PropertyValue,
  StructuredBody,
} from '../../../../src/model/message.ts'
import { message } from '../harness.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme', minLength: 40, maxLength: 300 }),
)
const maybe = fc.option(text, { nil: undefined })
const bytes = fc.uint8Array({ maxLength: 300 })
const property: fc.Arbitrary<PropertyValue> = fc.oneof(
  text,
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  bytes,
  fc.constant(null),
)
const properties = fc
  .array(fc.tuple(fc.oneof(text, fc.constant('__proto__')), property), { maxLength: 5 })
  .map((entries) => {
    const record: Record<string, PropertyValue> = Object.create(null)
    for (const [key, value] of entries) record[key] = value
    return entries.length === 0 ? noProperties() : record
  })

const outgoing: fc.Arbitrary<OutgoingMessage> = fc
  .record({
    id: text,
    subject: maybe,
    body: fc.oneof(bytes, fc.constant(new StructuredBody({ a: [1n, new Date(3), null, 'x'] }))),
    contentType: maybe,
    properties,
    replyTo: maybe,
    correlationId: maybe,
    priority: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    userId: maybe,
    groupId: maybe,
    createdAt: fc.integer({ min: -1, max: 2 ** 45 }),
    deliveriesBefore: fc.integer({ min: 0, max: 100_000 }),
  })
  .map((fields) => message('', fields))

const facts = fc.record({
  expiresAt: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 2 ** 45, noNaN: true })),
  dueAt: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 2 ** 45, noNaN: true })),
})

test('a message comes back as it was written, records beside each other included', () => {
  const writer = new RecordWriter()
  fc.assert(
    fc.property(fc.array(fc.tuple(outgoing, facts), { minLength: 1, maxLength: 4 }), (drawn) => {
      const all = drawn.map(([one, about]) => [one, { ...about, priority: one.priority ?? 4 }] as const)
      const records = all.map(([one, about]) => writer.encode(one, about))
      all.forEach(([one, about], at) => {
        const copy = decodeRecord(Buffer.from(records[at]!))
        expect({ ...copy.properties }).toEqual({ ...one.properties })
        expect(Object.keys(copy.properties)).toEqual(Object.keys(one.properties))
        const body = (from: OutgoingMessage): unknown =>
          from.body instanceof StructuredBody
            ? JSON.stringify(from.body.value, plain)
            : Buffer.from(from.body)
        expect(body(copy)).toEqual(body(one))
        expect({ ...copy, body: 0, properties: 0 }).toEqual({ ...one, body: 0, properties: 0 })
        expect(decodeHead(records[at]!)).toEqual({ ...about, deliveriesBefore: one.deliveriesBefore })
      })
    }),
    { numRuns: 500 },
  )
})

test('a record with any byte changed is refused', () => {
  const record = new RecordWriter().encode(message('some body', { subject: 's', properties: { a: 1 } }), {
    priority: 4,
    expiresAt: 5,
    dueAt: 0,
  })
  for (let at = 0; at < record.length; at++) {
    const broken = Buffer.from(record)
    broken[at]! ^= 0x10
    expect(() => decodeRecord(broken), `byte ${at}`).toThrow()
    expect(() => decodeHead(broken), `byte ${at}`).toThrow()
    expect(() => decodeRecord(Buffer.from(record.subarray(0, at))), `cut at ${at}`).toThrow()
  }
})

test('a property of no known type is refused, and the records before and after it stay whole', () => {
  const writer = new RecordWriter()
  const about = { priority: 4, expiresAt: 0, dueAt: 0 }
  const odd = [{ a: 1 }, [1], undefined, Symbol('s'), () => 1, new Map()]
  const before = writer.encode(message('before'), about)
  for (const value of odd) {
    const properties = { fine: 1, odd: value as unknown as PropertyValue }
    expect(() => writer.encode(message('odd', { properties }), about), String(value)).toThrow(TypeError)
  }
  expect(() => writer.encode(message('', { body: 'text' as unknown as Uint8Array }), about)).toThrow(
    TypeError,
  )
  expect(() => writer.encode(message('', { subject: 7 as unknown as string }), about)).toThrow(TypeError)
  const after = writer.encode(message('after'), about)
  expect(Buffer.from(decodeRecord(before).body as Uint8Array).toString()).toBe('before')
  expect(Buffer.from(decodeRecord(after).body as Uint8Array).toString()).toBe('after')
})

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
