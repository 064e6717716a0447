/** Closing: idempotent, bounded, gives back what is unsettled; every call after it says CLOSED. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { bodies, Events, fails, nothing, range, take, takeMany, within } from '../../expect.ts'

export const closeChapter = chapter('close', [
  {
    id: 'twice',
    title: 'a second close(), also a concurrent one, resolves like the first',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue()
      const sender = await connection.sender(orders)
      const receiver = await connection.receiver(orders)
      for (const thing of [sender, receiver, connection]) {
        await Promise.all([thing.close(), thing.close()])
        await thing.close()
      }
    },
  },
  {
    id: 'calls-after-connection',
    title: 'every call after the connection closed is CLOSED',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<string>()
      const service = c.service<string, string>()
      const sender = await connection.sender(orders)
      const receiver = await connection.receiver(orders)
      await connection.close()
      await fails(sender.send('x'), 'CLOSED')
      await fails(receiver.receive(), 'CLOSED')
      await fails(receiver.receive({ timeoutMs: 0 }), 'CLOSED')
      await fails(connection.send(orders, 'x'), 'CLOSED')
      await fails(connection.sender(orders), 'CLOSED')
      await fails(connection.receiver(orders), 'CLOSED')
      await fails(connection.request(service, 'x'), 'CLOSED')
      await fails(
        connection.respond(service, () => 'x'),
        'CLOSED',
      )
      await fails(
        connection.consume(orders, () => {}),
        'CLOSED',
      )
      await fails(connection.browse(orders).next(), c.has('browse') ? 'CLOSED' : ['CLOSED', 'NOT_SUPPORTED'])
      await fails(connection.admin.inspect(orders), c.has('inspect') ? 'CLOSED' : ['CLOSED', 'NOT_SUPPORTED'])
      await fails(connection.admin.declare(orders), c.has('declare') ? 'CLOSED' : ['CLOSED', 'NOT_SUPPORTED'])
    },
  },
  {
    id: 'calls-after-link',
    title: 'calls on a closed sender or receiver are CLOSED while the connection goes on',
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      const receiver = await c.connection.receiver(orders)
      await sender.close()
      await receiver.close()
      await fails(sender.send('x'), 'CLOSED')
      await fails(receiver.receive(), 'CLOSED')
      await c.connection.send(orders, 'y')
      assert.equal((await take(await c.connection.receiver(orders))).body, 'y')
    },
  },
  {
    id: 'waiting-receive',
    title: 'a receive() that waits ends with CLOSED when its receiver or its connection closes',
    async run(c) {
      const connection = await c.connect()
      const first = await connection.receiver(c.queue('one'))
      const second = await connection.receiver(c.queue('two'))
      const waiting = [
        fails(first.receive(), 'CLOSED'),
        fails(second.receive({ timeoutMs: 60_000 }), 'CLOSED'),
      ]
      await first.close()
      await connection.close()
      await Promise.all(waiting)
    },
  },
  {
    id: 'waiting-browse',
    title: 'a browse that waits ends with CLOSED when the connection closes',
    needs: ['browse', 'browseFollow'],
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<string>()
      await connection.send(orders, 'x')
      const following = connection.browse(orders, { follow: true })
      assert.equal((await following.next()).value?.body, 'x')
      const waiting = fails(following.next(), 'CLOSED')
      await connection.close()
      await waiting
    },
  },
  {
    id: 'loop-ends',
    title: 'a for await loop over a receiver ends when this program closes it',
    async run(c) {
      const receiver = await c.connection.receiver(c.queue<string>())
      const looping = (async () => {
        for await (const _ of receiver) assert.fail('nothing was sent')
      })()
      await receiver.close()
      await within(looping, 3_000, 'the end of the loop')
    },
  },
  {
    id: 'gives-back',
    title: 'closing a connection gives its unsettled and prefetched deliveries back',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(20)) await sender.send(at)
      await takeMany(await connection.receiver(orders, { credit: 10 }), 3)
      await connection.close()
      const rest = await bodies(await c.connection.receiver(orders), 20)
      assert.equal(new Set(rest).size, 20)
    },
  },
  {
    id: 'settles-open-sends',
    title: 'closing a connection settles its open sends: each is accepted and there, or failed',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<number>()
      const sender = await connection.sender(orders)
      const sends = Promise.allSettled(range(100).map((at) => sender.send(at)))
      await connection.close()
      const outcomes = await sends
      const accepted = range(100).filter((at) => outcomes[at]!.status === 'fulfilled')
      const there = new Set(await bodies(await c.connection.receiver(orders), accepted.length))
      assert.ok(
        accepted.every((at) => there.has(at)),
        'all accepted messages are there',
      )
    },
  },
  {
    id: 'settles-one-off-sends',
    title: 'closing a connection settles one-off sends whose link was not open yet',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<number>()
      const sending = range(20).map((at) => connection.send(orders, at))
      await connection.close()
      await Promise.all(sending)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 20), range(20))
    },
  },
  {
    id: 'calls-under-way',
    title: 'a call under way when the connection is closed is done, refused as it always is, or CLOSED',
    async run(c) {
      const expected = ['CLOSED', 'NOT_SUPPORTED']
      for (const turns of range(6)) {
        const connection = await c.connect()
        const orders = c.queue<string>()
        const news = c.topic<string>()
        const calls = [
          connection.sender(orders),
          connection.receiver(orders),
          connection.consume(orders, () => {}),
          connection.receiver(news.matching('a')),
          connection.receiver(c.own(news.subscription('s'))),
          connection.respond(c.service(), () => 1),
          connection.admin.inspect(orders),
        ]
        const ended = Promise.all(
          calls.map((call: Promise<unknown>) =>
            call.catch((error) => assert.ok(expected.includes(error.code), error)),
          ),
        )
        for (const _ of range(turns)) await new Promise((resolve) => setImmediate(resolve))
        await within(connection.close(), 5_000, 'close()')
        await within(ended, 5_000, 'the calls under way')
      }
    },
  },
  {
    id: 'others-untouched',
    title: 'closing one connection leaves others to the same broker alone',
    async run(c) {
      const other = await c.connect()
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      await other.close()
      await c.connection.send(orders, 'x')
      assert.equal((await take(receiver)).body, 'x')
    },
  },
  {
    id: 'status-ends',
    title: 'the status ends with a "closed" event without an error',
    async run(c) {
      const connection = await c.connect()
      const events = new Events(connection)
      await connection.close()
      const event = await events.waitFor('closed')
      assert.equal(event.error, undefined)
      await within(
        (async () => {
          while (!events.ended) await new Promise((resolve) => setImmediate(resolve))
        })(),
        2_000,
        'the end of the iterator',
      )
    },
  },
  {
    id: 'bounded',
    title: 'close({ timeoutMs }) is bounded whatever is open',
    async run(c) {
      const connection = await c.connect()
      const orders = c.queue<number>()
      const receiver = await connection.receiver(orders)
      const sender = await connection.sender(orders)
      await sender.send(1)
      await take(receiver)
      const idle = connection.request(c.service<string, string>(), 'never answered', { timeoutMs: 60_000 })
      const ended = fails(idle, ['CLOSED', 'REQUEST_TIMEOUT', 'CONNECTION_LOST'])
      await within(connection.close({ timeoutMs: 500 }), 4_000, 'close()')
      await ended
    },
  },
  {
    id: 'many-at-once',
    title: 'ten receivers opened and closed at once disturb nothing: later messages all arrive',
    async run(c) {
      const orders = c.queue<number>()
      await Promise.all(
        range(10).map(async () => {
          const receiver = await c.connection.receiver(orders)
          await receiver.close()
        }),
      )
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 10), range(10))
    },
  },
  {
    id: 'verdict-meanwhile',
    title:
      'a verdict given while its receiver closes counts or is DELIVERY_LOST, and the message comes again in that case only',
    async run(c) {
      for (const turns of range(6)) {
        const orders = c.queue<string>()
        await c.connection.send(orders, 'x')
        const receiver = await c.connection.receiver(orders)
        const delivery = await take(receiver)
        const closing = receiver.close()
        for (const _ of range(turns)) await new Promise((resolve) => setImmediate(resolve))
        const verdict = await Promise.allSettled([delivery.accept()])
        const counts = verdict[0].status === 'fulfilled'
        if (verdict[0].status === 'rejected') assert.equal(verdict[0].reason.code, 'DELIVERY_LOST')
        await closing
        const next = await c.connection.receiver(orders)
        if (counts) await nothing(next)
        else await (await take(next)).accept()
        await next.close()
      }
    },
  },
  {
    id: 'inside-responder',
    title: 'a responder, or its connection, that is closed in its own handler answers what it has in hand',
    needs: ['request'],
    async run(c) {
      for (const closes of ['responder', 'connection'] as const) {
        const connection = await c.connect()
        const asked = c.service<string, string>()
        const responder = await connection.respond(asked, async () => {
          await { responder, connection }[closes].close({ timeoutMs: 300 })
          return 'the last word'
        })
        assert.equal((await c.connection.request(asked, 'x')).body, 'the last word')
        await within(responder.closed, 5_000, 'the end of the responder')
        await connection.close()
      }
    },
  },
  {
    id: 'inside-consumer',
    title: 'a consumer that is closed in its own handler ends behind it; what it handled is accepted',
    async run(c) {
      const orders = c.queue<string>()
      let handled = 0
      const consumer = await c.connection.consume(orders, async () => {
        await consumer.close({ timeoutMs: 300 })
        handled++
      })
      await c.connection.send(orders, 'x')
      await within(consumer.closed, 5_000, 'the end of the consumer')
      assert.equal(handled, 1)
      const next = await c.connection.receiver(orders)
      await nothing(next)
      await next.close()
    },
  },
])
