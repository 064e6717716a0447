/** Strangers: clients of the broker that do not know this library read ours, and ours reads theirs. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { becomes, take } from '../../expect.ts'

export const foreignChapter = chapter('foreign', [
  {
    id: 'reads-theirs',
    title: 'a message from a foreign client arrives with body, content type and properties',
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<unknown>()
      const receiver = await c.connection.receiver(orders)
      await (await c.witness()).put(orders.name, Buffer.from('{"a":1}'), {
        contentType: 'application/json',
        properties: { color: 'red', size: 3, ok: true },
      })
      const delivery = await take(receiver)
      assert.deepEqual(delivery.body, { a: 1 })
      assert.equal(delivery.contentType, 'application/json')
      assert.deepEqual(
        [delivery.properties.color, Number(delivery.properties.size), delivery.properties.ok],
        ['red', 3, true],
      )
      await delivery.accept()
    },
  },
  {
    id: 'reads-bare',
    title: 'a foreign message with nothing but bytes arrives with sensible fields',
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<unknown>()
      const receiver = await c.connection.receiver(orders)
      await (await c.witness()).put(orders.name, Buffer.from('just bytes'), {})
      const delivery = await take(receiver)
      assert.equal(Buffer.from(delivery.bytes).toString(), 'just bytes')
      assert.equal(typeof delivery.id, 'string')
      assert.equal(delivery.deliveryCount, 1)
      assert.equal(delivery.redelivered, false)
      for (const value of [delivery.subject, delivery.replyTo, delivery.correlationId])
        assert.equal(value, undefined)
      await delivery.accept()
    },
  },
  {
    id: 'reads-odd-keys',
    title: 'foreign properties named __proto__ or constructor are data',
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<unknown>()
      const receiver = await c.connection.receiver(orders)
      const properties: Record<string, string> = Object.create(null)
      Object.defineProperty(properties, '__proto__', { value: 'p', enumerable: true })
      properties.toString = 't' as never
      await (await c.witness()).put(orders.name, Buffer.from('x'), { properties })
      const delivery = await take(receiver)
      assert.equal(Object.getOwnPropertyDescriptor(delivery.properties, '__proto__')?.value, 'p')
      assert.equal(delivery.properties.toString, 't')
      assert.equal(Object.getPrototypeOf({}), Object.prototype)
    },
  },
  {
    id: 'read-by-them',
    title: 'a foreign client reads our body bytes, content type and properties without knowing us',
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<unknown>()
      await c.connection.send(orders, { a: 1 }, { properties: { color: 'red', size: 3, ok: true } })
      const message = await (await c.witness()).get(orders.name)
      assert.ok(message, 'the foreign client finds the message')
      assert.equal(Buffer.from(message.body).toString(), '{"a":1}')
      assert.equal(message.contentType, 'application/json')
      assert.equal(message.properties.color, 'red')
      assert.equal(Number(message.properties.size), 3)
    },
  },
  {
    id: 'text-read-by-them',
    title: 'a string is plain UTF-8 bytes to a foreign client',
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<unknown>()
      await c.connection.send(orders, 'grüße')
      const message = await (await c.witness()).get(orders.name)
      assert.equal(Buffer.from(message!.body).toString(), 'grüße')
    },
  },
  {
    id: 'typed-body',
    title: 'a map body is a typed value to a foreign client where the wire has such, else text',
    needs: ['structuredBodies'],
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<unknown>()
      await c.connection.send(orders, { color: 'red', size: 3 }, { contentType: 'amqp/map' })
      const message = await (await c.witness()).get(orders.name)
      const value = message?.value as Record<string, unknown>
      assert.deepEqual([value.color, Number(value.size)], ['red', 3])
    },
    async otherwise(c) {
      const orders = c.queue<unknown>()
      await c.connection.send(orders, { color: 'red' }, { contentType: 'amqp/map' })
      const message = await (await c.witness()).get(orders.name)
      assert.match(Buffer.from(message!.body).toString(), /color.*red/s)
    },
  },
  {
    id: 'accept-witnessed',
    title: 'what was accepted is gone for a foreign client, what was released is there',
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of [0, 1, 2]) await sender.send(at)
      const receiver = await c.connection.receiver(orders)
      await (await take(receiver)).accept()
      const second = await take(receiver)
      const third = await take(receiver)
      await second.accept()
      await receiver.close()
      const witness = await c.witness()
      await becomes(() => witness.depth(orders.name), 1, 'messages left')
      assert.equal(third.body, 2)
      assert.equal(Buffer.from((await witness.get(orders.name))!.body).toString(), '2')
    },
  },
  {
    id: 'browse-witnessed',
    title: 'after a browse a foreign client still counts every message',
    needs: ['browse'],
    uses: ['witness'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of [0, 1, 2]) await sender.send(at)
      for await (const message of c.connection.browse(orders))
        assert.ok(message.body >= 0, 'a number was browsed')
      const witness = await c.witness()
      await becomes(() => witness.depth(orders.name), 3, 'messages after the browse')
    },
  },
])
