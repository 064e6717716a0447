/** Volume and concurrency: nothing is lost, doubled or crossed when much happens at once. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { allBodies, bodies, eventually, range, sorted } from '../../expect.ts'

const LONG_MS = 60_000

export const concurrencyChapter = chapter('concurrency', [
  {
    id: 'many-receivers',
    title: '2,000 messages and 20 competing receivers: every message once',
    timeoutMs: LONG_MS,
    async run(c) {
      const orders = c.queue<number>()
      const seen: number[] = []
      const consumers = await Promise.all(
        range(20).map(() =>
          c.connection.consume(
            orders,
            (delivery) => {
              seen.push(delivery.body)
            },
            { credit: 20 },
          ),
        ),
      )
      const sender = await c.connection.sender(orders)
      await Promise.all(range(2000).map((at) => sender.send(at)))
      await eventually(() => seen.length >= 2000, 'all messages handled', 30_000)
      await Promise.all(consumers.map((consumer) => consumer.close()))
      assert.deepEqual(sorted(seen), range(2000))
    },
  },
  {
    id: 'many-queues',
    title: '20 queues at once: each gets exactly its own 50, in order',
    timeoutMs: LONG_MS,
    async run(c) {
      await Promise.all(
        range(20).map(async (which) => {
          const orders = c.queue<string>(`q${which}`)
          const receiver = await c.connection.receiver(orders)
          const sender = await c.connection.sender(orders)
          await Promise.all(range(50).map((at) => sender.send(`${which}/${at}`)))
          assert.deepEqual(
            await bodies(receiver, 50),
            range(50).map((at) => `${which}/${at}`),
          )
        }),
      )
    },
  },
  {
    id: 'many-publishers',
    title: '20 senders send 100 each and close at once: none is lost, each one in order',
    timeoutMs: LONG_MS,
    async run(c) {
      const orders = c.queue<[number, number]>()
      await Promise.all(
        range(20).map(async (who) => {
          const sender = await c.connection.sender(orders)
          const sends = range(100).map((at) => sender.send([who, at]))
          await sender.close()
          await Promise.all(sends)
        }),
      )
      const seen = await bodies(await c.connection.receiver(orders), 2000)
      for (const who of range(20)) {
        assert.deepEqual(
          seen.filter(([from]) => from === who).map(([, at]) => at),
          range(100),
        )
      }
    },
  },
  {
    id: 'order-by-kind',
    title: '1,000 messages of 16 kinds: the order of each kind is kept',
    timeoutMs: LONG_MS,
    async run(c) {
      const orders = c.queue<{ kind: number; at: number }>()
      const sender = await c.connection.sender(orders)
      await Promise.all(
        range(1000).map((at) => sender.send({ kind: at % 16, at }, { subject: `kind.${at % 16}` })),
      )
      const seen = await bodies(await c.connection.receiver(orders), 1000)
      for (const kind of range(16)) {
        const mine = seen.filter((one) => one.kind === kind).map((one) => one.at)
        assert.deepEqual(mine, sorted(mine))
      }
      assert.deepEqual(sorted(seen.map((one) => one.at)), range(1000))
    },
  },
  {
    id: 'send-and-receive',
    title: 'a program that sends and receives on one connection at the same time keeps both flowing',
    timeoutMs: LONG_MS,
    async run(c) {
      const orders = c.queue<number>()
      const receiver = await c.connection.receiver(orders, { credit: 10 })
      const sender = await c.connection.sender(orders, { capacity: 10 })
      const receiving = bodies(receiver, 500)
      for (const at of range(500)) await sender.send(at)
      assert.deepEqual(await receiving, range(500))
    },
  },
  {
    id: 'come-and-go',
    title: 'receivers that come and go while messages flow lose nothing',
    timeoutMs: LONG_MS,
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      const seen = new Set<number>()
      let sending = true
      const sends = (async () => {
        for (const at of range(300)) await sender.send(at)
        sending = false
      })()
      const workers = range(3).map(async () => {
        while (sending) {
          const receiver = await c.connection.receiver(orders, { credit: 5 })
          for (const _ of range(10)) {
            const delivery = await receiver.receive({ timeoutMs: 50 })
            if (!delivery) break
            seen.add(delivery.body)
            await delivery.accept()
          }
          await receiver.close()
        }
      })
      await Promise.all([sends, ...workers])
      for (const body of await allBodies(await c.connection.receiver(orders), 300)) seen.add(body)
      assert.deepEqual(sorted(seen), range(300))
    },
  },
  {
    id: 'two-groups',
    title: 'two named subscriptions with three members each: both groups get all of it',
    needs: ['topic', 'namedSubscription', 'sharedSubscription'],
    timeoutMs: LONG_MS,
    async run(c) {
      const news = c.topic<number>()
      const groups = new Map<string, number[]>()
      for (const name of ['one', 'two']) {
        const seen: number[] = []
        groups.set(name, seen)
        const subscription = c.own(news.subscription(name))
        for (const _ of range(3)) {
          await c.connection.consume(subscription, (delivery) => {
            seen.push(delivery.body)
          })
        }
      }
      const sender = await c.connection.sender(news)
      await Promise.all(range(200).map((at) => sender.send(at, { subject: 'a' })))
      for (const [name, seen] of groups) {
        await eventually(() => seen.length >= 200, `group ${name}`)
        assert.deepEqual(sorted(seen), range(200))
      }
    },
  },
  {
    id: 'links-do-not-stall',
    title: 'one receiver that never settles stalls no other link of its connection',
    timeoutMs: LONG_MS,
    async run(c) {
      const [stuck, busy] = [c.queue<number>('stuck'), c.queue<number>('busy')]
      const idle = await c.connection.receiver(stuck, { credit: 3 })
      const sender = await c.connection.sender(stuck)
      await Promise.all(range(50).map((at) => sender.send(at)))
      await idle.receive({ timeoutMs: 5_000 })
      const receiver = await c.connection.receiver(busy)
      const other = await c.connection.sender(busy)
      await Promise.all(range(200).map((at) => other.send(at)))
      assert.deepEqual(await bodies(receiver, 200), range(200))
    },
  },
])
