import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Options } from 'amqplib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { publishFrames } from '../../../../src/adapters/rabbitmq/wire/publish-frames.ts'

const require = createRequire(import.meta.url)
const library = dirname(require.resolve('amqplib'))
const defs = require(join(library, 'lib', 'defs.js'))
const frame = require(join(library, 'lib', 'frame.js'))
const args = require(join(library, 'lib', 'api_args.js'))

const FRAME_MAX = 131_072

interface Publish extends Options.Publish {
  readonly exchange: string
  readonly routingKey: string
}

/** What amqplib writes. */
function theirs(channel: number, { exchange, routingKey, ...options }: Publish, body: Buffer): Buffer {
  const fields = args.publish(exchange, routingKey, options)
  const frames = [
    defs.encodeMethod(defs.BasicPublish, channel, fields),
    defs.encodeProperties(defs.BasicProperties, channel, body.length, fields),
  ]
  if (body.length > 0) frames.push(frame.makeBodyFrame(channel, body))
  return Buffer.concat(frames)
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })
function ours(
  channel: number,
  { exchange, routingKey, ...options }: Publish,
  body: Buffer,
  frameMax = FRAME_MAX,
): Buffer | undefined {
  return publishFrames(channel, exchange, routingKey, body, options, frameMax)
}

const header = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    127,
    128,
    -128,
    -129,
    32_767,
    32_768,
    -32_768,
    -32_769,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
  ),
  fc.constantFrom(-(2 ** 31) - 1, 2 ** 49, -(2 ** 49), 1_700_000_000_123),
)
const fields: fc.Arbitrary<Publish> = fc
  .record({
    exchange: text,
    routingKey: text,
    mandatory: fc.boolean(),
    contentType: optional(text),
    headers: optional(fc.dictionary(text, header, { maxKeys: 5 })),
    persistent: optional(fc.boolean()),
    priority: optional(fc.nat(9)),
    correlationId: optional(text),
    replyTo: optional(text),
    expiration: optional(fc.oneof(fc.nat(), fc.nat().map(String))),
    messageId: optional(text),
    timestamp: optional(fc.nat({ max: 2 ** 40 })),
    userId: optional(text),
    type: optional(text),
    appId: optional(text),
  })
  .map((made) => JSON.parse(JSON.stringify(made)))

test('byte for byte what amqplib writes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65_535 }),
      fields,
      fc.uint8Array({ maxLength: 300 }),
      (channel, made, body) => {
        const frames = ours(channel, made, Buffer.from(body))
        expect(frames).toEqual(theirs(channel, made, Buffer.from(body)))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('what is inherited by the headers is written, as amqplib does', () => {
  const made = { exchange: 'e', routingKey: '', mandatory: false, headers: Object.create({ a: 'b' }) }
  expect(ours(1, made, Buffer.alloc(0))).toEqual(theirs(1, made, Buffer.alloc(0)))
})

test.each([
  ['a body of several frames', {}, 5_000, 4_096],
  ['a large body', {}, 20_000, FRAME_MAX],
  ['a long name', { routingKey: 'x'.repeat(256) }, 1, FRAME_MAX],
  ['a long text', { headers: { a: 'x'.repeat(2_000) } }, 1, FRAME_MAX],
  [
    'many headers',
    { headers: Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${n}`, 1])) },
    1,
    FRAME_MAX,
  ],
  ['a fraction', { headers: { a: 0.5 } }, 1, FRAME_MAX],
  ['bytes', { headers: { a: Buffer.from('a') } }, 1, FRAME_MAX],
  ['a delivery mode', { deliveryMode: 2 }, 1, FRAME_MAX],
  ['a further routing key', { CC: 'r' }, 1, FRAME_MAX],
  ['a typed value', { headers: { a: { '!': 'int64', value: 1n } } }, 1, FRAME_MAX],
])('%s is left to amqplib', (_, some, bytes, frameMax) => {
  const made = { exchange: '', routingKey: 'q', mandatory: true, ...some }
  expect(ours(1, made, Buffer.alloc(bytes), frameMax)).toBeUndefined()
  // Nothing of it is left behind for the next one.
  const plain = { exchange: '', routingKey: 'q', mandatory: true }
  expect(ours(1, plain, Buffer.from('a'))).toEqual(theirs(1, plain, Buffer.from('a')))
})
