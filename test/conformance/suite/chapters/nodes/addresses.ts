/** Addresses: strings with Qpid's policies, names of every kind, and what is told when they are wrong. */
import assert from 'node:assert/strict'
import { type AnyAddress, address, broadcast, formatAddress, parseAddress, queue, topic } from 'sluice'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { allBodies, bodies, fails, nothing, take } from '../../expect.ts'

/** Names that mean something to one broker or another. */
const ODD_NAMES: readonly string[] = [
  'a/b',
  'a;b',
  'two words',
  ' edges ',
  'größe-日本-🚀',
  'a.b.c',
  'a*b',
  'a#b',
  'a:b',
  'a%2Fb',
  'quote"s',
  "apo'strophe",
  'curly{brace}',
  'back\\slash',
  'q?x=1&y=2',
  'at@home',
  '$dollar',
  'comma,list',
  '__proto__',
  'CamelCase',
]

function roundTrip(c: CaseContext, odd: readonly string[]): Promise<void> {
  return (async () => {
    const at = new Map<string, AnyAddress>()
    for (const name of odd) at.set(name, c.own(queue(`${name}~${c.name('n')}`)))
    for (const [name, node] of at) await c.connection.send(node as never, name as never)
    for (const [name, node] of at) {
      assert.deepEqual(
        await allBodies(await c.connection.receiver<unknown>(node as never), 50),
        [name],
        `name ${name}`,
      )
    }
  })()
}

