/** The broker is stopped or killed and comes back: what was accepted at a durable place is still there. */
import assert from 'node:assert/strict'
import type { CaseDefinition } from '../case.ts'
import { chapter } from '../case.ts'
import { allBodies, becomes, bodies, Events, eventually, range, sorted, take, within } from '../expect.ts'
import type { Facility } from '../harness.ts'
import { SecondProcess } from '../second-process.ts'

const RESTART_MS = 120_000
const BACK_MS = 60_000

/** Cases that close their connections before the broker stops and open new ones after. */
const closedMeanwhile: CaseDefinition[] = [
  {
    id: 'survives-restart',
    title: 'sent while nobody listens, received after both the sender and the broker were restarted',
    needs: ['storeAndForward'],
    async run(c) {
      const alice = c.mailbox<number>('alice')
      const sender = await c.connection.sender(alice)
      for (const at of range(20)) await sender.send(at)
      await c.connection.close()
      await (await c.broker()).restart()
      const owner = await c.connect()
      assert.deepEqual(await bodies(await owner.receiver(alice), 20), range(20))
    },
  },
  {
    id: 'survives-kill',
    uses: ['kill'],
    title: 'what send() was resolved for survives a broker that is killed at once afterwards',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      await Promise.all(range(200).map((at) => sender.send(at)))
      await c.connection.close({ timeoutMs: 100 })
      await (await c.broker()).kill!()
      const owner = await c.connect()
      assert.deepEqual(await bodies(await owner.receiver(orders), 200), range(200))
    },
  },
  {
    id: 'survives-killed-program',
    title: 'what a program was told is accepted is there after that program was killed at once',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.close()
      const { target } = await c.broker()
      const other = await SecondProcess.start(c, target())
      await other.run({ do: 'send', queue: orders.name, bodies: range(200) })
      await other.kill()
      const owner = await c.connect()
      assert.deepEqual(await bodies(await owner.receiver(orders), 200), range(200))
    },
  },
  {
    id: 'fields-survive',
    title: 'fields, properties and body survive a restart unchanged',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue()
      const createdAt = new Date('2024-05-06T07:08:09.010Z')
      const properties = { big: 2n ** 61n, when: createdAt, none: null, text: 'ü' }
      await c.connection.send(
        orders,
        { deep: [1] },
        { id: 's-1', subject: 'a.b', correlationId: 'c', createdAt, properties },
      )
      await c.connection.close()
      await (await c.broker()).restart()
      const delivery = await take(await (await c.connect()).receiver(orders))
      assert.deepEqual(delivery.body, { deep: [1] })
      assert.deepEqual(
        [delivery.id, delivery.subject, delivery.correlationId, delivery.createdAt],
        ['s-1', 'a.b', 'c', createdAt],
      )
      assert.deepEqual({ ...delivery.properties }, properties)
    },
  },
  {
    id: 'subscription-survives',
    title: 'a durable named subscription survives a restart with what it retained, and goes on',
    needs: ['storeAndForward', 'topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<string>()
      const archive = c.own(news.matching('a.*').subscription('archive'))
      await (await c.connection.receiver(archive)).close()
      await c.connection.send(news, 'before', { subject: 'a.b' })
      await c.connection.close()
      await (await c.broker()).restart()
      const after = await c.connect()
      await after.send(news, 'after', { subject: 'a.c' })
      assert.deepEqual(await bodies(await after.receiver(archive), 2), ['before', 'after'])
    },
  },
  {
    id: 'members-survive',
    title: 'multicast members and what waits for them survive a restart',
    needs: ['storeAndForward', 'multicast'],
    async run(c) {
      const fleet = c.multicast<string>()
      const member = c.own(fleet.member('t'))
      await (await c.connection.receiver(member)).close()
      await c.connection.send(fleet.to('t'), 'one')
      await c.connection.close()
      await (await c.broker()).restart()
      const after = await c.connect()
      await after.send(fleet.to('t'), 'two')
      assert.deepEqual(await bodies(await after.receiver(member), 2), ['one', 'two'])
    },
  },
  {
    id: 'accepted-stays-gone',
    title:
      'what was accepted before a restart does not come back; what was unsettled does, marked redelivered',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(10)) await sender.send(at)
      const receiver = await c.connection.receiver(orders, { credit: 5 })
      for (const _ of range(4)) await (await take(receiver)).accept()
      const open = await take(receiver)
      await receiver.close()
      await c.connection.close()
      await (await c.broker()).restart()
      const rest = await allBodies(await (await c.connect()).receiver(orders), 500)
      assert.deepEqual(sorted(rest), range(10).slice(4))
      assert.equal(open.body, 4)
    },
  },
  {
    id: 'delayed-survives',
    title: 'a delayed message survives a restart and comes when it is due',
    needs: ['storeAndForward', 'delay'],
    async run(c) {
      const orders = c.queue<string>()
      await c.connection.send(orders, 'later', { delayMs: 3_000 })
      await c.connection.close()
      await (await c.broker()).restart()
      const receiver = await (await c.connect()).receiver(orders)
      assert.equal((await take(receiver, 30_000)).body, 'later')
    },
  },
  {
    id: 'dead-letters-survive',
    title: 'dead letters survive a restart with their reason',
    needs: ['storeAndForward', 'deadLetter'],
    async run(c) {
      const aside = c.queue('aside')
      const orders = c.queue('orders', { deadLetter: aside })
      const receiver = await c.connection.receiver(orders)
      await c.connection.send(orders, 'bad')
      await (await take(receiver)).reject('kept reason')
      await becomes(async () => (await c.connection.admin.inspect(aside))?.depth, 1, 'the dead letter')
      await c.connection.close()
      await (await c.broker()).restart()
      const letter = await take(await (await c.connect()).receiver(aside))
      assert.equal(letter.properties['sluice-reason'], 'kept reason')
    },
  },
]

