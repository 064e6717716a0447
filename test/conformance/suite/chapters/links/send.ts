/** Sending: what the promise of `send` means, in every outcome. */
import assert from 'node:assert/strict'
import { address, queue } from 'sluice'
import { chapter } from '../../case.ts'
import { becomes, bodies, fails, failsWithTypeError, nothing, range, take } from '../../expect.ts'

export const sendChapter = chapter('send', [
  {
    id: 'resolves-when-held',
    title: 'send() resolves only when the broker holds the message',
    needs: ['inspect'],
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'one')
      assert.equal(await c.depth(orders), 1)
    },
  },
  {
    id: 'witnessed',
    title: "what send() was resolved for is seen by the broker's own client library",
    uses: ['witness'],
    async run(c) {
      const orders = c.queue()
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      const witness = await c.witness()
      await becomes(() => witness.depth(orders.name), 5, 'messages at the broker')
    },
  },
  {
    id: 'outcome-id',
    title: 'the outcome carries the id of the message, as given or as made',
    async run(c) {
      const orders = c.queue()
      const sender = await c.connection.sender(orders)
      assert.equal((await sender.send('a', { id: 'given-1' })).id, 'given-1')
      const made = (await sender.send('b')).id
      assert.ok(made.length >= 8, 'an id was made')
      const receiver = await c.connection.receiver(orders)
      assert.equal((await take(receiver)).id, 'given-1')
      assert.equal((await take(receiver)).id, made)
    },
  },
  {
    id: 'ids-unique',
    title: 'a thousand messages without ids get a thousand different ones',
    async run(c) {
      const sender = await c.connection.sender(c.queue())
      const outcomes = await Promise.all(range(1000).map((at) => sender.send(at)))
      assert.equal(new Set(outcomes.map((outcome) => outcome.id)).size, 1000)
    },
  },
  {
    id: 'same-id-twice',
    title: 'two messages that the application gave one id are both delivered',
    async run(c) {
      const orders = c.queue()
      const sender = await c.connection.sender(orders)
      await sender.send('first', { id: 'same' })
      await sender.send('second', { id: 'same' })
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 2), ['first', 'second'])
    },
  },
  {
    id: 'unroutable-one-off',
    title: 'a one-off send to a queue that does not exist is SEND_UNROUTABLE, not silence',
    needs: ['unroutable'],
    async run(c) {
      const missing = queue(c.name('missing'), { create: 'never' })
      const error = await fails(c.connection.send(missing, 'x'), 'SEND_UNROUTABLE')
      assert.match(JSON.stringify(error), new RegExp(missing.name))
    },
  },
  {
    id: 'unroutable-sender',
    title:
      'a sender may be opened for a queue that does not exist; each send says SEND_UNROUTABLE until it is made',
    needs: ['unroutable', 'declare'],
    async run(c) {
      const missing = c.queue('later', { create: 'never' })
      const sender = await c.connection.sender(missing)
      await fails(sender.send('lost'), 'SEND_UNROUTABLE')
      await c.connection.admin.declare(queue(missing.name))
      await sender.send('found')
      const receiver = await c.connection.receiver(missing)
      assert.equal((await take(receiver)).body, 'found')
    },
  },
  {
    id: 'unroutable-after-delete',
    title: 'when the queue is deleted under its sender, sends say so until it is there again',
    needs: ['unroutable', 'delete', 'declare'],
    async run(c) {
      const orders = c.queue('orders', { create: 'never' })
      await c.connection.admin.declare(queue(orders.name))
      const sender = await c.connection.sender(orders)
      await sender.send('kept')
      await c.connection.admin.delete(orders)
      // It may be on its way before the broker's word of the end is here.
      await fails(sender.send('lost'), ['SEND_UNROUTABLE', 'SEND_UNCONFIRMED'])
      await fails(sender.send('lost too'), 'SEND_UNROUTABLE')
      await c.connection.admin.declare(queue(orders.name))
      await sender.send('found')
      assert.equal((await take(await c.connection.receiver(orders))).body, 'found')
    },
  },
  {
    id: 'unroutable-isolated',
    title: 'a refused send leaves the connection and other senders untouched',
    needs: ['unroutable'],
    async run(c) {
      const orders = c.queue<number>()
      const good = await c.connection.sender(orders)
      const bad = await c.connection.sender(queue<number>(c.name('missing'), { create: 'never' }))
      const outcomes = await Promise.allSettled(range(20).map((at) => (at % 2 ? bad : good).send(at)))
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status),
        range(20).map((at) => (at % 2 ? 'rejected' : 'fulfilled')),
      )
      assert.equal((await bodies(await c.connection.receiver(orders), 10)).length, 10)
    },
  },
  {
    id: 'concurrent-order',
    title: 'concurrent sends of one sender are pipelined in the order of the calls',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(300).map((at) => sender.send(at)))
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 300), range(300))
    },
  },
  {
    id: 'beyond-capacity',
    title: 'sends beyond the capacity wait, and all of them arrive in order',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 5 })
      assert.equal(sender.capacity, 5)
      await Promise.all(range(100).map((at) => sender.send(at)))
      assert.equal(sender.unsettled, 0)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 100), range(100))
    },
  },
  {
    id: 'burst-before-open',
    title: 'a burst of one-off sends, begun before their link is open, arrives whole and in order',
    async run(c) {
      const orders = c.queue<number>()
      const connection = await c.connect()
      await Promise.all(range(5_000).map((at) => connection.send(orders, at)))
      const receiver = await c.connection.receiver(orders, { credit: 1_000 })
      assert.deepEqual(await bodies(receiver, 5_000), range(5_000))
    },
  },
  {
    id: 'send-all',
    title: 'sendAll() sends an iterable in order and resolves when the broker has all of it',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 10 })
      async function* numbers(): AsyncGenerator<number> {
        yield* range(50)
      }
      assert.equal((await sender.sendAll(numbers())).length, 50)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 50), range(50))
    },
  },
  {
    id: 'string-address',
    title: 'every call that takes an address takes an address string',
    async run(c) {
      const orders = c.queue()
      const text = `${orders.name}; {create: always}`
      await c.connection.send(text, 'by text')
      const sender = await c.connection.sender(address(text))
      await sender.send('by value')
      const receiver = await c.connection.receiver(orders.name)
      assert.deepEqual(await bodies(receiver, 2), ['by text', 'by value'])
    },
  },
  {
    id: 'buffer-reused',
    title: 'a buffer changed after send() was called arrives with its old bytes',
    async run(c) {
      const orders = c.queue<Uint8Array>()
      const sender = await c.connection.sender(orders)
      const buffer = Buffer.from('before')
      const sent = sender.send(buffer)
      buffer.write('AFTER!')
      await sent
      assert.equal(Buffer.from((await take(await c.connection.receiver(orders))).bytes).toString(), 'before')
    },
  },
  {
    id: 'aborted',
    title: 'a send whose signal is aborted already is ABORTED and sends nothing',
    async run(c) {
      const orders = c.queue()
      const sender = await c.connection.sender(orders)
      await fails(sender.send('never', { signal: AbortSignal.abort() }), 'ABORTED')
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'unknown-field',
    title: 'a misspelt field is CONFIG_INVALID, naming it and the nearest known one; nothing is sent',
    async run(c) {
      const orders = c.queue()
      const sender = await c.connection.sender(orders)
      const error = await fails(sender.send('x', { prioritty: 3 } as object), 'CONFIG_INVALID')
      assert.match(error.message, /prioritty/)
      assert.match(`${error.message} ${error.hint}`, /priority/)
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'wrong-types',
    title: 'a field of the wrong type is a TypeError, a value out of range is CONFIG_INVALID',
    async run(c) {
      const sender = await c.connection.sender(c.queue())
      await failsWithTypeError(sender.send('x', { priority: 'high' } as never))
      await failsWithTypeError(sender.send('x', { subject: 7 } as never))
      await failsWithTypeError(sender.send('x', { properties: { list: [1] } } as never))
      await failsWithTypeError(sender.send(undefined))
      await fails(sender.send('x', { priority: 10 }), 'CONFIG_INVALID')
      await fails(sender.send('x', { ttlMs: 0 }), 'CONFIG_INVALID')
      await fails(sender.send('x', { delayMs: -1 }), 'CONFIG_INVALID')
    },
  },
  {
    id: 'forward',
    title: 'forward() passes a delivery on with its id, fields, properties and bytes',
    async run(c) {
      const from = c.queue('from')
      const to = c.queue('to')
      await c.connection.send(
        from,
        { deep: [1, 2] },
        { id: 'f-1', subject: 'a.b', correlationId: 'cc', properties: { n: 1, big: 2n ** 60n } },
      )
      const received = await take(await c.connection.receiver(from))
      const sender = await c.connection.sender(to)
      await sender.forward(received)
      await received.accept()
      const copy = await take(await c.connection.receiver(to))
      assert.deepEqual(copy.body, { deep: [1, 2] })
      assert.deepEqual([copy.id, copy.subject, copy.correlationId], ['f-1', 'a.b', 'cc'])
      assert.deepEqual({ ...copy.properties }, { n: 1, big: 2n ** 60n })
    },
  },
  {
    id: 'at-most-once',
    title:
      'a sender with reliability at-most-once sends without waiting for an answer, and the message arrives',
    async run(c) {
      const orders = c.queue<number>()
      const receiver = await c.connection.receiver(orders)
      const sender = await c.connection.sender(orders, { reliability: 'at-most-once' })
      await Promise.all(range(20).map((at) => sender.send(at)))
      assert.deepEqual(await bodies(receiver, 20), range(20))
    },
  },
  {
    id: 'close-keeps-pending',
    title: 'sends that are open when their sender closes are settled first; none is lost in a buffer',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 10 })
      const sends = range(200).map((at) => sender.send(at))
      await sender.close()
      await Promise.all(sends)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 200), range(200))
    },
  },
])
