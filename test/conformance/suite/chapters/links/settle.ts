/** Verdicts: accept, release and reject, each once, and harmless when they come too late. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { allBodies, bodies, Events, fails, nothing, range, sorted, take, takeMany } from '../../expect.ts'

export const settleChapter = chapter('settle', [
  {
    id: 'accept-removes',
    title: 'an accepted message is gone',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const receiver = await c.connection.receiver(orders)
      const delivery = await take(receiver)
      assert.equal(delivery.settled, false)
      await delivery.accept()
      assert.equal(delivery.settled, true)
      await receiver.close()
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'second-verdict',
    title: 'a second verdict is ALREADY_SETTLED, changes nothing and harms nothing',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await sender.send(1)
      const receiver = await c.connection.receiver(orders)
      const delivery = await take(receiver)
      await delivery.accept()
      await fails(delivery.accept(), 'ALREADY_SETTLED')
      await fails(delivery.release(), 'ALREADY_SETTLED')
      await fails(delivery.reject('no'), 'ALREADY_SETTLED')
      await sender.send(2)
      assert.equal((await take(receiver)).body, 2)
    },
  },
  {
    id: 'verdicts-race',
    title: 'of two verdicts given at once exactly one counts',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const receiver = await c.connection.receiver(orders)
      const delivery = await take(receiver)
      const outcomes = await Promise.allSettled([delivery.accept(), delivery.release(), delivery.accept()])
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status),
        ['fulfilled', 'rejected', 'rejected'],
      )
      await nothing(receiver)
    },
  },
  {
    id: 'after-close',
    title: 'a verdict after its receiver closed is DELIVERY_LOST and harms nothing',
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.send(orders, 1)
      const receiver = await c.connection.receiver(orders)
      const delivery = await take(receiver)
      await receiver.close()
      await fails(delivery.accept(), 'DELIVERY_LOST')
      await fails(delivery.reject('late'), 'DELIVERY_LOST')
      assert.equal((await take(await c.connection.receiver(orders))).body, 1)
    },
  },
  {
    id: 'release-returns',
    title: 'a released message comes again, marked redelivered, with its body and fields',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, { a: 1 }, { id: 'r-1', subject: 's', properties: { p: true } })
      const receiver = await c.connection.receiver(orders)
      await (await take(receiver)).release()
      const again = await take(receiver)
      assert.equal(again.redelivered, true)
      assert.deepEqual(
        [again.id, again.subject, again.body, again.properties.p],
        ['r-1', 's', { a: 1 }, true],
      )
    },
  },
  {
    id: 'release-counts',
    title:
      'release() raises deliveryCount by one each time (where the broker only knows "again": it never sinks)',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const receiver = await c.connection.receiver(orders)
      let least = 1
      for (const expected of [1, 2, 3, 4]) {
        const delivery = await take(receiver)
        if (c.isNative('deliveryCount')) assert.equal(delivery.deliveryCount, expected)
        else
          assert.ok(
            delivery.deliveryCount >= least && delivery.deliveryCount <= expected,
            `deliveryCount ${delivery.deliveryCount}`,
          )
        least = Math.max(2, delivery.deliveryCount)
        await delivery.release()
      }
    },
  },
  {
    id: 'release-old-place',
    title: 'a released message comes before younger ones',
    needs: ['orderedRelease'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(4)) await sender.send(at)
      const receiver = await c.connection.receiver(orders, { credit: 1 })
      await (await take(receiver)).release()
      assert.deepEqual(await bodies(receiver, 4), range(4))
    },
    async otherwise(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(4)) await sender.send(at)
      const receiver = await c.connection.receiver(orders, { credit: 1 })
      await (await take(receiver)).release()
      assert.deepEqual(sorted(await bodies(receiver, 4)), range(4))
    },
  },
  {
    id: 'release-all',
    title: 'twenty released messages all come back, once each',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(20).map((at) => sender.send(at)))
      const receiver = await c.connection.receiver(orders)
      for (const delivery of await takeMany(receiver, 20)) await delivery.release()
      assert.deepEqual(sorted(await bodies(receiver, 20)), range(20))
      await nothing(receiver)
    },
  },
  {
    id: 'release-to-other',
    title: 'a released message can go to another receiver',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const first = await c.connection.receiver(orders, { credit: 1 })
      const delivery = await take(first)
      const second = await (await c.connect()).receiver(orders)
      await delivery.release()
      await first.close()
      assert.equal((await take(second)).body, 'x')
    },
  },
  {
    id: 'release-delayed',
    title: 'release({ delayMs }) keeps a message away for that long, then it comes with its count raised',
    needs: ['delayedRelease'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('later', { id: 'd-1', properties: { p: 1 } })
      const receiver = await c.connection.receiver(orders)
      const first = await take(receiver)
      const before = performance.now()
      await first.release({ delayMs: 400 })
      await sender.send('meanwhile')
      assert.deepEqual(await bodies(receiver, 1), ['meanwhile'])
      const again = await take(receiver)
      const waited = performance.now() - before
      assert.ok(waited >= 380, `it came after ${waited} ms`)
      assert.deepEqual([again.body, again.id, again.properties.p], ['later', 'd-1', 1])
      assert.ok(again.deliveryCount >= 2, `deliveryCount ${again.deliveryCount}`)
      await again.accept()
      await nothing(receiver)
    },
  },
  {
    id: 'release-delay-checked',
    title: 'a negative delay is CONFIG_INVALID and leaves the delivery open',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const delivery = await take(await c.connection.receiver(orders))
      await fails(delivery.release({ delayMs: -1 }), 'CONFIG_INVALID')
      await delivery.accept()
    },
  },
  {
    id: 'reject-final',
    title: 'a rejected message without a dead-letter address never comes back and is reported as discarded',
    async run(c) {
      const orders = c.queue()
      const events = new Events(c.connection)
      await c.connection.send(orders, 'bad', { id: 'bad-1' })
      const receiver = await c.connection.receiver(orders)
      await (await take(receiver)).reject('smells')
      const event = await events.waitFor('discarded')
      assert.deepEqual([event.messageId, event.reason, event.address], ['bad-1', 'smells', orders.name])
      await nothing(receiver)
      await receiver.close()
      await nothing(await c.connection.receiver(orders))
      await events.stop()
    },
  },
  {
    id: 'out-of-order',
    title: 'deliveries may be accepted in any order; only what was not accepted comes back',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      const receiver = await c.connection.receiver(orders)
      const held = await takeMany(receiver, 10)
      for (const at of [9, 0, 5, 3]) await held[at]!.accept()
      await receiver.close()
      assert.deepEqual(sorted(await bodies(await c.connection.receiver(orders), 6)), [1, 2, 4, 6, 7, 8])
    },
  },
  {
    id: 'first-two-released',
    title: 'when the first two deliveries are released, still all hundred messages arrive',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(100).map((at) => sender.send(at)))
      const receiver = await c.connection.receiver(orders, { credit: 10 })
      for (const _ of range(2)) await (await take(receiver)).release()
      const seen = new Set(await bodies(receiver, 100))
      assert.deepEqual(sorted(seen), range(100))
    },
  },
  {
    id: 'failing-receivers',
    title: 'after three receivers have released thirty times each, a good one gets every message',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(20).map((at) => sender.send(at)))
      for (const _ of range(3)) {
        const receiver = await c.connection.receiver(orders, { credit: 5 })
        for (const __ of range(30)) await (await take(receiver)).release()
        await receiver.close()
      }
      assert.deepEqual(sorted(await bodies(await c.connection.receiver(orders), 20)), range(20))
    },
  },
  {
    id: 'neighbours',
    title: 'a verdict on one delivery leaves its neighbours alone',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      const receiver = await c.connection.receiver(orders)
      const held = await takeMany(receiver, 5)
      await held[2]!.reject('only this one')
      for (const at of [0, 1, 3]) await held[at]!.accept()
      await held[4]!.release()
      assert.deepEqual(await allBodies(receiver), [4])
    },
  },
  {
    id: 'mixed-at-once',
    title: 'different verdicts given at once each reach their own delivery, in whatever order they are given',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(12)) await sender.send(at)
      const receiver = await c.connection.receiver(orders)
      const held = await takeMany(receiver, 12)
      const released = [1, 4, 5, 9]
      const order = [0, 1, 3, 2, 4, 5, 6, 8, 7, 9, 10, 11]
      await Promise.all(order.map((at) => (released.includes(at) ? held[at]!.release() : held[at]!.accept())))
      await receiver.close()
      const next = await c.connection.receiver(orders)
      assert.deepEqual(sorted(await bodies(next, released.length)), released)
      await nothing(next)
    },
  },
])
