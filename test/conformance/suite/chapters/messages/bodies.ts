/** Bodies: bytes, text, JSON, typed values, codecs and schemas. */
import assert from 'node:assert/strict'
import { type BodyCodec, type StructuredValue, service } from 'sluice'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { Events, fails, nothing, take } from '../../expect.ts'

async function bodyThrough(c: CaseContext, body: unknown, contentType?: string): Promise<unknown> {
  const orders = c.queue<unknown>()
  await using receiver = await c.connection.receiver(orders)
  await c.connection.send(orders, body, contentType === undefined ? {} : { contentType })
  const delivery = await take(receiver)
  await delivery.accept()
  return delivery.body
}

/** A Standard Schema in its smallest form: objects with a numeric `n`, which comes out doubled as `twice`. */
const doubling = {
  '~standard': {
    version: 1 as const,
    vendor: 'conformance',
    validate(value: unknown) {
      const { n, twice } = (value ?? {}) as { n?: unknown; twice?: unknown }
      if (typeof n !== 'number') return { issues: [{ message: 'n is no number', path: ['n'] }] }
      return { value: { n, twice: typeof twice === 'number' ? twice : n * 2 } }
    },
  },
}

export const bodiesChapter = chapter('bodies', [
  {
    id: 'bytes',
    title: 'bytes arrive as bytes, every value of them',
    async run(c) {
      const body = Uint8Array.from({ length: 256 }, (_, at) => at)
      const received = await bodyThrough(c, body)
      assert.ok(received instanceof Uint8Array, 'bytes came')
      assert.deepEqual(Uint8Array.from(received), body)
    },
  },
  {
    id: 'text',
    title: 'strings arrive as strings, with every script and line end',
    async run(c) {
      const text = 'plain äöü 日本 🚀 \u0000 \r\n\t "quotes" \ufeff'
      assert.equal(await bodyThrough(c, text), text)
    },
  },
  {
    id: 'json',
    title: 'JSON values arrive deeply equal',
    async run(c) {
      for (const body of [{ a: [1, 2.5, { b: null, c: 'ü' }], d: true }, [1, 'two', null], true, 3.25, -1]) {
        assert.deepEqual(await bodyThrough(c, body), body)
      }
    },
  },
  {
    id: 'falsy',
    title: "null, 0, '', false and no bytes at all are bodies like any other",
    async run(c) {
      assert.equal(await bodyThrough(c, null), null)
      assert.equal(await bodyThrough(c, 0), 0)
      assert.equal(await bodyThrough(c, ''), '')
      assert.equal(await bodyThrough(c, false), false)
      const none = await bodyThrough(c, new Uint8Array(0))
      assert.ok(none instanceof Uint8Array && none.length === 0, 'no bytes came')
    },
  },
  {
    id: 'content-type-default',
    title: 'the content type tells strings, bytes and JSON apart',
    async run(c) {
      const orders = c.queue<unknown>()
      const receiver = await c.connection.receiver(orders)
      const types: (string | undefined)[] = []
      for (const body of ['text', Uint8Array.of(1), { a: 1 }]) {
        await c.connection.send(orders, body)
        const delivery = await take(receiver)
        types.push(delivery.contentType)
        await delivery.accept()
      }
      assert.deepEqual(types, ['text/plain', 'application/octet-stream', 'application/json'])
    },
  },
  {
    id: 'content-type-own',
    title: 'a content type of your own is carried, and its bytes are left alone',
    async run(c) {
      const orders = c.queue<Uint8Array>()
      await c.connection.send(orders, Buffer.from('<x/>'), { contentType: 'application/x-mine; v=1' })
      const delivery = await take(await c.connection.receiver(orders))
      assert.equal(delivery.contentType, 'application/x-mine; v=1')
      assert.equal(Buffer.from(delivery.body).toString(), '<x/>')
    },
  },
  {
    id: 'not-utf8',
    title: 'bytes that are no UTF-8 arrive untouched',
    async run(c) {
      const body = Uint8Array.of(0xff, 0xfe, 0x80, 0xc0, 0x00)
      assert.deepEqual(Uint8Array.from((await bodyThrough(c, body)) as Uint8Array), body)
    },
  },
  {
    id: 'undecodable',
    title:
      'an undecodable body is DECODE_FAILED on reading; the bytes stay reachable and the delivery can be settled',
    async run(c) {
      const orders = c.queue<unknown>()
      await c.connection.send(orders, Buffer.from('{broken'), { contentType: 'application/json' })
      await c.connection.send(orders, Uint8Array.of(0xff), { contentType: 'text/plain' })
      const receiver = await c.connection.receiver(orders)
      for (const bytes of ['{broken', undefined]) {
        const delivery = await take(receiver)
        await fails(() => delivery.body, 'DECODE_FAILED')
        if (bytes !== undefined) assert.equal(Buffer.from(delivery.bytes).toString(), bytes)
        await delivery.accept()
      }
      await c.connection.send(orders, 'good')
      assert.equal((await take(receiver)).body, 'good')
    },
  },
  {
    id: 'unencodable',
    title: 'a body that its content type cannot carry is ENCODE_FAILED and nothing is sent',
    async run(c) {
      const orders = c.queue<unknown>()
      const sender = await c.connection.sender(orders)
      const circular: Record<string, unknown> = {}
      circular.self = circular
      await fails(sender.send(circular), 'ENCODE_FAILED')
      await fails(sender.send({ big: 1n }), 'ENCODE_FAILED')
      await fails(sender.send(Number.NaN), 'ENCODE_FAILED')
      await fails(sender.send({ a: 1 }, { contentType: 'text/plain' }), 'ENCODE_FAILED')
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'json-type',
    title: 'a string sent as application/json is JSON, and content types ending in +json decode',
    async run(c) {
      assert.equal(await bodyThrough(c, 'text', 'application/json'), 'text')
      assert.deepEqual(await bodyThrough(c, { a: 1 }, 'application/vnd.mine+json'), { a: 1 })
    },
  },
  {
    id: 'map',
    title: 'an amqp/map body keeps the types of its values: bigint, Date, bytes, nested maps and lists',
    async run(c) {
      const body: Record<string, StructuredValue> = {
        text: 'ü',
        whole: 1,
        fraction: 1.5,
        big: 2n ** 60n,
        yes: true,
        none: null,
        when: new Date('2024-03-04T05:06:07.089Z'),
        list: [1, 'two', [3n]],
        nested: { a: { b: 'c' } },
      }
      assert.deepEqual(normal(await bodyThrough(c, body, 'amqp/map')), body)
    },
  },
  {
    id: 'list',
    title: 'an amqp/list body keeps order and types',
    async run(c) {
      const body: StructuredValue[] = ['a', 1, 2n, null, false, ['nested', { k: 'v' }]]
      assert.deepEqual(normal(await bodyThrough(c, body, 'amqp/list')), body)
    },
  },
  {
    id: 'codec',
    title: 'a codec of your own encodes and decodes its content type',
    async run(c) {
      const reversed: BodyCodec = {
        contentType: 'text/x-reversed',
        encode: (body) => Buffer.from([...String(body)].reverse().join('')),
        decode: (bytes) => [...Buffer.from(bytes).toString()].reverse().join(''),
      }
      const connection = await c.connect({ codecs: [reversed] })
      const orders = c.queue<string>()
      await connection.send(orders, 'hello', { contentType: 'text/x-reversed' })
      const delivery = await take(await connection.receiver(orders))
      assert.equal(Buffer.from(delivery.bytes).toString(), 'olleh')
      assert.equal(delivery.body, 'hello')
    },
  },
  {
    id: 'schema-at-send',
    title: 'a body that does not fit the schema is refused at send, and nothing is sent',
    async run(c) {
      const orders = c.queue<{ n: number; twice: number }>('orders', { schema: doubling })
      const sender = await c.connection.sender(orders)
      const error = await fails(sender.send({ n: 'one' } as never), 'ENCODE_FAILED')
      assert.match(error.message, /n is no number/)
      await sender.send({ n: 2 } as never)
      const delivery = await take(await c.connection.receiver(orders))
      assert.deepEqual(delivery.body, { n: 2, twice: 4 })
    },
  },
  {
    id: 'schema-at-receiver',
    title: 'a body that does not fit is rejected at the receiver with the reason, and never seen',
    async run(c) {
      const orders = c.queue<{ n: number; twice: number }>('orders', { schema: doubling })
      const plain = c.queue<unknown>('orders')
      const events = new Events(c.connection)
      await c.connection.send(plain, { n: 'foreign' })
      await c.connection.send(plain, Buffer.from('{broken'), { contentType: 'application/json' })
      await c.connection.send(plain, { n: 1 })
      const receiver = await c.connection.receiver(orders)
      assert.deepEqual((await take(receiver)).body, { n: 1, twice: 2 })
      await events.waitFor('discarded', { nth: 2 })
      assert.match(events.of('discarded')[0]!.reason, /n is no number/)
      await events.stop()
    },
  },
  {
    id: 'schema-request',
    title:
      'a request that does not fit the schema is refused at the asker, and answered as a failure where it came all the same',
    needs: ['request'],
    async run(c) {
      const asks = c.service<{ n: number; twice: number }, number>('asks', { schema: doubling })
      const plain = service<unknown, number>(asks.name)
      await using _ = await c.connection.respond(asks, ({ body }) => body.twice)
      const limit = { timeoutMs: 5_000 }
      await fails(c.connection.request(asks, { n: 'one' } as never, limit), 'ENCODE_FAILED')
      const error = await fails(c.connection.request(plain, { n: 'foreign' }, limit), 'REQUEST_FAILED')
      assert.match(error.message, /n is no number/)
      assert.equal((await c.connection.request(plain, { n: 2 }, limit)).body, 4)
    },
  },
  {
    id: 'schema-browsed',
    title: 'browsing shows messages whose body does not fit, too: reading it is DECODE_FAILED',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<{ n: number; twice: number }>('orders', { schema: doubling })
      const plain = c.queue<unknown>('orders')
      await c.connection.send(plain, { n: 'foreign' }, { id: 'bad' })
      await c.connection.send(plain, { n: 1 }, { id: 'good' })
      const seen: string[] = []
      for await (const message of c.connection.browse(orders)) {
        seen.push(message.id)
        if (message.id === 'good') assert.deepEqual(message.body, { n: 1, twice: 2 })
        else assert.throws(() => message.body, { code: 'DECODE_FAILED', message: /n is no number/ })
      }
      assert.deepEqual(seen, ['bad', 'good'])
    },
  },
])

/** Maps that came without a prototype compare like others. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal)
  if (value instanceof Uint8Array || value instanceof Date || typeof value !== 'object' || value === null)
    return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, normal(one)]))
}
