/** Store-and-forward: sent while nobody listens, kept for its owner. What survives a restart is the chapter `restart`. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { bodies, nothing, range, take } from '../../expect.ts'

export const storeChapter = chapter('store', [
  {
    id: 'kept-for-owner',
    title: 'what is sent to a mailbox while its owner is away is there when the owner comes',
    async run(c) {
      const alice = c.mailbox<number>('alice')
      const post = await c.connect()
      const sender = await post.sender(alice)
      for (const at of range(10)) await sender.send(at)
      await post.close()
      const owner = await c.connect()
      assert.deepEqual(await bodies(await owner.receiver(alice), 10), range(10))
    },
  },
  {
    id: 'owner-comes-and-goes',
    title: 'the owner may come and go: each message is received once',
    async run(c) {
      const alice = c.mailbox<number>('alice')
      const seen: number[] = []
      for (const at of range(5)) {
        await c.connection.send(alice, at)
        const owner = await c.connect()
        seen.push(...(await bodies(await owner.receiver(alice), 1)))
        await owner.close()
      }
      assert.deepEqual(seen, range(5))
      await nothing(await c.connection.receiver(alice))
    },
  },
  {
    id: 'durable',
    title: 'messages to mailboxes and queues are durable unless they say otherwise, broadcasts are not',
    async run(c) {
      const alice = c.mailbox('alice')
      const orders = c.queue()
      await c.connection.send(alice, 'x')
      await c.connection.send(orders, 'x')
      await c.connection.send(orders, 'x', { durable: false })
      assert.equal((await take(await c.connection.receiver(alice))).durable, true)
      const receiver = await c.connection.receiver(orders)
      assert.deepEqual([(await take(receiver)).durable, (await take(receiver)).durable], [true, false])
    },
  },
  {
    id: 'witnessed-durable',
    title: 'a foreign client sees a durable message as durable in the words of its broker',
    uses: ['witness'],
    async run(c) {
      const alice = c.mailbox('alice')
      await c.connection.send(alice, 'x')
      const message = await (await c.witness()).get(alice.name)
      assert.notEqual(message?.durable, false)
    },
  },
  {
    id: 'tiers',
    title: 'what may be lost by which fault is declared: durable nodes are never below transient ones',
    async run(c) {
      const { tiers, features } = c.connection.capabilities
      assert.ok(tiers.durable >= tiers.transient, 'durable is at least as strong as transient')
      if (features.storeAndForward.level !== 'unsupported')
        assert.ok(tiers.durable >= 'T2', `durable is ${tiers.durable}`)
    },
  },
])
