/**
 * Options of address strings: each acts, or is refused with NOT_SUPPORTED that names it. None is dropped in silence, whatever the
 * broker. The policies, selectors and bindings have cases of their own in `addresses.ts`.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { isMessagingError, queue, type Receiver, type SubscriptionAddress, topic } from 'sluice'
import { type CaseDefinition, chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { allBodies, bodies, eventually, fails, nothing, take } from '../../expect.ts'

/** A case that an adapter may refuse, when it names the option. */
function option(id: string, name: string, title: string, run: CaseDefinition['run']): CaseDefinition {
  return {
    id,
    title: `${name}: ${title}`,
    needs: ['declare', 'inspect', 'delete', 'topic'],
    async run(c) {
      try {
        await run(c)
      } catch (error) {
        if (!isMessagingError(error, 'NOT_SUPPORTED')) throw error
        namesOption(error, name)
      }
    },
  }
}

/** A case that every adapter must refuse: there is nothing that could obey. */
function refusedEverywhere(id: string, name: string, text: string): CaseDefinition {
  return {
    id,
    title: `${name}: refused by name, since nothing would obey`,
    needs: ['declare', 'delete', 'topic'],
    run: async (c) =>
      namesOption(await fails(c.connection.receiver(`${own(c, text)}; ${text}`), 'NOT_SUPPORTED'), name),
  }
}

function namesOption({ message }: Error, name: string): void {
  const leaf = name.split('.').at(-1)!
  assert.ok(message.includes(leaf), `the refusal does not name ${leaf}: ${message}`)
}

/** A name whose node is removed after the case, of the kind the options speak of. */
function own(c: CaseContext, text: string): string {
  return (text.includes('type: topic') ? c.topic() : c.queue()).name
}

/** Looking may count as use, so the looks are further apart than the life of what is to go. */
async function goes(c: CaseContext, node: string | SubscriptionAddress<unknown>, lifeMs = 0): Promise<void> {
  await eventually(async () => {
    if (lifeMs > 0) await pause(lifeMs * 1.5)
    return (await c.connection.admin.inspect(node)) === undefined
  }, 'the node is gone')
}

/** Attaches by `text`, and shows that a second receiver is refused. */
async function alone(c: CaseContext, text: string): Promise<void> {
  await c.connection.receiver(text)
  await fails((await c.connect()).receiver(text), 'UNAUTHORIZED')
}

/** Sends more than `most` messages: those beyond are refused, or not kept where a broker does not tell who publishes. */
async function keepsAtMost(c: CaseContext, most: number, to: string, from: () => Promise<Receiver<unknown>>) {
  const sender = await c.connection.sender(to)
  for (let at = 0; at < most + 2; at++) {
    await sender.send(at, { subject: 'a' }).catch((error) => assert.equal(error.code, 'SEND_REJECTED'))
  }
  const kept = await allBodies(await from())
  assert.ok(kept.length > 0 && kept.length <= most, `${kept.length} messages were kept`)
}

/** A subscription of `news` by an address string with this `link`, and the text. */
async function subscribed(
  c: CaseContext,
  link: string,
): Promise<{ news: string; text: string; receiver: Receiver<unknown> }> {
  const news = c.topic().name
  const text = `${news}; {create: always, node: {type: topic}, link: ${link}}`
  if (link.includes('name: s')) c.own(topic(news).subscription('s'))
  return { news: `${news}; {node: {type: topic}}`, text, receiver: await c.connection.receiver(text) }
}

async function isDurable(c: CaseContext, text: string): Promise<void> {
  const name = own(c, text)
  await (await c.connection.receiver(`${name}; ${text}`)).close()
  await fails(c.connection.admin.declare(queue(name, { durable: false })), 'ADDRESS_MISMATCH')
}