/** Cases whose connections stay open while the broker goes away and returns. */
const openMeanwhile: CaseDefinition[] = [
  {
    id: 'links-return',
    title: 'senders, receivers, subscriptions and responders come back after a restart without user code',
    async run(c) {
      const orders = c.queue<string>()
      const alerts = c.broadcast<string>()
      const echo = c.service<string, string>()
      const sender = await c.connection.sender(orders)
      const receiver = await c.connection.receiver(orders)
      const listener = await c.connection.receiver(alerts)
      await using _ = await c.connection.respond(echo, (request) => request.body)
      const events = new Events(c.connection)
      await (await c.broker()).restart()
      await events.waitFor('reconnected', { timeoutMs: BACK_MS })
      await sender.send('x')
      assert.deepEqual(await bodies(receiver, 1), ['x'])
      await c.connection.send(alerts, 'alert')
      assert.deepEqual(await bodies(listener, 1), ['alert'])
      assert.equal((await c.connection.request(echo, 'hi', { timeoutMs: 10_000 })).body, 'hi')
      await events.stop()
    },
  },
  {
    id: 'kill-under-load',
    uses: ['kill'],
    title: 'a broker killed while sends are in flight loses none that was accepted; the others end',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders, { capacity: 50 })
      const accepted: number[] = []
      const sends = range(1500).map((at) =>
        sender.send(at, { timeoutMs: BACK_MS }).then(
          () => accepted.push(at),
          () => -1,
        ),
      )
      await eventually(() => accepted.length >= 100, 'the first hundred')
      await (await c.broker()).kill!()
      await within(Promise.all(sends), BACK_MS + 10_000, 'an outcome of every send')
      const seen = new Set<number>()
      const receiver = await c.connection.receiver(orders)
      for (const body of await allBodies(receiver, 1_000)) seen.add(body)
      assert.deepEqual(
        accepted.filter((at) => !seen.has(at)),
        [],
        'accepted and lost',
      )
    },
  },
  {
    id: 'consumer-continues',
    uses: ['kill'],
    title: 'consumers go on by themselves after a kill and handle everything that was accepted',
    needs: ['storeAndForward'],
    async run(c) {
      const orders = c.queue<number>()
      const seen = new Set<number>()
      await using _ = await c.connection.consume(orders, (delivery) => {
        seen.add(delivery.body)
      })
      const sender = await c.connection.sender(orders)
      for (const at of range(100)) await sender.send(at)
      await (await c.broker()).kill!()
      for (const at of range(100)) await sender.send(100 + at, { timeoutMs: BACK_MS })
      await becomes(() => seen.size, 200, 'handled messages', BACK_MS)
    },
  },
]

function using(definition: CaseDefinition, ...facilities: Facility[]): CaseDefinition {
  return { timeoutMs: RESTART_MS, ...definition, uses: [...facilities, ...(definition.uses ?? [])] }
}

export const restartChapter = chapter('restart', [
  ...closedMeanwhile.map((one) => using(one, 'broker')),
  ...openMeanwhile.map((one) => using(one, 'broker', 'liveRestart')),
])
