/** Copies of messages of strangers, as far as no server is needed. */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redisAdapter } from '../../../src/adapters/redis/adapter.ts'
import { RedisMessage } from '../../../src/adapters/redis/codec/incoming.ts'
import { envelope } from '../../../src/adapters/redis/codec/outgoing.ts'
import { WireMessage } from '../../../src/api/message/wire-message.ts'
import { copyOf, deadLetterOf } from '../../../src/model/copy.ts'
import { runs, timeoutOf } from '../runs.ts'
import { foreignMessage, type Json, parsed } from './messages.ts'

const COUNT = 1_000

function received(payload: Buffer, ttlMs?: number): RedisMessage {
  return new RedisMessage(payload, { durable: true }, ttlMs)
}

/** What a copy has in its header, if its original had this one. */
function copied(header: Json, contentType: string | undefined): Json {
  if (header === undefined) return { id: '', contentType }
  const { deliveries: _, durable, properties, ...rest } = header
  const some = properties !== undefined && Object.keys(properties).length > 0
  return { id: '', ...rest, ...(some && { properties }), ...(durable === false && { durable }) }
}

test('a copy says what its original says, and nothing else; so does one of its wire form', {
  timeout: timeoutOf(COUNT, 3),
}, () => {
  fc.assert(
    fc.property(foreignMessage, ({ payload, header, body }) => {
      const original = received(payload, header?.ttlMs)
      const first = envelope(copyOf(original), original.body)
      const wanted = copied(header, original.contentType)
      deepStrictEqual(parsed(first), { header: wanted, body })
      deepStrictEqual(envelope(copyOf(received(first, header?.ttlMs)), body), first)
      if (original.wireForm) {
        const restored = redisAdapter.fromWireForm!(original.wireForm, body) as RedisMessage
        deepStrictEqual(parsed(envelope(copyOf(restored), restored.body)), { header: wanted, body })
      }
      const letter = received(envelope(deadLetterOf(original, 'broken', 3, 'orders'), original.body))
      deepStrictEqual(
        { ...letter.properties },
        {
          ...original.properties,
          'sluice-reason': 'broken',
          'sluice-deliveries': 3,
          'sluice-origin': 'orders',
        },
      )
      deepStrictEqual(letter.annotations, original.annotations)
    }),
    runs(COUNT),
  )
})

test('bytes that are no message are told by DECODE_FAILED; no field of them throws, and no copy', {
  timeout: timeoutOf(COUNT, 3),
}, () => {
  const bent = fc
    .tuple(foreignMessage, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
    .map(([{ payload }, at, byte, cut]) => {
      const bytes = Buffer.from(payload)
      if (bytes.length > 0) bytes[at % bytes.length] = byte
      return cut ? bytes.subarray(0, at % (bytes.length + 1)) : bytes
    })
  fc.assert(
    fc.property(bent, (payload) => {
      const message = received(payload)
      const read = new WireMessage(message, new Map() as never)
      JSON.stringify([read.toJSON(), Object.keys(read.annotations)])
      const again = received(envelope(copyOf(message), message.body))
      expect(again.damage).toBeUndefined()
      deepStrictEqual(again.body, message.body)
      if (message.damage) expect(message.damage.code).toBe('DECODE_FAILED')
    }),
    runs(COUNT),
  )
})
