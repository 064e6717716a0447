/** Nodes as a whole: make, delete, empty, look at, list. */
import assert from 'node:assert/strict'
import { queue, type Receiver, type Sender, topic } from 'sluice'
import { chapter } from '../../case.ts'
import {
  becomes,
  bodies,
  Events,
  eventually,
  fails,
  held,
  nothing,
  QUIET_MS,
  range,
  take,
} from '../../expect.ts'

/** Publishes until something arrives: how soon a link is attached again is nobody's promise. */
async function receivesAgain(receiver: Receiver<number>, sender: Sender<number>): Promise<void> {
  await eventually(async () => {
    await sender.send(0, { subject: 'a.b' }).catch(() => {})
    return (await receiver.receive({ timeoutMs: QUIET_MS })) !== undefined
  }, 'a message on the topic made anew')
}

export const adminChapter = chapter('admin', [
  {
    id: 'declare',
    title: 'declare() makes a node, and doing it again changes nothing',
    needs: ['declare', 'inspect'],
    async run(c) {
      const orders = c.queue()
      const { admin } = c.connection
      assert.equal(await admin.inspect(orders), undefined)
      await admin.declare(orders)
      await c.connection.send(orders, 'kept')
      await admin.declare(orders)
      const info = await admin.inspect(orders)
      assert.deepEqual([info?.name, info?.type, await c.depth(orders)], [orders.name, 'queue', 1])
    },
  },
  {
    id: 'declare-mismatch',
    title: 'declaring a queue that exists with other settings is ADDRESS_MISMATCH and leaves it as it was',
    needs: ['declare', 'maxLength'],
    async run(c) {
      const orders = c.queue<string>('orders', { maxLength: 5 })
      await c.connection.admin.declare(orders)
      await c.connection.send(orders, 'kept')
      await fails(c.connection.admin.declare(queue(orders.name, { maxLength: 9 })), 'ADDRESS_MISMATCH')
      assert.deepEqual(await bodies(await c.connection.receiver(orders), 1), ['kept'])
    },
  },
  {
    id: 'inspect-depth',
    title: 'inspect() tells how many messages wait, not counting those handed out',
    needs: ['inspect'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(5)) await sender.send(at)
      const depth = (): Promise<number | undefined> => c.depth(orders)
      await becomes(depth, 5, 'depth')
      const receiver = await c.connection.receiver(orders, { credit: 2 })
      const first = await take(receiver)
      await take(receiver)
      await becomes(depth, 3, 'depth with two handed out')
      await first.accept()
      await receiver.close()
      await becomes(depth, 4, 'depth after one was accepted and one came back')
    },
  },
  {
    id: 'inspect-receivers',
    title: 'inspect() tells how many receivers are attached',
    needs: ['inspect'],
    async run(c) {
      const orders = c.queue<number>()
      await c.connection.send(orders, 1)
      const receivers = async (): Promise<number | undefined> =>
        (await c.connection.admin.inspect(orders))?.receivers
      const [first, second] = [await c.connection.receiver(orders), await c.connection.receiver(orders)]
      if ((await receivers()) === undefined) return
      await becomes(receivers, 2, 'receivers')
      await first.close()
      await becomes(receivers, 1, 'receivers')
      await second.close()
      await becomes(receivers, 0, 'receivers')
    },
  },
  {
    id: 'inspect-missing',
    title: 'inspect() answers undefined for a node that does not exist',
    needs: ['inspect'],
    async run(c) {
      assert.equal(await c.connection.admin.inspect(queue(c.name('missing'))), undefined)
      assert.equal(await c.connection.admin.inspect(c.name('missing')), undefined)
    },
  },
  {
    id: 'inspect-topic',
    title: 'inspect() of a topic says that it is one',
    needs: ['declare', 'inspect', 'topic'],
    async run(c) {
      const news = c.topic()
      await c.connection.admin.declare(news)
      assert.equal((await c.connection.admin.inspect(news))?.type, 'topic')
    },
  },
  {
    id: 'delete',
    title: 'delete() removes a node with what waits in it, and says false when there was none',
    needs: ['declare', 'delete', 'inspect'],
    async run(c) {
      const orders = c.queue<string>()
      const { admin } = c.connection
      await c.connection.send(orders, 'gone')
      assert.equal(await admin.delete(orders), true)
      assert.equal(await admin.inspect(orders), undefined)
      assert.equal(await admin.delete(orders), false)
      await admin.declare(orders)
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'delete-topic-live',
    title:
      'a live subscription whose topic is deleted is told of the gap, and receives again from a topic made anew',
    needs: ['declare', 'delete', 'topic'],
    async run(c) {
      const news = c.topic<number>()
      const receiver = await c.connection.receiver(news.matching('a.*'))
      const events = new Events(c.connection)
      const other = await c.connect()
      await other.admin.delete(news)
      assert.equal((await events.waitFor('gap')).address, news.name)
      await receivesAgain(receiver, await other.sender(news))
      await events.stop()
    },
  },
  {
    id: 'delete-topic-text',
    title:
      'a live subscription whose address does not make its topic ends with ADDRESS_NOT_FOUND when that is deleted',
    needs: ['declare', 'delete', 'topic'],
    async run(c) {
      const news = c.topic<number>()
      await c.connection.admin.declare(news)
      const receiver = await c.connection.receiver(`${news.name}/a.*; {node: {type: topic}}`)
      const waiting = held(receiver.receive())
      await (await c.connect()).admin.delete(news)
      await fails(waiting, 'ADDRESS_NOT_FOUND')
    },
  },
  {
    id: 'delete-topic-named',
    title: 'a named subscription gets what is published to its topic after that was deleted and made anew',
    needs: ['declare', 'delete', 'topic', 'namedSubscription'],
    async run(c) {
      const news = c.topic<number>()
      const archive = c.own(news.matching('a.*').subscription('archive'))
      await (await c.connection.receiver(archive)).close()
      await c.connection.admin.delete(news)
      const receiver = await c.connection.receiver(archive)
      await c.connection.send(news, 1, { subject: 'a.b' })
      assert.deepEqual(await bodies(receiver, 1), [1])
      // And while it is attached.
      await (await c.connect()).admin.delete(news)
      await receivesAgain(receiver, await c.connection.sender(news))
    },
  },
  {
    id: 'purge',
    title: 'purge() removes what waits, tells how many, and leaves what is handed out',
    needs: ['purge'],
    async run(c) {
      const orders = c.queue<number>()
      const sender = await c.connection.sender(orders)
      for (const at of range(6)) await sender.send(at)
      const receiver = await c.connection.receiver(orders, { credit: 1 })
      const held = await take(receiver)
      assert.equal(await c.connection.admin.purge(orders), 5)
      await held.release()
      assert.deepEqual(await bodies(receiver, 1), [0])
      await nothing(receiver)
    },
  },
  {
    id: 'purge-missing',
    title: 'purge() of a node that does not exist is ADDRESS_NOT_FOUND',
    needs: ['purge'],
    async run(c) {
      await fails(c.connection.admin.purge(queue(c.name('missing'))), 'ADDRESS_NOT_FOUND')
    },
  },
  {
    id: 'list',
    title: 'list() shows queues and topics by their names, as they were given',
    needs: ['list', 'declare', 'topic'],
    async run(c) {
      const orders = c.queue('or/ders ü')
      const news = c.topic('news')
      await c.connection.admin.declare(orders)
      await c.connection.admin.declare(news)
      const nodes = new Map((await c.connection.admin.list()).map((node) => [node.name, node.type]))
      assert.equal(nodes.get(orders.name), 'queue')
      assert.equal(nodes.get(news.name), 'topic')
    },
  },
  {
    id: 'odd-names',
    title: 'declare(), inspect(), list(), purge() and delete() know nodes of every name',
    needs: ['declare', 'inspect', 'list', 'purge', 'delete'],
    async run(c) {
      const { admin } = c.connection
      for (const odd of [
        'a/b',
        'a%2Fb',
        'back\\slash',
        'a\\\\b',
        'back\\u0041',
        "it's",
        '"q"',
        '$dollar',
        'a b',
        'ü',
      ]) {
        for (const make of c.has('topic') ? [queue, topic] : [queue]) {
          const node = c.own(make(`${odd}~${c.name('n')}`))
          await admin.declare(node)
          assert.equal((await admin.inspect(node))?.name, node.name)
          assert.ok(
            (await admin.list()).some(({ name }) => name === node.name),
            `${node.name} is listed`,
          )
          if (node.kind === 'queue') {
            await c.connection.send(node, 'x')
            assert.equal(await admin.purge(node), 1, node.name)
          }
          assert.equal(await admin.delete(node), true, node.name)
          assert.equal(await admin.inspect(node), undefined, node.name)
        }
      }
    },
  },
  {
    id: 'list-without-temporary',
    title: "list() leaves out the library's own temporary nodes",
    needs: ['list', 'topic'],
    async run(c) {
      const news = c.topic('listed')
      const before = (await c.connection.admin.list()).length
      await c.connection.admin.declare(news)
      const receivers = await Promise.all(range(5).map(() => c.connection.receiver(news.matching('a'))))
      const names = (await c.connection.admin.list()).map((node) => node.name)
      const mine = names.filter((name) => name.includes(news.name))
      assert.deepEqual(mine, [news.name], `before ${before} nodes, now ${names.length}`)
      for (const receiver of receivers) await receiver.close()
    },
  },
  {
    id: 'purge-subscription',
    title: 'a named subscription can be purged and inspected like a queue',
    needs: ['topic', 'namedSubscription', 'purge', 'inspect'],
    async run(c) {
      const news = c.topic<number>()
      const archive = c.own(news.subscription('archive'))
      await (await c.connection.receiver(archive)).close()
      const sender = await c.connection.sender(news)
      for (const at of range(4)) await sender.send(at, { subject: 'a' })
      await becomes(async () => (await c.connection.admin.inspect(archive))?.depth, 4, 'depth')
      assert.equal(await c.connection.admin.purge(archive), 4)
      await nothing(await c.connection.receiver(archive))
    },
  },
])
