/** Credit: how much a receiver is handed before it settles, and that the rest stays for others. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { bodies, nothing, range, sorted, take, takeMany } from '../../expect.ts'

export const creditChapter = chapter('credit', [
  {
    id: 'window',
    title: 'a receiver is never handed more unsettled deliveries than its credit',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(20)) await sender.send(at)
      const slow = await c.connection.receiver(orders, { credit: 3 })
      const held = await takeMany(slow, 3)
      await nothing(slow)
      const other = await (await c.connect()).receiver(orders)
      assert.equal((await bodies(other, 17)).length, 17)
      await nothing(other)
      for (const delivery of held) await delivery.accept()
    },
  },
  {
    id: 'one',
    title:
      'with credit 1 the second message is withheld until the first is settled, and the first never comes again',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(3)) await sender.send(at)
      const receiver = await c.connection.receiver(orders, { credit: 1 })
      for (const expected of range(3)) {
        const delivery = await take(receiver)
        assert.equal(delivery.body, expected)
        await nothing(receiver, 100)
        await delivery.accept()
      }
      await nothing(receiver)
    },
  },
  {
    id: 'zero',
    title: 'with credit 0 a receiver is attached and gets nothing; the messages go to others',
    async run(c) {
      const orders = c.queue<number>()
      const paused = await c.connection.receiver(orders, { credit: 0 })
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      await nothing(paused)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 5), range(5))
    },
  },
  {
    id: 'saturated',
    title: 'when settling stops the flow stops, and when it goes on the flow recovers',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(50).map((at) => sender.send(at)))
      const receiver = await c.connection.receiver(orders, { credit: 5 })
      const held = await takeMany(receiver, 5)
      await nothing(receiver)
      for (const delivery of held) await delivery.accept()
      const rest = await bodies(receiver, 45)
      assert.deepEqual([...held.map((delivery) => delivery.body), ...rest], range(50))
    },
  },
  {
    id: 'slow-does-not-starve',
    title: 'a receiver with little credit leaves the work to a quick one',
    async run(c) {
      const orders = c.queue<number>()
      const slow = await c.connection.receiver(orders, { credit: 1 })
      const quick = await (await c.connect()).receiver(orders, { credit: 10 })
      const sender = await c.connection.sender(orders)
      await Promise.all(range(40).map((at) => sender.send(at)))
      const mine = await take(slow)
      const rest = await bodies(quick, 39)
      assert.deepEqual(sorted([mine.body, ...rest]), range(40))
    },
  },
  {
    id: 'checked',
    title: 'a credit that is no whole number from 0 is refused before anything is attached',
    async run(c) {
      const orders = c.queue()
      for (const credit of [-1, 1.5, Number.NaN]) {
        await assert.rejects(() => c.connection.receiver(orders, { credit }), { code: 'CONFIG_INVALID' })
      }
      await assert.rejects(async () => c.connection.receiver(orders, { credit: '5' as never }), TypeError)
    },
  },
  {
    id: 'large-backlog',
    title: 'a large backlog flows through a small window, complete and in order',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(1000).map((at) => sender.send(at)))
      const receiver = await c.connection.receiver(orders, { credit: 7 })
      assert.deepEqual(await bodies(receiver, 1000), range(1000))
    },
  },
])