const nodeOptions: CaseDefinition[] = [
  option('mode', 'mode', 'browse looks and leaves all where it is', async (c) => {
    const orders = c.queue()
    await c.connection.send(orders, 'x')
    const receiver = await c.connection.receiver(`${orders.name}; {mode: browse}`)
    assert.equal((await take(receiver)).body, 'x')
    await receiver.close()
    assert.deepEqual(await bodies(await c.connection.receiver(orders), 1), ['x'])
  }),
  option('durable', 'node.durable', 'the node is declared durable', (c) =>
    isDurable(c, '{create: always, node: {durable: True}}'),
  ),
  option('declare-durable', 'node.x-declare.durable', 'the same', (c) =>
    isDurable(c, '{create: always, node: {x-declare: {durable: True}}}'),
  ),
  option(
    'auto-delete',
    'node.x-declare.auto-delete',
    'deleted with its last receiver, not when it pauses',
    async (c) => {
      const { name } = c.queue<number>()
      const text = `${name}; {create: always, node: {x-declare: {auto-delete: True}}}`
      const receiver = await c.connection.receiver<unknown>(text)
      const sender = await c.connection.sender(name)
      for (const at of [0, 1]) await sender.send(at)
      for await (const delivery of receiver) {
        await delivery.accept()
        break
      }
      assert.deepEqual(await bodies(receiver, 1), [1])
      await receiver.close()
      await goes(c, name)
    },
  ),
  option('exclusive', 'node.x-declare.exclusive', 'a second receiver is refused', (c) =>
    alone(c, `${c.queue().name}; {create: always, node: {x-declare: {exclusive: True}}}`),
  ),
  option('alternate-exchange', 'node.x-declare.alternate-exchange', 'gets what is rejected', async (c) => {
    const [orders, aside] = [c.queue(), c.queue('aside')]
    const text = `${orders.name}; {create: always, node: {x-declare: {alternate-exchange: '${aside.name}'}}}`
    const receiver = await c.connection.receiver<unknown>(text)
    await c.connection.send(orders.name, 'bad')
    await (await take(receiver)).reject('no')
    assert.deepEqual(await bodies(await c.connection.receiver(aside), 1), ['bad'])
  }),
  option('max-count', 'node.x-declare.arguments.qpid.max_count', 'one more is refused', async (c) => {
    const text = `${c.queue().name}; {create: always, node: {x-declare: {arguments: {'qpid.max_count': 2}}}}`
    const sender = await c.connection.sender(text)
    for (const at of [0, 1]) await sender.send(at)
    await fails(sender.send(2), 'SEND_REJECTED')
  }),
  option(
    'auto-delete-timeout',
    'node.x-declare.arguments.qpid.auto_delete_timeout',
    'unused, it goes',
    async (c) => {
      const { name } = c.queue()
      const timeout = "{arguments: {'qpid.auto_delete_timeout': 1}}"
      await (await c.connection.receiver(`${name}; {create: always, node: {x-declare: ${timeout}}}`)).close()
      await goes(c, name, 1_000)
    },
  ),
  option('topic-type', 'node.x-declare.type', 'a direct topic takes a pattern as it stands', async (c) => {
    const { name } = c.topic()
    const text = `${name}/a.*; {create: always, node: {type: topic, x-declare: {type: direct}}}`
    const receiver = await c.connection.receiver<unknown>(text)
    const sender = await c.connection.sender(`${name}; {node: {type: topic}}`)
    for (const subject of ['a.b', 'a.*']) await sender.send(subject, { subject })
    assert.deepEqual(await allBodies(receiver), ['a.*'])
  }),
  option(
    'topic-auto-delete',
    'node.x-declare.auto-delete',
    'a topic goes with its last receiver',
    async (c) => {
      const { name } = c.topic()
      const text = `${name}; {create: always, node: {type: topic, x-declare: {auto-delete: True}}}`
      await (await c.connection.receiver(text)).close()
      await goes(c, name)
    },
  ),
  option('binding-arguments', 'node.x-bindings.arguments', 'decide what comes', async (c) => {
    const [headers, inbox] = [c.topic('headers').name, c.queue('inbox').name]
    const made = `${headers}; {create: always, node: {type: topic, x-declare: {type: headers}}}`
    const sender = await c.connection.sender(made).catch(async (error) => {
      namesOption(error, 'x-declare.type')
      return c.connection.sender(`${headers}; {create: always, node: {type: topic}}`)
    })
    const binding = `{exchange: '${headers}', key: k, arguments: {x-match: all, kind: good}}`
    const text = `${inbox}; {create: always, node: {x-bindings: [${binding}]}}`
    const receiver = await c.connection.receiver<unknown>(text)
    for (const kind of ['bad', 'good']) await sender.send(kind, { properties: { kind } })
    assert.deepEqual(await allBodies(receiver), ['good'])
  }),
  option('binding-queue', 'node.x-bindings.queue', 'a topic can name the queue', async (c) => {
    const inbox = c.queue('inbox')
    await c.connection.admin.declare(inbox)
    const news = `${c.topic().name}; {create: always, node: {type: topic, x-bindings: [{queue: '${inbox.name}', key: 'a.*'}]}}`
    const sender = await c.connection.sender(news)
    for (const subject of ['a.b', 'b.b']) await sender.send(subject, { subject })
    assert.deepEqual(await allBodies(await c.connection.receiver<unknown>(inbox)), ['a.b'])
  }),
  refusedEverywhere('declare-unknown', 'node.x-declare.foo', '{create: always, node: {x-declare: {foo: 1}}}'),
  refusedEverywhere(
    'topic-declare-unknown',
    'node.x-declare.foo',
    '{create: always, node: {type: topic, x-declare: {foo: 1}}}',
  ),
  refusedEverywhere(
    'queue-type',
    'node.x-declare.type',
    '{create: always, node: {x-declare: {type: direct}}}',
  ),
  refusedEverywhere(
    'topic-exclusive',
    'node.x-declare.exclusive',
    '{create: always, node: {type: topic, x-declare: {exclusive: True}}}',
  ),
]

