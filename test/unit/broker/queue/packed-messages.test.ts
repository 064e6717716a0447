import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PackedMessages } from '../../../../src/broker/queue/waiting/packed-messages.ts'
import { noProperties, type OutgoingMessage, StructuredBody } from '../../../../src/model/message.ts'
import { message } from '../harness.ts'

const inMemory = (message: OutgoingMessage) => ({ message, storeKey: 0 })

const text = fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined })
const kind = fc.record({
  to: text,
  members: fc.constantFrom(undefined, ['a', 'b']),
  contentType: fc.constantFrom(undefined, '', 'text/plain', 'application/json'),
  replyTo: text,
  priority: fc.constantFrom(undefined, 0, 9),
  ttlMs: fc.constantFrom(undefined, 1, 86_400_000),
  delayMs: fc.constantFrom(undefined, 5),
  durable: fc.boolean(),
  userId: text,
  deliveriesBefore: fc.nat(3),
  original: fc.constant(undefined),
})
const differing = fc.record({
  id: fc.string({ unit: 'grapheme' }),
  subject: text,
  correlationId: text,
  groupId: text,
  body: fc.uint8Array({ maxLength: 300 }),
  properties: fc.constantFrom(noProperties(), { a: 1, b: 'two' }, { c: new Date(3) }),
  createdAt: fc.integer({ min: 0, max: 2 ** 45 }),
})

describe('packed messages', () => {
  test('each comes back as it was, whatever its fields', () => {
    const some = fc.tuple(
      fc.array(kind, { minLength: 1, maxLength: 16 }),
      fc.array(differing, { minLength: 1 }),
    )
    fc.assert(
      fc.property(some, ([kinds, fields]) => {
        const messages = fields.map((one, at): OutgoingMessage => ({ ...kinds[at % kinds.length]!, ...one }))
        const packed = PackedMessages.of(messages.map(inMemory))
        const back = messages.map((_, at) => {
          const one = packed!.at(at)
          return { ...one, body: new Uint8Array(one.body as Uint8Array) }
        })
        expect(back).toEqual(messages)
      }),
    )
  })

  test('bodies that share memory, have their own, or are parts of others come back byte by byte', () => {
    const large = Buffer.alloc(20_000, 'l')
    const bodies = [Buffer.from('one'), Buffer.from('two'), large, Buffer.from('three'), large.subarray(7, 9)]
    const packed = PackedMessages.of(bodies.map((body) => inMemory(message('', { body }))))
    expect(bodies.map((_, at) => packed!.at(at).body)).toEqual(bodies)
  })

  test('what is in the store, is a typed value, or is of too many kinds stays as it is', () => {
    const plain = message('plain')
    expect(PackedMessages.of([{ message: plain, storeKey: 7 }])).toBeUndefined()
    expect(PackedMessages.of([inMemory(plain), { message: undefined, storeKey: 0 }])).toBeUndefined()
    expect(PackedMessages.of([inMemory(message('', { body: new StructuredBody({ a: 1 }) }))])).toBeUndefined()
    const replies = Array.from({ length: 17 }, (_, at) => inMemory(message('', { replyTo: `${at}` })))
    expect(PackedMessages.of(replies)).toBeUndefined()
    expect(PackedMessages.of(replies.slice(0, 16))).toBeDefined()
  })
})
