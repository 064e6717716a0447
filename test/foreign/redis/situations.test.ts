/**
 * Situations on a Redis that others use as well: keys of our names that they made, lost scripts and connections, a full or small server, a
 * server that is a replica for a while. Whatever comes, in whatever order: what was accepted arrives (unless its key was deleted), nothing
 * hangs, no process ends, and what is sent afterwards is delivered.
 */
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Keys } from '../../../src/adapters/redis/nodes/keys.ts'
import { type Connection, connect, isMessagingError, queue, topic } from '../../../src/index.ts'
import { RedisServer } from '../../adapters/redis/redis-server.ts'
import { eventually } from '../../support/eventually.ts'
import { runs, timeoutOf } from '../runs.ts'

const RUNS = 10
const WITHIN = { timeoutMs: 8_000 }
const keys = new Keys('sluice')
const orders = queue<string>('orders')
const news = topic<string>('news')
let server: RedisServer
let connection: Connection
const got = new Set<string>()
const heard = new Set<string>()

beforeAll(async () => {
  server = await RedisServer.start()
  connection = await open()
  await connection.consume(orders, ({ body }) => void got.add(body))
  await connection.consume(news.matching('#'), ({ body }) => void heard.add(body))
})
afterAll(async () => {
  await connection.close({ timeoutMs: 1_000 })
  await server[Symbol.asyncDispose]()
})

async function open(): Promise<Connection> {
  const made = await connect({ url: server.url, native: { pollMs: 200, leaseMs: 2_000 } })
  made.on('warning', () => {})
  return made
}

/** What another program, an operator or the machine does. `loses`: what was accepted before may be gone. */
interface Event {
  readonly what: string
  readonly loses: boolean
  happen(): Promise<unknown>
}

const PARTS = ['', '#ready', '#delayed', '#exp', '#msg', '#owners', '#waiters', '#places', '#in', '#subs']
const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }).filter((text) => /^[^\0/;]+$/.test(text)),
  fc.constantFrom('ä{b}', 'a#ready', '%23', 'a:b:c', ' ', '*', '{}', 'x'.repeat(200)),
)
const SPECS = [
  '{bad',
  'null',
  '7',
  '[]',
  '{"type":"queue"}',
  '{"name":"q","type":"queue","durable":true,"leaseMs":-4,"maxDeliveries":"x","deadLetter":7}',
]
const FIELDS = ['-1', 'x', '1e300', '9223372036854775807', '1.5', '']

const foreignNode: fc.Arbitrary<Event> = fc
  .record({
    node: name,
    part: fc.constantFrom(...PARTS),
    kind: fc.constantFrom('t', 'q'),
    made: fc.constantFrom('string', 'list', 'set', 'zset', 'stream', 'hash'),
    spec: fc.constantFrom(...SPECS),
    field: fc.constantFrom('seq', 'maxLength', 'ttlMs', 'expiresMs', 'type', 'version', 'holder'),
    value: fc.constantFrom(...FIELDS),
  })
  .map(({ node, part, kind, made, spec, field, value }) => ({
    what: `a ${made} (${field} ${value}, ${spec}) as ${kind}:${node}${part}`,
    loses: false,
    happen: async () => {
      const { admin } = server
      const key = (kind === 'q' ? keys.queue(node) : keys.topic(node)) + part
      await admin.sadd('sluice:nodes', `${kind}:${node}`)
      if (made === 'string') await admin.set(key, value)
      else if (made === 'list') await admin.rpush(key, value)
      else if (made === 'set') await admin.sadd(key, value)
      else if (made === 'zset') await admin.zadd(key, 1, value)
      else if (made === 'stream') await admin.xadd(key, '*', field, value)
      else
        await admin.hset(
          key,
          'type',
          kind === 'q' ? 'queue' : 'topic',
          'spec',
          spec,
          field,
          value,
          'entry',
          spec,
        )
      const address = () => (kind === 'q' ? queue<string>(node) : topic<string>(node))
      const read = async (mode: 'consume' | 'browse'): Promise<void> => {
        const source = kind === 'q' ? queue<string>(node) : topic<string>(node).matching('#')
        const receiver = await connection.receiver(source, { mode, ...WITHIN })
        await receiver.receive({ timeoutMs: 50 })
        await receiver.close()
      }
      const works: (() => Promise<unknown>)[] = [
        async () => connection.admin.inspect(address(), WITHIN),
        async () => connection.send(address(), 'x', WITHIN),
        async () => connection.admin.list(WITHIN),
        () => read('consume'),
        () => read('browse'),
      ]
      for (const work of works) await ended(work())
      await admin.del(key)
    },
  }))

/** It was done, or was told by one of our errors; anything else, or nothing in time, is a fault. */
async function ended(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), 15_000)
  })
  try {
    await Promise.race([work, hung])
  } catch (error) {
    if (!isMessagingError(error) || error.code === 'INTERNAL') throw error
    // Words of the language, not of the server, are an accident.
    if (/Cannot read|undefined|is not a function|JSON/.test(error.message)) throw error
  } finally {
    clearTimeout(timer)
  }
}