const linkOptions: CaseDefinition[] = [
  option(
    'link-durable',
    'link.durable',
    'a subscription that survives the broker is another one',
    async (c) => {
      const { text, receiver } = await subscribed(c, '{name: s, durable: True}')
      await receiver.close()
      const other = text.replace('durable: True', 'durable: False')
      await fails(c.connection.receiver(other), 'ADDRESS_MISMATCH')
    },
  ),
  option(
    'link-max-count',
    'link.x-declare.arguments.qpid.max_count',
    'of a named subscription',
    async (c) => {
      const limit = "{name: s, x-declare: {arguments: {'qpid.max_count': 2}}}"
      const { news, text, receiver } = await subscribed(c, limit)
      await receiver.close()
      await keepsAtMost(c, 2, news, () => c.connection.receiver(text))
    },
  ),
  option('live-max-count', 'link.x-declare.arguments.qpid.max_count', 'of a live one', async (c) => {
    const news = c.topic().name
    const limit = "{x-declare: {arguments: {'qpid.max_count': 2}}}"
    const text = `${news}; {create: always, node: {type: topic}, link: ${limit}}`
    const receiver = await c.connection.receiver(text, { credit: 1 })
    await c.connection.send(text, 'held', { subject: 'a' })
    const held = await take(receiver)
    await keepsAtMost(c, 2, `${news}; {node: {type: topic}}`, async () => {
      // All of them have come as far as they can.
      await nothing(receiver)
      await held.accept()
      return receiver
    })
  }),
  option('link-timeout', 'link.timeout', 'how long a subscription waits for its receiver', async (c) => {
    const { receiver, news } = await subscribed(c, '{name: s, timeout: 1}')
    await receiver.close()
    const subscription = topic(news.split(';')[0]!).subscription('s')
    await goes(c, subscription, 1_000)
  }),
  option(
    'link-alternate-exchange',
    'link.x-declare.alternate-exchange',
    'gets what a subscription rejects',
    async (c) => {
      const aside = c.queue('aside')
      const { news, receiver } = await subscribed(
        c,
        `{name: s, x-declare: {alternate-exchange: '${aside.name}'}}`,
      )
      await c.connection.send(news, 'bad', { subject: 'a' })
      await (await take(receiver)).reject('no')
      assert.deepEqual(await bodies(await c.connection.receiver<unknown>(aside), 1), ['bad'])
    },
  ),
  option('link-exclusive', 'link.x-declare.exclusive', 'one receiver of a named subscription', async (c) => {
    const { text } = await subscribed(c, '{name: s, x-declare: {exclusive: True}}')
    await fails((await c.connect()).receiver(text), 'UNAUTHORIZED')
  }),
  option('other-topic', 'link.x-bindings', 'keys of another topic', async (c) => {
    const other = c.topic<string>('other')
    await c.connection.admin.declare(other)
    const { news, receiver } = await subscribed(
      c,
      `{x-bindings: [{key: 'a'}, {exchange: '${other.name}', key: 'b'}]}`,
    )
    await c.connection.send(news, 'own', { subject: 'a' })
    await c.connection.send(other, 'other', { subject: 'b' })
    await c.connection.send(other, 'neither', { subject: 'a' })
    assert.deepEqual((await allBodies(receiver)).sort(), ['other', 'own'])
  }),
  option('own-keys', 'link.x-bindings', 'keys of the topic itself', async (c) => {
    const { news, receiver } = await subscribed(c, '{x-bindings: [{key: a}, {key: b}]}')
    const sender = await c.connection.sender(news)
    for (const subject of ['a', 'c', 'b']) await sender.send(subject, { subject })
    assert.deepEqual(await allBodies(receiver), ['a', 'b'])
  }),
  option('subscribe-exclusive', 'link.x-subscribe.exclusive', 'a second receiver is refused', async (c) => {
    const orders = c.queue()
    await c.connection.admin.declare(orders)
    await alone(c, `${orders.name}; {link: {x-subscribe: {exclusive: True}}}`)
  }),
  option(
    'subscribe-arguments',
    'link.x-subscribe.arguments',
    'a receiver of higher priority comes first',
    async (c) => {
      const orders = c.queue<number>()
      const other = await c.connection.receiver(orders)
      const first = await c.connection.receiver<unknown>(
        `${orders.name}; {link: {x-subscribe: {arguments: {x-priority: 5}}}}`,
      )
      const sender = await c.connection.sender(orders)
      for (const at of [0, 1, 2]) await sender.send(at)
      assert.deepEqual(await bodies(first, 3), [0, 1, 2])
      await nothing(other)
    },
  ),
  {
    id: 'link-not-node',
    title: 'what is said of a subscription does not reach a queue that is made for want of a type',
    needs: ['declare', 'inspect'],
    async run(c) {
      const { name } = c.queue()
      const limits =
        "{timeout: 0.1, x-declare: {alternate-exchange: 'aside', arguments: {'qpid.max_count': 1}}}"
      for (const link of [limits, limits.replace('{', '{name: s, ')]) {
        const receiver = await c.connection.receiver(`${name}; {create: always, link: ${link}}`)
        await receiver.close()
        // The same queue as without: nothing of the link is among its settings.
        await c.connection.admin.declare(queue(name, { durable: false }))
      }
      const sender = await c.connection.sender(name)
      for (const at of [0, 1]) await sender.send(at)
      const receiver = await c.connection.receiver(name)
      assert.deepEqual(await bodies(receiver, 2), [0, 1])
    },
  },
  refusedEverywhere(
    'link-unknown',
    'link.x-declare.foo',
    '{create: always, node: {type: topic}, link: {x-declare: {foo: 1}}}',
  ),
  refusedEverywhere(
    'link-type',
    'link.x-declare.type',
    '{create: always, node: {type: topic}, link: {x-declare: {type: direct}}}',
  ),
  refusedEverywhere(
    'link-auto-delete',
    'link.x-declare.auto-delete',
    '{create: always, node: {type: topic}, link: {name: s, x-declare: {auto-delete: True}}}',
  ),
  refusedEverywhere(
    'subscribe-unknown',
    'link.x-subscribe.foo',
    '{create: always, link: {x-subscribe: {foo: 1}}}',
  ),
  refusedEverywhere(
    'link-binding-queue',
    'link.x-bindings.queue',
    '{create: always, node: {type: topic}, link: {x-bindings: [{queue: other, key: a}]}}',
  ),
]

export const addressOptionsChapter = chapter('address-options', [...nodeOptions, ...linkOptions])
