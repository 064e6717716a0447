/** Messages that are legal and unusual, or no messages at all: the link, the connection and the queues beside it go on. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AmqpMessage } from '../../../../src/adapters/qpid/codec/amqp-message.ts'
import { decodeMessage, encodeMessage } from '../../../../src/adapters/qpid/codec/codec.ts'
import { type Connection, connect, queue } from '../../../../src/index.ts'
import { copyOf } from '../../../../src/model/copy.ts'
import { StructuredBody } from '../../../../src/model/message.ts'
import { RawPeer } from '../../../foreign/amqp10/raw-peer.ts'
import { uniqueName } from '../../../support/names.ts'
import { message, url } from '../fixture.ts'
import { amqpType } from './amqp-values.ts'

let connection: Connection
let raw: RawPeer
const lost: unknown[] = []

beforeAll(async () => {
  connection = await connect(url)
  connection.on('disconnected', (event) => void lost.push(event))
  raw = await RawPeer.open(url)
})
afterAll(async () => {
  await raw.close()
  await connection.close()
})

function nested(depth: number): Buffer {
  let value: Buffer = amqpType.list0()
  for (let level = 0; level < depth; level++) value = amqpType.list([value])
  return value
}

const symbolic = Buffer.concat([
  Buffer.of(0x00),
  amqpType.symbol('amqp:data:binary'),
  Buffer.of(0xa0, 3),
  Buffer.from('abc'),
])
const arrayOfTrue = Buffer.concat([Buffer.of(0xf0, 0, 0, 0, 5, 0, 0, 1, 44, 0x41)])
const items = Array.from({ length: 200_000 }, () => amqpType.smallint(1))
const sequence = Buffer.concat([Buffer.of(0x00, 0x53, 0x76), amqpType.list(items)])

const UNUSUAL: [string, Buffer, (body: unknown) => unknown, unknown][] = [
  ['a section named by symbol', symbolic, (body) => String(body), 'abc'],
  ['lists 150 deep', amqpType.message(nested(150)), depthOf, 151],
  ['lists 900 deep', amqpType.message(nested(900)), depthOf, 901],
  [
    'an array of 300 true',
    amqpType.message(arrayOfTrue),
    (body) => (body as unknown[]).filter(Boolean).length,
    300,
  ],
  ['a sequence of 200,000', sequence, (body) => (body as unknown[]).length, 200_000],
]

test.each(UNUSUAL)('%s is delivered', async (_, bytes, seen, expected) => {
  const node = queue<unknown>(uniqueName('unusual'))
  await connection.admin.declare(node)
  await using receiver = await connection.receiver(node)
  await raw.send(node.name, bytes)
  const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
  expect(seen(delivery.body)).toBe(expected)
  expect(delivery.bytes.length).toBeGreaterThan(0)
  await delivery.accept()
  await receiver.close()
  await connection.admin.delete(node)
  expect(lost).toEqual([])
})

test('what cannot be decoded is delivered with its bytes, can be rejected, and disturbs nothing', async () => {
  const dead = queue<unknown>(uniqueName('dead'))
  const bad = queue<unknown>(uniqueName('bad'), { deadLetter: dead })
  const good = queue<number>(uniqueName('good'))
  for (const node of [dead, bad, good]) await connection.admin.declare(node)
  const handled: number[] = []
  const consumer = await connection.consume(good, ({ body }) => void handled.push(body))
  await using receiver = await connection.receiver(bad)
  const bytes = amqpType.message(nested(1_500))
  await raw.send(bad.name, bytes)
  const delivery = (await receiver.receive({ timeoutMs: 10_000 }))!
  expect(() => delivery.body).toThrow(expect.objectContaining({ code: 'DECODE_FAILED' }))
  expect(Buffer.from(delivery.bytes).subarray(-bytes.length).equals(bytes)).toBe(true)
  await delivery.release()
  const again = (await receiver.receive({ timeoutMs: 10_000 }))!
  expect(again).toMatchObject({ redelivered: true, deliveryCount: 2 })
  await again.reject('unreadable')
  // The dead letter is the message still, with its reason.
  expect((await raw.take(dead.name)).includes(bytes)).toBe(true)
  await connection.send(good, 1)
  await expect.poll(() => handled).toEqual([1])
  await consumer.close()
  await receiver.close()
  for (const node of [bad, dead, good]) await connection.admin.delete(node)
  expect(lost).toEqual([])
})

test('a count that lies takes no memory', () => {
  const before = process.memoryUsage().heapUsed
  const many = (code: number) => Buffer.of(0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, code)
  for (const value of [many(0x41), many(0x40), Buffer.of(0xd0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff)]) {
    const { damage, body, bytes } = decodeMessage(amqpType.message(value)).message
    expect(damage).toMatchObject({ code: 'DECODE_FAILED' })
    expect(body).toBe(bytes)
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20)
})

test('no bytes at all are an empty message', () => {
  expect(decodeMessage(Buffer.alloc(0)).message).toMatchObject({
    damage: undefined,
    id: '',
    body: Buffer.alloc(0),
  })
})

test('a time that no Date holds is its count, and stays what it is in a copy', () => {
  const properties = amqpType.map([
    [amqpType.string('far'), amqpType.timestamp(2n ** 63n - 1n)],
    [amqpType.string('near'), amqpType.timestamp(8_640_000_000_000_001n)],
  ])
  const bytes = Buffer.concat([Buffer.of(0x00, 0x53, 0x74), properties, amqpType.message(amqpType.null())])
  const got = decodeMessage(bytes).message
  expect({ ...got.properties }).toEqual({ far: 2n ** 63n - 1n, near: 8_640_000_000_000_001 })
  expect(encodeMessage(copyOf(got)).equals(bytes)).toBe(true)
})

test('a copy to another broker kind and back keeps native extras', () => {
  const annotations = {
    contentEncoding: 'gzip',
    type: 'order.placed',
    appId: 'shop',
    clusterId: 'c',
    groupSequence: 3,
    'x-death': [{ count: 2, queue: 'q' }],
    trace: { span: 'abc' },
    'ä b': 1,
    exchange: 'where it was',
  }
  const fields = message('x', { properties: { a: 1 } })
  const original = { ...fields, annotations, ttlMs: undefined, createdAt: 5 }
  const got = decodeMessage(encodeMessage({ ...fields, original })).message
  const { exchange: _, ...carried } = annotations
  expect(JSON.parse(JSON.stringify(got.annotations))).toEqual(carried)
  const section = got.section(0x72)!
  const names = got.bytes.toString('latin1', section.from, section.to)
  expect(names).toContain('x-basic-type')
  expect(names).toContain('x-basic-app-id')
})

test('a described value inside another is its value, and stays described in a copy', () => {
  const bytes = amqpType.message(amqpType.list([amqpType.described('my:t', amqpType.string('inside'))]))
  const got = decodeMessage(bytes).message
  expect(got.body).toEqual(new StructuredBody(['inside']))
  expect(encodeMessage(copyOf(got)).equals(bytes)).toBe(true)
})

test('an answer has the id of its request in the type that it came with', () => {
  const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  for (const id of [
    amqpType.ulong(7n),
    amqpType.uuid(uuid),
    amqpType.binary(Buffer.of(1, 2, 255)),
    amqpType.string('t'),
  ]) {
    const nothing = amqpType.null()
    const asked = amqpType.list([nothing, nothing, nothing, nothing, nothing, id])
    const numbered = amqpType.list([id])
    for (const properties of [asked, numbered]) {
      const bytes = Buffer.concat([Buffer.of(0x00, 0x53, 0x73), properties])
      const answers = new AmqpMessage(bytes)
      const correlationId = answers.correlationId ?? answers.id
      const answer = decodeMessage(encodeMessage(message('a', { correlationId, answers }))).message
      const [from, to] = answer.property(5)!
      expect(answer.bytes.subarray(from, to).equals(id)).toBe(true)
    }
  }
})

/** How many lists stand inside each other. */
function depthOf(body: unknown): number {
  let depth = 0
  for (let at = body; Array.isArray(at); at = at[0]) depth++
  return depth
}
