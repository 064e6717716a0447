/** What other programs write to our keys and channels: one odd message never ends a link or a connection, and is delivered as it came. */
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Keys } from '../../../../src/adapters/redis/nodes/keys.ts'
import { type Connection, connect, isMessagingError, queue, topic } from '../../../../src/index.ts'
import { brokerUrl } from '../../../support/brokers.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'

const url = brokerUrl('redis')
const keys = new Keys('sluice')
const orders = queue(uniqueName('odd'))
const news = topic(uniqueName('odd-news'))
const base = keys.queue(orders.name)
let bare: Redis
let connection: Connection
const losses: unknown[] = []
/** Bodies of everything that came, as hex, by where it came from. */
const came = { queue: new Set<string>(), live: new Set<string>() }
const undecoded = new Set<string>()

beforeAll(async () => {
  bare = new Redis(url, { protocol: 2 })
  connection = await connect({ url, native: { pollMs: 300 } })
  connection.on('disconnected', ({ cause }) => losses.push(cause))
  connection.on('warning', ({ error }) => losses.push(error))
  for (const [place, address] of [
    ['queue', orders],
    ['live', news.matching('#')],
  ] as const) {
    const receiver = await connection.receiver(address, { credit: 50 })
    void (async () => {
      for await (const delivery of receiver) {
        const bytes = Buffer.from(delivery.bytes).toString('hex')
        try {
          // Everything that a program may look at.
          void [
            delivery.body,
            delivery.properties,
            delivery.annotations,
            delivery.createdAt,
            delivery.priority,
          ]
        } catch (error) {
          if (!isMessagingError(error) || error.code !== 'DECODE_FAILED') losses.push(error)
          undecoded.add(bytes)
        }
        came[place].add(bytes)
        await delivery.accept()
      }
    })()
  }
})
afterAll(async () => {
  await connection.admin.delete(orders)
  await connection.admin.delete(news)
  await connection.close()
  bare.disconnect()
})

function enveloped(header: Buffer, body: Buffer, length = header.length): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(length)
  return Buffer.concat([Buffer.from('ff534c31', 'hex'), size, header, body])
}

const bytes = fc.uint8Array({ maxLength: 60 }).map((value) => Buffer.from(value))
const header = fc.oneof(
  bytes,
  fc.json().map((text) => Buffer.from(text)),
  fc
    .dictionary(
      fc.constantFrom(
        'id',
        'createdAt',
        'subject',
        'contentType',
        'properties',
        'priority',
        'ttlMs',
        'delayMs',
        'durable',
        'deliveries',
        'annotations',
        'replyTo',
      ),
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom<unknown>(
          1e300,
          -5,
          { x: ['date', 1e300] },
          { x: ['bigint', 'q'] },
          'application/json',
          10,
        ),
      ),
    )
    .map((fields) => Buffer.from(JSON.stringify({ ...fields, ttlMs: undefined, delayMs: undefined }))),
)
const payload = fc.oneof(
  bytes,
  fc.tuple(header, bytes).map(([head, body]) => enveloped(head, body)),
  fc.tuple(header, bytes, fc.nat(0xffffffff)).map(([head, body, length]) => enveloped(head, body, length)),
)
const name = fc.oneof(
  fc.string(),
  fc.constantFrom('1e3', '-7', '007', 'nan', 'inf', '1.5', '9999999999999999', ''),
)

it('payloads of any bytes reach queue and topic, damaged ones with all their bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(payload, { minLength: 1, maxLength: 20 }), async (payloads) => {
      for (const each of payloads) {
        await bare.rpush(`${base}#in`, each)
        await bare.publish(news.name, each)
      }
      for (const each of payloads) {
        const whole = each.toString('hex')
        await eventually(() =>
          [came.queue, came.live].every((seen) =>
            // All of it, or what stands behind the header.
            [...seen].some((body) => body === whole || whole.endsWith(body)),
          ),
        )
      }
      expect(losses).toEqual([])
    }),
    { numRuns: 30 },
  )
  const broken = enveloped(Buffer.from('{"id":'), Buffer.from('body'))
  await bare.rpush(`${base}#in`, broken)
  await eventually(() => came.queue.has(broken.toString('hex')))
  expect(undecoded.has(broken.toString('hex'))).toBe(true)
}, 60_000)

