/** Browsing: looking at what waits without changing anything that a consumer could notice. */
import assert from 'node:assert/strict'
import { type Browsable, queue } from 'sluice'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { becomes, bodies, fails, range, sorted, take, takeMany, within } from '../../expect.ts'

async function look<Body>(c: CaseContext, at: Browsable<Body>): Promise<Body[]> {
  const seen: Body[] = []
  for await (const message of c.connection.browse(at)) seen.push(message.body as Body)
  return seen
}

export const browseChapter = chapter('browse', [
  {
    id: 'in-order',
    title: 'browse() shows every waiting message in order and ends by itself',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(20)) await sender.send(at)
      assert.deepEqual(await within(look(c, orders), 5_000, 'the end of the queue'), range(20))
    },
  },
  {
    id: 'twice',
    title: 'browsing twice gives the same list',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      assert.deepEqual(await look(c, orders), await look(c, orders))
    },
  },
  {
    id: 'never-takes',
    title: 'after browsing everything is still there for a consumer, once each, in order',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      await look(c, orders)
      const receiver = await c.connection.receiver(orders)
      assert.deepEqual(await bodies(receiver, 10), range(10))
      assert.equal(await receiver.receive({ timeoutMs: 100 }), undefined)
    },
  },
  {
    id: 'unnoticed',
    title:
      'a consumer cannot notice that somebody looked: count 1, not redelivered (or the side effect is declared)',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      await look(c, orders)
      await look(c, orders)
      const delivery = await take(await c.connection.receiver(orders))
      const { level, note = '' } = c.connection.capabilities.features.browse
      if (level === 'native') {
        assert.equal(delivery.redelivered, false)
        assert.equal(delivery.deliveryCount, 1)
      } else if (delivery.redelivered || delivery.deliveryCount > 1) {
        assert.match(
          note,
          /redelivered/i,
          'browsing marks messages redelivered and the capability does not say so',
        )
      }
    },
  },
  {
    id: 'all-fields',
    title: 'a browsed message shows all its fields',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue()
      const createdAt = new Date('2024-05-06T07:08:09.123Z')
      await c.connection.send(
        orders,
        { n: 1 },
        {
          id: 'b-1',
          subject: 'a.b',
          correlationId: 'corr',
          groupId: 'g',
          createdAt,
          properties: { text: 'ü', big: 2n ** 62n, when: createdAt },
        },
      )
      for await (const message of c.connection.browse(orders)) {
        assert.deepEqual(message.body, { n: 1 })
        assert.deepEqual(
          [message.id, message.subject, message.correlationId, message.groupId, message.createdAt],
          ['b-1', 'a.b', 'corr', 'g', createdAt],
        )
        assert.deepEqual({ ...message.properties }, { text: 'ü', big: 2n ** 62n, when: createdAt })
      }
    },
  },
  {
    id: 'empty',
    title: 'browsing an empty queue ends at once',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      await (await take(await c.connection.receiver(orders))).accept()
      assert.deepEqual(await within(look(c, c.queue('fresh')), 5_000, 'the end'), [])
    },
  },
  {
    id: 'depth-kept',
    title: 'browsing leaves the depth of the queue as it was',
    needs: ['browse', 'inspect'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(7)) await sender.send(at)
      await look(c, orders)
      await becomes(() => c.depth(orders), 7, 'depth')
    },
  },
  {
    id: 'left-early',
    title: 'a browse that is left early loses nothing',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      for await (const message of c.connection.browse(orders)) {
        assert.equal(message.body, 0)
        break
      }
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 10), range(10))
    },
  },
  {
    id: 'small-window',
    title: 'a queue longer than the browse window is shown whole',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(150).map((at) => sender.send(at)))
      const seen: number[] = []
      for await (const message of c.connection.browse(orders, { credit: 10 })) seen.push(message.body)
      assert.deepEqual(seen, range(150))
    },
  },
  {
    id: 'beside-a-consumer',
    title: 'while one browses, a consumer gets every message exactly once',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(100).map((at) => sender.send(at)))
      const other = await c.connect()
      const looking = (async () => {
        for (const _ of range(3))
          for await (const message of other.browse(orders))
            assert.ok(message.body >= 0, 'a number was browsed')
      })()
      const taken = await bodies(await c.connection.receiver(orders, { credit: 10 }), 100)
      await looking
      assert.deepEqual(sorted(taken), range(100))
    },
  },
  {
    id: 'accepted-unseen',
    title: 'what was accepted is not shown any more',
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(4)) await sender.send(at)
      const receiver = await c.connection.receiver(orders, { credit: 2 })
      for (const delivery of await takeMany(receiver, 2)) await delivery.accept()
      await receiver.close()
      assert.deepEqual(await look(c, orders), [2, 3])
    },
  },
  {
    id: 'follow',
    title: 'browse({ follow: true }) goes on with new arrivals',
    needs: ['browse', 'browseFollow'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await sender.send(0)
      const seen: number[] = []
      const following = (async () => {
        for await (const message of c.connection.browse(orders, { follow: true })) {
          seen.push(message.body)
          if (seen.length < 5) await sender.send(seen.length)
          else break
        }
      })()
      await within(following, 8_000, 'the fifth message')
      assert.deepEqual(seen, range(5))
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 5), range(5))
    },
  },
  {
    id: 'follow-aborted',
    title: 'a following browse ends with ABORTED when its signal says so',
    needs: ['browse', 'browseFollow'],
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.send(orders, 0)
      const abort = new AbortController()
      const following = (async () => {
        for await (const _ of c.connection.browse(orders, { follow: true, signal: abort.signal }))
          abort.abort()
      })()
      await fails(following, 'ABORTED')
    },
  },
  {
    id: 'text-mode',
    title: "an address string with 'mode: browse' looks and never takes",
    needs: ['browse'],
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.send(orders, 1)
      const receiver = await c.connection.receiver(`${orders.name}; {mode: browse}`)
      assert.equal((await take(receiver)).body, 1)
      await receiver.close()
      assert.equal((await take(await c.connection.receiver(orders))).body, 1)
    },
  },
  {
    id: 'missing',
    title: 'browsing a queue that does not exist is ADDRESS_NOT_FOUND',
    needs: ['browse'],
    async run(c) {
      await fails(look(c, queue(c.name('missing'), { create: 'never' })), 'ADDRESS_NOT_FOUND')
    },
  },
  {
    id: 'mailbox-and-member',
    title: 'mailboxes and multicast members can be browsed like queues',
    needs: ['browse', 'multicast'],
    async run(c) {
      const box = c.mailbox<string>()
      const fleet = c.multicast<string>()
      const truck = c.own(fleet.member('truck'))
      await (await c.connection.receiver(truck)).close()
      await c.connection.send(box, 'note')
      await c.connection.send(fleet.to('truck'), 'go')
      assert.deepEqual(await look(c, box), ['note'])
      assert.deepEqual(await look(c, truck), ['go'])
    },
  },
])