export const addressesChapter = chapter('addresses', [
  {
    id: 'odd-names',
    title: 'names with /, ;, spaces, quotes, wildcards and unicode work the same everywhere',
    run: (c) => roundTrip(c, ODD_NAMES),
  },
  {
    id: 'long-name',
    title: 'a name of 200 characters works',
    async run(c) {
      const long = c.own(queue(`${c.name('long')}-`.padEnd(200, 'x')))
      assert.equal(long.name.length, 200)
      await c.connection.send(long, 'x')
      assert.deepEqual(await bodies(await c.connection.receiver(long), 1), ['x'])
    },
  },
  {
    id: 'escapes-kept-apart',
    title: 'names that would be equal if badly escaped are kept apart',
    run: (c) => roundTrip(c, ['a/b', 'a%2Fb', 'a%252Fb', 'a b', 'a+b', 'a%20b', 'a_b', 'A_b']),
  },
  {
    id: 'odd-topics',
    title: 'odd names work for topics and broadcasts too',
    needs: ['topic', 'broadcast'],
    async run(c) {
      for (const odd of ['a/b', 'ein name', 'größe', 'a.b', 'x:y', 'a%2Fb', 'a*b', 'a#b']) {
        const news = c.own(topic<string>(`${odd}~${c.name('t')}`))
        const alerts = c.own(broadcast<string>(`${odd}~${c.name('b')}`))
        const receivers = [
          await c.connection.receiver(news.matching('s.*')),
          await c.connection.receiver(alerts),
        ]
        await c.connection.send(news, 'story', { subject: 's.x' })
        await c.connection.send(alerts, 'alert')
        assert.deepEqual(await bodies(receivers[0]!, 1), ['story'], odd)
        assert.deepEqual(await bodies(receivers[1]!, 1), ['alert'], odd)
        for (const receiver of receivers) await receiver.close()
      }
    },
  },
  {
    id: 'empty-name',
    title: 'a name that is empty, or holds a line break or a NUL, is ADDRESS_MALFORMED',
    async run() {
      for (const name of ['', 'a\nb', 'a\r', '\0']) await fails(() => queue(name), 'ADDRESS_MALFORMED')
    },
  },
  {
    id: 'text-missing',
    title: 'a string without create finds no missing node: ADDRESS_NOT_FOUND for sender and receiver',
    async run(c) {
      const name = c.name('missing')
      const error = await fails(c.connection.sender(name), 'ADDRESS_NOT_FOUND')
      assert.match(`${error.message} ${error.hint}`, /create/)
      await fails(c.connection.receiver(name), 'ADDRESS_NOT_FOUND')
    },
  },
  {
    id: 'builder-never',
    title: "create: 'never' receives from no missing queue: ADDRESS_NOT_FOUND, not a hang",
    async run(c) {
      await fails(c.connection.receiver(queue(c.name('missing'), { create: 'never' })), 'ADDRESS_NOT_FOUND')
    },
  },
  {
    id: 'text-create',
    title: "create: always makes the node, create: sender only for a sender's side",
    needs: ['declare'],
    async run(c) {
      const orders = c.queue<string>()
      const text = `${orders.name}; {create: sender}`
      await fails(c.connection.receiver(text), 'ADDRESS_NOT_FOUND')
      await (await c.connection.sender(text)).send('x')
      assert.deepEqual(await bodies(await c.connection.receiver<unknown>(text), 1), ['x'])
    },
  },
  {
    id: 'text-delete',
    title: 'delete: receiver removes the node when its receiver closes',
    needs: ['declare', 'delete', 'inspect'],
    async run(c) {
      const orders = c.queue()
      const receiver = await c.connection.receiver(`${orders.name}; {create: always, delete: receiver}`)
      assert.ok(await c.connection.admin.inspect(orders), 'the node was made')
      await receiver.close()
      assert.equal(await c.connection.admin.inspect(orders), undefined)
    },
  },
  {
    id: 'text-assert',
    title: 'assert: always is ADDRESS_MISMATCH when the node is of another kind',
    needs: ['declare', 'topic'],
    async run(c) {
      const orders = c.queue()
      await c.connection.send(orders, 'x')
      await fails(c.connection.receiver(`${orders.name}; {assert: always, node: {type: topic}}`), [
        'ADDRESS_MISMATCH',
        'ADDRESS_NOT_FOUND',
      ])
      const right = await c.connection.receiver<unknown>(
        `${orders.name}; {assert: always, node: {type: queue}}`,
      )
      assert.equal((await take(right)).body, 'x')
    },
  },
  {
    id: 'malformed',
    title: 'wrong address text throws ADDRESS_MALFORMED from address() itself, with line and column',
    async run() {
      for (const text of [
        'orders; {create: always',
        'orders; {create}',
        'orders; always',
        "orders; {a: 'x}",
      ]) {
        const error = await fails(() => address(text), 'ADDRESS_MALFORMED')
        assert.match(error.message, /line:\d+,\d+/, text)
      }
    },
  },
  {
    id: 'wrong-option',
    title: 'an unknown or unusable option in an address string is ADDRESS_OPTION_INVALID, naming it',
    async run() {
      const unknown = await fails(() => address('orders; {creat: always}'), 'ADDRESS_OPTION_INVALID')
      assert.match(unknown.message, /creat/)
      const unusable = await fails(() => address('orders; {create: sometimes}'), 'ADDRESS_OPTION_INVALID')
      assert.match(unusable.message, /sometimes/)
    },
  },
  {
    id: 'builder-option',
    title: 'a misspelt option in a builder is CONFIG_INVALID, naming it and the nearest known one',
    async run() {
      const error = await fails(() => queue('orders', { maxDeliverys: 3 } as object), 'CONFIG_INVALID')
      assert.match(error.message, /maxDeliverys/)
      assert.match(`${error.message} ${error.hint}`, /maxDeliveries/)
      await fails(() => queue('orders', { create: 'sometimes' as never }), 'CONFIG_INVALID')
      await assert.rejects(async () => queue('orders', { durable: 'yes' as never }), TypeError)
    },
  },
  {
    id: 'parse-format',
    title: 'parseAddress and formatAddress are inverse to each other',
    async run() {
      for (const text of [
        'plain',
        'name/sub.*',
        "'my queue'/s; {create: always}",
        'q; {node: {type: topic, x: [1, 2]}}',
      ]) {
        const parts = parseAddress(text)
        assert.deepEqual(parseAddress(formatAddress(parts)), parts)
      }
    },
  },
  {
    id: 'values',
    title: 'addresses are plain frozen values that need no connection and can be shared',
    async run(c) {
      const shared = c.queue<string>()
      assert.ok(Object.isFrozen(shared), 'the address is frozen')
      const other = await c.connect()
      await other.send(shared, 'a')
      await c.connection.send(shared, 'b')
      assert.equal((await bodies(await c.connection.receiver(shared), 2)).length, 2)
    },
  },
  {
    id: 'reply-to-string',
    title: 'replyTo is an address string that can be sent to as it is',
    async run(c) {
      const [asks, answers] = [c.queue<string>('asks'), c.queue<string>('my answers/1')]
      const back = await c.connection.receiver(answers)
      await c.connection.send(asks, 'q', { replyTo: formatAddress({ name: answers.name, options: {} }) })
      const request = await take(await c.connection.receiver(asks))
      await c.connection.send(request.replyTo!, 'a', { correlationId: request.id })
      const answer = await take(back)
      assert.deepEqual([answer.body, answer.correlationId], ['a', request.id])
    },
  },
  {
    id: 'selector',
    title: 'a selector lets through only what fits it',
    needs: ['selector'],
    async run(c) {
      const orders = c.queue<string>()
      const sender = await c.connection.sender(orders)
      await sender.send('cheap', { properties: { price: 5 } })
      await sender.send('dear', { properties: { price: 50 } })
      const receiver = await c.connection.receiver<unknown>(
        `${orders.name}; {link: {selector: 'price > 10'}}`,
      )
      assert.deepEqual(await allBodies(receiver), ['dear'])
      await receiver.close()
      assert.deepEqual(await allBodies(await c.connection.receiver(orders)), ['cheap'])
    },
  },
  {
    id: 'bindings',
    title: 'a queue bound to a topic in its address gets what fits the binding',
    needs: ['bindings', 'topic'],
    async run(c) {
      const news = c.topic<string>()
      const inbox = c.queue<string>('inbox')
      await c.connection.admin.declare(news)
      const text = `${inbox.name}; {create: always, node: {x-bindings: [{exchange: '${news.name}', key: 'a.*'}]}}`
      const receiver = await c.connection.receiver<unknown>(text)
      const sender = await c.connection.sender(news)
      for (const subject of ['a.b', 'b.b', 'a.c']) await sender.send(subject, { subject })
      assert.deepEqual(await allBodies(receiver), ['a.b', 'a.c'])
    },
  },
  {
    id: 'text-reliability',
    title: "an address string with 'reliability: at-most-once' accepts before it hands over",
    async run(c) {
      const orders = c.queue<string>()
      await c.connection.send(orders, 'x')
      const receiver = await c.connection.receiver<unknown>(
        `${orders.name}; {link: {reliability: at-most-once}}`,
      )
      assert.equal((await take(receiver)).settled, true)
      await receiver.close()
      await nothing(await c.connection.receiver(orders))
    },
  },
  {
    id: 'wrong-use',
    title: 'what is no address, or no address for this use, is a TypeError or ADDRESS_MALFORMED, at once',
    async run(c) {
      await assert.rejects(c.connection.sender(42 as never), TypeError)
      await assert.rejects(c.connection.receiver({} as never), TypeError)
      await assert.rejects(c.connection.receiver(c.service() as never))
    },
  },
])