it('names and numbers of any kind in the keys of a queue: the queue goes on, a payload among them arrives', async () => {
  let round = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          name,
          fc.constantFrom('#ready', '#delayed', '#exp', '#waiters', '#watchers'),
          fc.oneof(fc.integer(), fc.constantFrom('-inf', '+inf', 0.5)),
        ),
        { maxLength: 8 },
      ),
      fc.array(fc.tuple(name, fc.constantFrom('#deliveries', '#life', '#places')), { maxLength: 8 }),
      fc.array(fc.tuple(fc.string(), name), { maxLength: 4 }),
      async (scores, fields, words) => {
        const body = `foreign ${++round}`
        const odd = `odd ${round}`
        await bare.hset(`${base}#msg`, odd, body)
        await bare.zadd(`${base}#ready`, 1, odd)
        for (const [member, part, score] of scores) await bare.zadd(base + part, score as number, member)
        for (const [field, part] of fields) await bare.hset(base + part, field, 'garbage')
        const wake = (await bare.pubsub('CHANNELS', 'sluice:wake:*')) as string[]
        for (const channel of wake)
          for (const [word, other] of words) await bare.publish(channel, `1 ${word} ${other}`)
        await connection.send(orders, `ours ${round}`)
        for (const text of [body, `ours ${round}`])
          await eventually(() => came.queue.has(Buffer.from(text).toString('hex')), { what: text })
        expect(losses).toEqual([])
      },
    ),
    { numRuns: 30 },
  )
}, 90_000)

it('a note of a sender that another program has overwritten is none', async () => {
  await connection.send(orders, 'before')
  const notes = await bare.keys(`${base.replaceAll(/[{}]/g, '?')}#sent:*`)
  expect(notes.length).toBeGreaterThan(0)
  for (const note of notes) await bare.set(note, 'odd')
  const body = uniqueName('behind')
  await connection.send(orders, body)
  await eventually(() => came.queue.has(Buffer.from(body).toString('hex')))
})

it('native extras that a copy brings stand in the envelope, and are there again when it is read', async () => {
  const source = await connect('memory:')
  const place = queue(uniqueName('copies'))
  const annotations = {
    contentEncoding: 'gzip',
    type: 'order',
    nested: { list: [1, 'two', 3n] },
    at: new Date(5),
  }
  const original = { ...(await received(source, place)), annotations }
  const { copyOf } = await import('../../../../src/model/copy.ts')
  const { formatHeader, envelope } = await import('../../../../src/adapters/redis/codec/outgoing.ts')
  const { RedisMessage } = await import('../../../../src/adapters/redis/codec/incoming.ts')
  const copy = copyOf(original as never)
  const message = new RedisMessage(envelope(copy, Buffer.from('x')), { durable: true }, undefined)
  expect({ ...message.annotations }).toMatchObject({
    contentEncoding: 'gzip',
    type: 'order',
    at: new Date(5),
  })
  expect({ ...(message.annotations!.nested as object) }).toEqual({ list: [1, 'two', 3n] })
  expect(formatHeader({ ...copy, original: undefined })).not.toContain('annotations')
  await source.close()
})

async function received(from: Connection, place: ReturnType<typeof queue>): Promise<object> {
  await from.send(place, 'x')
  await using receiver = await from.receiver(place)
  const delivery = (await receiver.receive({ timeoutMs: 1000 }))!
  await delivery.accept()
  const { id, properties, contentType, durable, createdAt, priority } = delivery
  return {
    id,
    properties,
    contentType,
    durable,
    createdAt: Number(createdAt),
    priority,
    body: Buffer.from('x'),
  }
}