const foreignPayload: fc.Arbitrary<Event> = fc
  .record({
    fields: fc.dictionary(
      fc.constantFrom(
        'id',
        'createdAt',
        'priority',
        'ttlMs',
        'delayMs',
        'properties',
        'deliveries',
        'annotations',
        'contentType',
      ),
      fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(-1, 10, 1e300, 'x', { x: ['date', 1e300] })),
    ),
    body: fc.uint8Array({ maxLength: 40 }),
    rank: fc.constantFrom('', 'odd', '-5', '1e3', '99999999999999999999', '5066549580791808'),
    count: fc.constantFrom('x', '-3', '1e99', '7'),
  })
  .map(({ fields, body, rank, count }) => ({
    what: `a payload with ${JSON.stringify(fields)} named '${rank}'`,
    loses: false,
    happen: async () => {
      const header = Buffer.from(JSON.stringify(fields))
      const size = Buffer.alloc(4)
      size.writeUInt32BE(header.length)
      const payload = Buffer.concat([Buffer.from('ff534c31', 'hex'), size, header, body])
      const base = 'sluice:q:{orders}'
      await server.admin.rpush(`${base}#in`, payload)
      await server.admin.publish('news', payload)
      if (rank === '') return
      await server.admin.hset(`${base}#msg`, rank, payload)
      await server.admin.hset(`${base}#deliveries`, rank, count)
      await server.admin.zadd(`${base}#ready`, 1, rank)
      const browser = await connection.receiver(orders, { mode: 'browse', ...WITHIN })
      await browser.receive({ timeoutMs: 100 })
      await browser.close()
    },
  }))

const operators: fc.Arbitrary<Event> = fc.constantFrom<Event>(
  { what: 'FLUSHALL', loses: true, happen: () => server.admin.flushall() },
  { what: 'SCRIPT FLUSH', loses: false, happen: () => server.admin.script('FLUSH') },
  {
    what: 'CLIENT KILL',
    loses: false,
    happen: () => server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
  },
  {
    what: 'CLIENT KILL of listeners',
    loses: false,
    happen: () => server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  },
  { what: 'a full server', loses: false, happen: () => forAWhile('maxmemory', '1', '0') },
  {
    what: 'a small output buffer',
    loses: false,
    happen: () => forAWhile('client-output-buffer-limit', 'pubsub 4096 4096 1', 'pubsub 33554432 8388608 60'),
  },
  {
    what: 'small arguments',
    loses: false,
    happen: () => forAWhile('proto-max-bulk-len', '1048576', '536870912'),
  },
  {
    what: 'a replica',
    loses: false,
    happen: async () => {
      await server.admin.replicaof('127.0.0.1', 1)
      await ended(connection.send(orders, 'to a replica', { timeoutMs: 300 }))
      await server.admin.call('REPLICAOF', 'NO', 'ONE')
    },
  },
  { what: 'no replicas', loses: false, happen: () => forAWhile('min-replicas-to-write', '1', '0') },
  {
    what: 'an evicted key',
    loses: true,
    happen: async () => {
      const keys = (await server.admin.keys('sluice:*')).sort()
      if (keys.length > 0) await server.admin.del(keys[keys.length >> 1]!)
    },
  },
)

async function forAWhile(setting: string, value: string, before: string): Promise<void> {
  await server.admin.config('SET', setting, value)
  await Promise.all([
    ended(connection.send(orders, `while ${setting}`, { timeoutMs: 300 })),
    ended(connection.send(news, 'x'.repeat(20_000), { timeoutMs: 300 })),
    ended(connection.send(queue<Uint8Array>('large'), Buffer.alloc(1_200_000), { timeoutMs: 300 })),
  ])
  await server.admin.config('SET', setting, before)
}

let sent = 0

it(
  'any of them, in any order',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof({ weight: 2, arbitrary: foreignNode }, foreignPayload, {
            weight: 2,
            arbitrary: operators,
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (events) => {
          const accepted: string[] = []
          for (const event of events) {
            const body = `before ${++sent}`
            await ended(connection.send(orders, body, WITHIN).then(() => accepted.push(body)))
            await event.happen()
            if (event.loses) accepted.length = 0
          }
          const what = events.map((event) => event.what).join(', then ')
          await eventually(() => accepted.every((body) => got.has(body)), {
            timeoutMs: 15_000,
            what: `all that was accepted arrives: ${what}`,
          })
          for (const [address, seen] of [
            [orders, got],
            [news, heard],
          ] as const) {
            await eventually(
              async () => {
                const body = `after ${++sent}`
                const done = await connection.send(address, body, WITHIN).then(
                  () => true,
                  (error) => {
                    if (!isMessagingError(error)) throw error
                    return false
                  },
                )
                return done && eventually(() => seen.has(body), { timeoutMs: 3_000 })
              },
              { timeoutMs: 20_000, what: `${address.name} goes on: ${what}` },
            )
          }
        },
      ),
      runs(RUNS),
    )
  },
  timeoutOf(RUNS, 3_000),
)

it('bodies around every threshold come back whole', async () => {
  const large = queue<Uint8Array>('sizes')
  const KIB = 1_024
  const sizes = [16, 64, 960, KIB]
    .flatMap((kib) => [kib * KIB - 1, kib * KIB, kib * KIB + 1])
    .concat(16 * KIB * KIB, 32 * KIB * KIB + 1)
  const receiver = await connection.receiver(large, { credit: 1 })
  for (const size of [0, 1, ...sizes]) {
    const body = randomBytes(size)
    const [delivery] = await Promise.all([
      receiver.receive({ timeoutMs: 30_000 }),
      connection.send(large, body),
    ])
    expect(delivery?.bytes.length).toBe(size)
    expect(digest(delivery!.bytes)).toBe(digest(body))
    await delivery!.accept()
  }
  await receiver.close()
}, 90_000)

function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}
