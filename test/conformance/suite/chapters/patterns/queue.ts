/** Point-to-point: every message to one of the competing receivers, in order, and back when it was not settled. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import {
  allBodies,
  bodies,
  fails,
  nothing,
  patience,
  QUIET_MS,
  range,
  sorted,
  take,
  takeMany,
  within,
} from '../../expect.ts'

/** Messages read by loops that are left. */
const LOOPED = 120

export const queueChapter = chapter('queue', [
  {
    id: 'one-receiver-each',
    title: 'every message goes to exactly one of the competing receivers',
    needs: ['queue'],
    async run(c) {
      const orders = c.queue<number>()
      const receivers = await Promise.all(range(3).map(() => c.connection.receiver(orders, { credit: 5 })))
      const sender = await c.connection.sender(orders)
      const taken = receivers.map((receiver) => allBodies(receiver, 500))
      await Promise.all(range(60).map((at) => sender.send(at)))
      assert.deepEqual(sorted((await Promise.all(taken)).flat()), range(60))
    },
  },
  {
    id: 'fifo',
    title: 'messages of one sender arrive in the order they were sent',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(50)) await sender.send(at)
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 50), range(50))
    },
  },
  {
    id: 'fifo-per-sender',
    title: 'with two senders the order of each is kept',
    async run(c) {
      const orders = c.queue<[string, number]>()
      const receiver = await c.connection.receiver(orders)
      const other = await c.connect()
      const senders = { a: await c.connection.sender(orders), b: await other.sender(orders) }
      await Promise.all(range(50).flatMap((at) => [senders.a.send(['a', at]), senders.b.send(['b', at])]))
      const taken = await bodies(receiver, 100)
      for (const name of ['a', 'b']) {
        assert.deepEqual(
          taken.filter(([from]) => from === name).map(([, at]) => at),
          range(50),
        )
      }
    },
  },
  {
    id: 'sent-before',
    title: 'messages sent before any receiver exists are kept for it',
    async run(c) {
      const orders = c.queue<number>()
      const early = await c.connect()
      const sender = await early.sender(orders)
      for (const at of range(10)) await sender.send(at)
      await early.close()
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 10), range(10))
    },
  },
  {
    id: 'receiver-first',
    title: 'a receiver that waits first gets the message as it is sent',
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(orders)
      const waiting = receiver.receive({ timeoutMs: patience.ms })
      await c.connection.send(orders, 'here')
      assert.equal((await waiting)?.body, 'here')
    },
  },
  {
    id: 'isolated',
    title: 'two queues do not leak into each other',
    async run(c) {
      const [left, right] = [c.queue<string>('left'), c.queue<string>('right')]
      await c.connection.send(left, 'l')
      await c.connection.send(right, 'r')
      assert.deepEqual(await allBodies(await c.connection.receiver(left)), ['l'])
      assert.deepEqual(await allBodies(await c.connection.receiver(right)), ['r'])
    },
  },
  {
    id: 'nothing-in-time',
    title: 'receive() answers undefined at its deadline, not an error',
    async run(c) {
      const receiver = await c.connection.receiver(c.queue())
      const before = performance.now()
      assert.equal(await receiver.receive({ timeoutMs: 200 }), undefined)
      const waited = performance.now() - before
      assert.ok(waited >= 190 && waited < 3_000, `it waited ${waited} ms`)
    },
  },
  {
    id: 'receive-now',
    title: 'receive({ timeoutMs: 0 }) asks the broker once and gets a message that waits there',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'waiting')
      const receiver = await c.connection.receiver(orders)
      assert.equal((await receiver.receive({ timeoutMs: 0 }))?.body, 'waiting')
      assert.equal(await receiver.receive({ timeoutMs: 0 }), undefined)
    },
  },
  {
    id: 'receive-aborted',
    title: 'a receive() that is aborted takes no message with it',
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(orders)
      const abort = new AbortController()
      const waiting = receiver.receive({ signal: abort.signal })
      abort.abort()
      await fails(waiting, 'ABORTED')
      await fails(receiver.receive({ signal: AbortSignal.abort() }), 'ABORTED')
      await c.connection.send(orders, 'still there')
      assert.equal((await take(receiver)).body, 'still there')
    },
  },
  {
    id: 'receives-concurrent',
    title: 'concurrent receive() calls on one receiver get one message each, in order',
    async run(c) {
      const orders = c.queue<number>()
      const receiver = await c.connection.receiver(orders)
      const waiting = range(5).map(() => receiver.receive({ timeoutMs: patience.ms }))
      const sender = await c.connection.sender(orders)
      await Promise.all(range(5).map((at) => sender.send(at)))
      assert.deepEqual(
        (await Promise.all(waiting)).map((delivery) => delivery?.body),
        range(5),
      )
    },
  },
  {
    id: 'first-time',
    title: 'the first delivery has deliveryCount 1 and is not marked redelivered',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const delivery = await take(await c.connection.receiver(orders))
      assert.equal(delivery.deliveryCount, 1)
      assert.equal(delivery.redelivered, false)
    },
  },
  {
    id: 'closed-receiver-gives-back',
    title: 'unsettled deliveries of a receiver that closes come back, marked redelivered',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      const first = await c.connection.receiver(orders)
      await takeMany(first, 5)
      await first.close()
      const again = await takeMany(await c.connection.receiver(orders), 5)
      assert.deepEqual(sorted(again.map((delivery) => delivery.body)), range(5))
      assert.ok(
        again.every((delivery) => delivery.redelivered),
        'all are marked redelivered',
      )
    },
  },
  {
    id: 'closed-connection-gives-back',
    title: 'unsettled deliveries of a connection that closes go to another receiver, marked redelivered',
    async run(c) {
      const orders = c.queue<number>()
      const other = await c.connect()
      const first = await other.receiver(orders)
      const sender = await c.connection.sender(orders)
      for (const at of range(3)) await sender.send(at)
      await takeMany(first, 3)
      const second = await c.connection.receiver(orders)
      await nothing(second)
      await other.close()
      const again = await takeMany(second, 3)
      assert.deepEqual(sorted(again.map((delivery) => delivery.body)), range(3))
      assert.ok(
        again.every((delivery) => delivery.redelivered),
        'all are marked redelivered',
      )
    },
  },
  {
    id: 'prefetched-goes-back',
    title: 'what was only prefetched goes back on close and comes in its old order',
    needs: ['orderedRelease'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(20)) await sender.send(at)
      const first = await c.connection.receiver(orders, { credit: 10 })
      await (await take(first)).accept()
      await first.close()
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 19), range(20).slice(1))
    },
    async otherwise(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(20)) await sender.send(at)
      const first = await c.connection.receiver(orders, { credit: 10 })
      await (await take(first)).accept()
      await first.close()
      assert.deepEqual(sorted(await bodies(await c.connection.receiver(orders), 19)), range(20).slice(1))
    },
  },
  {
    id: 'iteration',
    title: 'a receiver is an async iterable of deliveries',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(10).map((at) => sender.send(at)))
      const seen: number[] = []
      for await (const delivery of await c.connection.receiver(orders)) {
        seen.push(delivery.body)
        await delivery.accept()
        if (seen.length === 10) break
      }
      assert.deepEqual(seen, range(10))
    },
  },
  {
    id: 'loop-left',
    title:
      'after leaving the loop the delivery in hand stays yours, and what was only prefetched goes back at once',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(10).map((at) => sender.send(at)))
      const receiver = await c.connection.receiver(orders, { credit: 10 })
      let mine: { accept(): Promise<void>; body: number } | undefined
      for await (const delivery of receiver) {
        mine = delivery
        break
      }
      const other = await (await c.connect()).receiver(orders)
      assert.deepEqual(sorted(await bodies(other, 9)), range(10).slice(1))
      await nothing(other)
      assert.equal(mine!.body, 0)
      await mine!.accept()
      await receiver.close()
      await nothing(other)
    },
  },
  {
    id: 'loop-resumed',
    title: 'a receiver whose loop was left goes on with the next loop or receive()',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(6).map((at) => sender.send(at)))
      const receiver = await c.connection.receiver(orders)
      const seen: number[] = []
      for (const _ of range(3)) {
        for await (const delivery of receiver) {
          seen.push(delivery.body)
          await delivery.accept()
          break
        }
      }
      seen.push(...(await bodies(receiver, 3)))
      assert.deepEqual(sorted(seen), range(6))
    },
  },
  {
    id: 'loops-in-order',
    title: 'a loop that is left and begun again all the time, while messages arrive, has them in order',
    needs: ['orderedRelease'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const receiver = await (await c.connect()).receiver(orders)
      const sent = range(10).map((at) => sender.send(at))
      const seen: number[] = []
      while (seen.length < LOOPED) {
        const before = seen.length
        for await (const delivery of receiver) {
          seen.push(delivery.body)
          await delivery.accept()
          // There is always something here already, and something else on its way.
          if (sent.length < LOOPED) sent.push(sender.send(sent.length))
          if (seen.length % 4 === 0) break
        }
        assert.ok(seen.length > before, 'the receiver was closed before all had come')
      }
      await Promise.all(sent)
      assert.deepEqual(seen, range(LOOPED))
    },
  },
  {
    id: 'at-most-once',
    title: 'with reliability at-most-once a message is accepted before it is handed over',
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.send(orders, 1)
      const receiver = await c.connection.receiver(orders, { reliability: 'at-most-once' })
      const delivery = await take(receiver)
      assert.equal(delivery.settled, true)
      await delivery.accept()
      await receiver.close()
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'exclusive',
    title: 'an exclusive queue takes one receiver at a time, and the next one when that has gone',
    needs: ['exclusive'],
    async run(c) {
      const orders = c.queue<number>('exclusive', { exclusive: true })
      const first = await c.connection.receiver(orders)
      const other = await c.connect()
      const error = await fails(other.receiver(orders, { timeoutMs: 3_000 }), [
        'UNAUTHORIZED',
        'ADDRESS_MISMATCH',
      ])
      assert.equal(typeof error.hint, 'string')
      await c.connection.send(orders, 1)
      await (await take(first)).accept()
      await first.close()
      const second = await other.receiver(orders)
      await c.connection.send(orders, 2)
      assert.equal((await take(second)).body, 2)
    },
  },
  {
    id: 'later-receiver-gets-rest',
    title: 'receivers that close in between lose nothing: the union of five of them is complete',
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(50).map((at) => sender.send(at)))
      const seen: number[] = []
      for (const _ of range(5)) {
        const receiver = await c.connection.receiver(orders, { credit: 20 })
        seen.push(...(await bodies(receiver, 10)))
        await receiver.close()
      }
      assert.deepEqual(sorted(seen), range(50))
      await nothing(await c.connection.receiver(orders), QUIET_MS)
    },
  },
  {
    id: 'signal-on-loss',
    title: 'the signal of a delivery aborts when its receiver closes without a verdict',
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      const receiver = await c.connection.receiver(orders)
      const { signal } = await take(receiver)
      assert.equal(signal.aborted, false)
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      await receiver.close()
      await within(aborted, 2_000, 'the abort')
    },
  },
  {
    id: 'durable-default',
    title: 'queues are durable unless they say otherwise',
    needs: ['inspect'],
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      assert.notEqual((await c.connection.admin.inspect(orders))?.durable, false)
    },
  },
])
