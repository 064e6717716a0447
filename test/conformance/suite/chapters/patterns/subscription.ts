/** Named subscriptions: retained while nobody is attached, shared by all who use the name. */
import assert from 'node:assert/strict'
import { chapter } from '../../case.ts'
import { allBodies, bodies, nothing, range, sorted, take, takeMany } from '../../expect.ts'

export const subscriptionChapter = chapter('subscription', [
  {
    id: 'retains',
    title: 'a named subscription keeps what is published while nobody is attached',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const archive = c.own(news.matching('a.#').subscription('archive'))
      await (await c.connection.receiver(archive)).close()
      const sender = await c.connection.sender(news)
      for (const at of range(10)) await sender.send(at, { subject: 'a.b' })
      assert.deepEqual(await bodies(await c.connection.receiver(archive), 10), range(10))
    },
  },
  {
    id: 'retains-across-connections',
    title: 'it is kept when the connection that made it has closed',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const archive = c.own(news.subscription('archive'))
      const other = await c.connect()
      await other.receiver(archive)
      await other.close()
      await c.connection.send(news, 1, { subject: 'a' })
      assert.deepEqual(await bodies(await c.connection.receiver(archive), 1), [1])
    },
  },
  {
    id: 'from-its-making',
    title: 'it begins with its making: what was published before is not in it',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<string>()
      await c.connection.send(news, 'before', { subject: 'a' })
      const receiver = await c.connection.receiver(c.own(news.subscription('late')))
      await c.connection.send(news, 'after', { subject: 'a' })
      assert.deepEqual(await allBodies(receiver), ['after'])
    },
  },
  {
    id: 'joins-an-unconfirmed-sender',
    title:
      'a subscription made while a sender with reliability at-most-once publishes gets all that it sends from then on',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const sender = await c.connection.sender(news, { reliability: 'at-most-once' })
      await sender.send(0, { subject: 'a' })
      const receiver = await c.connection.receiver(c.own(news.subscription('late')))
      for (const at of [1, 2, 3]) await sender.send(at, { subject: 'a' })
      const heard: number[] = []
      while (heard.at(-1) !== 3) heard.push(...(await bodies(receiver, 1)))
      // The first one may still have been on its way when the subscription was made.
      assert.deepEqual(
        heard.filter((at) => at > 0),
        [1, 2, 3],
      )
    },
  },
  {
    id: 'patterns-while-away',
    title: 'its patterns decide also while nobody is attached, one copy however many fit',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<string>()
      const some = c.own(news.matching('a.*', 'a.b', '*.z').subscription('some'))
      await (await c.connection.receiver(some)).close()
      const sender = await c.connection.sender(news)
      for (const subject of ['a.b', 'b.b', 'q.z', 'z', 'a.b.c']) await sender.send(subject, { subject })
      assert.deepEqual(await allBodies(await c.connection.receiver(some)), ['a.b', 'q.z'])
    },
  },
  {
    id: 'shared',
    title: 'receivers of one name share the work: each message to one of them',
    needs: ['topic', 'namedSubscription', 'sharedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const work = c.own(news.subscription('work'))
      const other = await c.connect()
      const receivers = [
        await c.connection.receiver(work, { credit: 5 }),
        await other.receiver(work, { credit: 5 }),
      ]
      const sender = await c.connection.sender(news)
      const taken = receivers.map((receiver) => allBodies(receiver, 500))
      await Promise.all(range(60).map((at) => sender.send(at, { subject: 'a' })))
      const [first, second] = await Promise.all(taken)
      assert.deepEqual(sorted([...first!, ...second!]), range(60))
      assert.ok(first!.length > 0 && second!.length > 0, 'one of them did all the work')
    },
  },
  {
    id: 'names-are-groups',
    title: 'different names each get everything, beside live subscriptions',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const receivers = [
        await c.connection.receiver(c.own(news.subscription('one'))),
        await c.connection.receiver(c.own(news.subscription('two'))),
        await c.connection.receiver(news.matching('#')),
      ]
      const sender = await c.connection.sender(news)
      await Promise.all(range(50).map((at) => sender.send(at, { subject: 'a' })))
      for (const receiver of receivers) assert.deepEqual(await bodies(receiver, 50), range(50))
    },
  },
  {
    id: 'unsettled-return',
    title: 'unsettled deliveries of a member that closes come back to the subscription, marked redelivered',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const work = c.own(news.subscription('work'))
      const first = await c.connection.receiver(work)
      const sender = await c.connection.sender(news)
      for (const at of range(3)) await sender.send(at, { subject: 'a' })
      await takeMany(first, 3)
      await first.close()
      const again = await takeMany(await c.connection.receiver(work), 3)
      assert.deepEqual(sorted(again.map((delivery) => delivery.body)), range(3))
      assert.ok(
        again.every((delivery) => delivery.redelivered),
        'all are marked redelivered',
      )
    },
  },
  {
    id: 'release',
    title: 'a released message of a subscription comes again to that subscription only',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const one = await c.connection.receiver(c.own(news.subscription('one')))
      const two = await c.connection.receiver(c.own(news.subscription('two')))
      await c.connection.send(news, 1, { subject: 'a' })
      await (await take(one)).release()
      assert.deepEqual(await bodies(two, 1), [1])
      assert.deepEqual(await bodies(one, 1), [1])
      await nothing(two)
    },
  },
  {
    id: 'release-delayed',
    title: 'a delayed release comes back to its subscription alone, subject and count kept',
    needs: ['topic', 'namedSubscription', 'delayedRelease'],
    async run(c) {
      const news = c.topic<number>()
      const one = await c.connection.receiver(c.own(news.matching('a.*').subscription('one')))
      const two = await c.connection.receiver(c.own(news.matching('a.*').subscription('two')))
      await c.connection.send(news, 1, { subject: 'a.b' })
      await (await take(one)).release({ delayMs: 200 })
      assert.deepEqual(await bodies(two, 1), [1])
      const again = await take(one)
      assert.deepEqual([again.body, again.subject], [1, 'a.b'])
      assert.ok(again.deliveryCount >= 2, `deliveryCount ${again.deliveryCount}`)
      await again.accept()
      await nothing(two)
    },
  },
  {
    id: 'delete',
    title: 'a named subscription can be deleted: it retains no longer',
    needs: ['topic', 'namedSubscription', 'delete'],
    async run(c) {
      const news = c.topic<string>()
      const archive = news.subscription('archive')
      await (await c.connection.receiver(archive)).close()
      assert.equal(await c.connection.admin.delete(archive), true)
      await c.connection.send(news, 'gone', { subject: 'a' })
      const receiver = await c.connection.receiver(c.own(news.subscription('archive')))
      await nothing(receiver)
    },
  },
  {
    id: 'odd-names',
    title: 'subscription names with dots, slashes and unicode are kept apart',
    needs: ['topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<string>()
      const names = ['a.b', 'a/b', 'a b', 'ä', 'a:b', 'a%b', 'A.B']
      const receivers = new Map<string, Awaited<ReturnType<typeof c.connection.receiver<string>>>>()
      for (const name of names) {
        receivers.set(name, await c.connection.receiver(c.own(news.matching('#').subscription(name))))
      }
      await c.connection.send(news, 'x', { subject: 's' })
      for (const [name, receiver] of receivers) assert.deepEqual(await allBodies(receiver, 100), ['x'], name)
    },
  },
])
