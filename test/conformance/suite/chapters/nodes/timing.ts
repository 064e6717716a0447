/** Time to live, delay and priority: when and in which order a message comes, if at all. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { becomes, bodies, eventually, nothing, range, take } from '../../expect.ts'

/** Lives long enough to be sent, short enough to be waited for. */
const SHORT_MS = 250

export const timingChapter = chapter('timing', [
  {
    id: 'ttl-expired',
    title: 'an expired message is never delivered; one that still lives is',
    needs: ['ttl'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('short', { ttlMs: SHORT_MS })
      await sender.send('long', { ttlMs: 60_000 })
      await sender.send('for ever')
      const sent = performance.now()
      await eventually(() => performance.now() - sent > SHORT_MS + 50, 'the short one expired')
      const receiver = await c.connection.receiver(orders)
      assert.deepEqual(await bodies(receiver, 2), ['long', 'for ever'])
      await nothing(receiver)
    },
  },
  {
    id: 'ttl-behind-longer',
    title: 'a message that expires behind one that lives longer is not delivered either',
    needs: ['ttl'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('head')
      await sender.send('expires', { ttlMs: SHORT_MS })
      await sender.send('tail')
      const sent = performance.now()
      await eventually(() => performance.now() - sent > SHORT_MS + 50, 'it expired')
      const receiver = await c.connection.receiver(orders)
      assert.deepEqual(await bodies(receiver, 2), ['head', 'tail'])
      await nothing(receiver)
    },
  },
  {
    id: 'ttl-in-time',
    title: 'a message fetched in time is delivered, whatever its time to live',
    needs: ['ttl'],
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'quick', { ttlMs: 5_000 })
      const delivery = await take(receiver)
      assert.equal(delivery.body, 'quick')
      assert.ok((delivery.ttlMs ?? 0) > 0 && (delivery.ttlMs ?? 0) <= 5_000, `ttlMs ${delivery.ttlMs}`)
      await delivery.accept()
    },
  },
  {
    id: 'ttl-node',
    title: "a message without a time to live takes the node's",
    needs: ['ttl'],
    async run(c) {
      const orders = c.queue<string>('orders', { ttlMs: SHORT_MS })
      await c.connection.send(orders, 'x')
      const sent = performance.now()
      await eventually(() => performance.now() - sent > SHORT_MS + 100, 'it expired')
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'ttl-shorter-wins',
    title: 'of the time to live of message and node the shorter one counts',
    needs: ['ttl'],
    async run(c) {
      const brief = c.queue<string>('brief', { ttlMs: SHORT_MS })
      const patient = c.queue<string>('patient', { ttlMs: 60_000 })
      await c.connection.send(brief, 'a', { ttlMs: 60_000 })
      await c.connection.send(patient, 'b', { ttlMs: SHORT_MS })
      await c.connection.send(patient, 'c')
      const sent = performance.now()
      await eventually(() => performance.now() - sent > SHORT_MS + 100, 'both expired')
      await nothing(await c.connection.receiver(brief))
      const receiver = await c.connection.receiver(patient)
      assert.deepEqual(await bodies(receiver, 1), ['c'])
      await nothing(receiver, 50)
    },
  },
  {
    id: 'ttl-not-browsed',
    title: 'expired messages are not browsed',
    needs: ['ttl', 'browse'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('short', { ttlMs: SHORT_MS })
      await sender.send('long')
      const sent = performance.now()
      await eventually(() => performance.now() - sent > SHORT_MS + 50, 'it expired')
      const seen: string[] = []
      for await (const message of c.connection.browse(orders)) seen.push(message.body)
      assert.deepEqual(seen, ['long'])
    },
  },
  {
    id: 'ttl-subscription',
    title: 'messages expire in named subscriptions as in queues',
    needs: ['ttl', 'topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<string>()
      const archive = c.own(news.subscription('archive'))
      await (await c.connection.receiver(archive)).close()
      await c.connection.send(news, 'short', { subject: 'a', ttlMs: SHORT_MS })
      await c.connection.send(news, 'long', { subject: 'a' })
      const sent = performance.now()
      await eventually(() => performance.now() - sent > SHORT_MS + 50, 'it expired')
      const receiver = await c.connection.receiver(archive)
      assert.deepEqual(await bodies(receiver, 1), ['long'])
      await nothing(receiver)
    },
  },
  {
    id: 'priority-order',
    title: 'larger priorities come first, in order of sending within one',
    needs: ['priority'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      for (const priority of [1, 9, 5]) {
        for (const at of range(3)) await sender.send(`${priority}/${at}`, { priority })
      }
      const expected = [9, 5, 1].flatMap((priority) => range(3).map((at) => `${priority}/${at}`))
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 9), expected)
    },
  },
  {
    id: 'priority-ten-levels',
    title: 'all ten priorities are told apart',
    needs: ['priority'],
    async run(c) {
      const levels = c.connection.capabilities.limits.priorityLevels
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const priority of [4, 0, 9, 2, 7, 5, 1, 8, 3, 6]) await sender.send(priority, { priority })
      const seen = await bodies(await c.connection.receiver(orders), 10)
      if (levels >= 10) assert.deepEqual(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
      else assert.ok(levels >= 2 && seen.indexOf(9) < seen.indexOf(0), `${levels} levels, order ${seen}`)
    },
  },
  {
    id: 'priority-default',
    title: 'a message without a priority ranks as 4',
    needs: ['priority'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('three', { priority: 3 })
      await sender.send('none')
      await sender.send('five', { priority: 5 })
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 3), ['five', 'none', 'three'])
    },
  },
  {
    id: 'priority-after-release',
    title: 'a released message keeps its rank: after larger priorities, before younger ones of its own',
    needs: ['priority', 'orderedRelease'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('a4', { priority: 4 })
      await sender.send('b4', { priority: 4 })
      const receiver = await c.connection.receiver(orders, { credit: 1 })
      const first = await take(receiver)
      assert.equal(first.body, 'a4')
      await sender.send('c9', { priority: 9 })
      await first.release()
      assert.deepEqual(await bodies(receiver, 3), ['c9', 'a4', 'b4'])
    },
  },
  {
    id: 'priority-browsed',
    title: 'browse() shows messages in the order in which they would be delivered',
    needs: ['priority', 'browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const priority of [1, 9, 5]) await sender.send(priority, { priority })
      const seen: number[] = []
      for await (const message of c.connection.browse(orders)) seen.push(message.body)
      assert.deepEqual(seen, [9, 5, 1])
    },
  },
  {
    id: 'delay',
    title: 'a delayed message comes when it is due, not before',
    needs: ['delay'],
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      const before = performance.now()
      await c.connection.send(orders, 'later', { delayMs: 400, id: 'd-1', properties: { p: 1 } })
      const delivery = await take(receiver)
      const waited = performance.now() - before
      assert.ok(waited >= 380, `it came after ${waited} ms`)
      assert.deepEqual([delivery.body, delivery.id, delivery.properties.p], ['later', 'd-1', 1])
      assert.equal(delivery.deliveryCount, 1)
      assert.equal(delivery.redelivered, false)
      await delivery.accept()
      await nothing(receiver, 50)
    },
  },
  {
    id: 'delay-overtaken',
    title: 'a delayed message is overtaken by those that are due, and a short delay by no long one',
    needs: ['delay'],
    async run(c) {
      const orders = c.queue<string>()
      const receiver = await c.connection.receiver(orders)
      const sender = await c.connection.sender(orders)
      // Where each delay has a place of its own, the first message of a delay waits until that is made.
      for (let tries = 0; ; tries++) {
        const before = performance.now()
        await sender.send('third', { delayMs: 700 })
        await sender.send('second', { delayMs: 300 })
        const tookMs = performance.now() - before
        await sender.send('first')
        const got = await bodies(receiver, 3)
        assert.equal(got[0], 'first')
        if (tookMs > 300 && tries < 5) continue
        assert.deepEqual(got, ['first', 'second', 'third'])
        break
      }
    },
  },
  {
    id: 'delay-without-receiver',
    title: 'a delayed message becomes due while nobody listens, and waits then',
    needs: ['delay', 'inspect'],
    async run(c) {
      const orders = c.queue<string>()
      await c.connection.send(orders, 'x', { delayMs: 200 })
      await becomes(() => c.depth(orders), 1, 'the due message')
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 1), ['x'])
    },
  },
  {
    id: 'delay-to-missing',
    title: 'a delayed send to a queue that does not exist is SEND_UNROUTABLE at once',
    needs: ['delay', 'unroutable'],
    async run(c) {
      const missing = c.queue('missing', { create: 'never' })
      await assert.rejects(c.connection.send(missing, 'x', { delayMs: 200 }), { code: 'SEND_UNROUTABLE' })
    },
  },
])
