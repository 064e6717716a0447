import { describe, expect, test } from 'vitest'
import { RabbitmqBrowser } from '../../../../src/adapters/rabbitmq/receive/browser.ts'
import { LinkLife } from '../../../../src/adapters/rabbitmq/wire/link-life.ts'
import type { Session } from '../../../../src/adapters/rabbitmq/wire/session.ts'
import { MessagingError } from '../../../../src/model/errors.ts'
import { eventually } from '../../../support/eventually.ts'
import { Fixture, Inbox, message, rejection, sendOk, text, texts } from '../fixture.ts'
import { management } from '../peers/management-peer.ts'

const fixture = new Fixture()

describe('browsing', () => {
  test('shows every waiting message in order, twice the same, and takes none', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const bodies = Array.from({ length: 57 }, (_, n) => `${n}`)
    for (const body of bodies) await sendOk(sender, message(body, { properties: { n: Number(body) } }))
    for (let round = 0; round < 2; round++) {
      const seen = await fixture.browse(node, { credit: 5 })
      expect(texts(seen)).toEqual(bodies)
      expect(seen[9]!.message.properties.n).toBe(9)
      // All is in place when the end was told: the next look and the next receiver find everything.
      expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 57 })
    }
    const { inbox } = await fixture.receiver(node)
    expect(texts(await inbox.take(57))).toEqual(bodies)
  })

  test('larger priorities first, as they would be received', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (const priority of [1, 9, 5]) await sendOk(sender, message(`${priority}`, { priority }))
    expect(texts(await fixture.browse(node))).toEqual(['9', '5', '1'])
    expect(texts(await fixture.browse(node))).toEqual(['9', '5', '1'])
  })

  test('hands over no more than its window, and stops when it is closed half way', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (let n = 0; n < 10; n++) await sendOk(sender, message(`${n}`))
    const { receiver, inbox } = await fixture.receiver(node, { mode: 'browse', credit: 3 })
    await inbox.until(() => inbox.deliveries.length === 3)
    await receiver.flush()
    expect(texts(inbox.deliveries)).toEqual(['0', '1', '2'])
    receiver.accept(inbox.deliveries[0]!)
    await inbox.until(() => inbox.deliveries.length === 4)
    await receiver.close()
    expect(inbox.ended).toBe(0)
    expect(texts(await fixture.browse(node))).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  test('ends at once on an empty queue, and shows no more than waited when it began', async () => {
    const node = await fixture.node()
    expect(await fixture.browse(node)).toEqual([])
    const sender = await fixture.sender(node)
    await sendOk(sender, message('old'))
    const { receiver, inbox } = await fixture.receiver(node, { mode: 'browse', credit: 1 })
    await sendOk(sender, message('new'))
    receiver.accept(await inbox.next())
    await inbox.until(() => inbox.ended > 0)
    expect(texts(inbox.deliveries)).toEqual(['old'])
    await receiver.close()
    expect(inbox.ended).toBe(1)
  })

  test('the declared side effect: afterwards the messages count as redelivered', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    await sendOk(sender)
    await fixture.browse(node)
    const { inbox } = await fixture.receiver(node)
    expect(await inbox.next()).toMatchObject({ redelivered: true, deliveryCount: 2 })
  })

  test('one whose connection was lost while it was made ends with its first look', async () => {
    const node = await fixture.node()
    await sendOk(await fixture.sender(node))
    const channel = await fixture.bare.createChannel()
    const error = (cause: unknown) => new MessagingError('CONNECTION_LOST', String(cause))
    const session = { alive: false, links: new Set(), error } as unknown as Session
    const events = new Inbox()
    const life = new LinkLife(session, events)
    await life.close()
    await channel.close()
    const parts = { session, life, channel, events, queue: node.name, label: node.name, takes: false }
    const browser = new RabbitmqBrowser({ ...parts, kind: 'plain' }, 5, 1)
    browser.start()
    // Looks that never end would let nothing else happen in this process.
    await new Promise((resolve) => setTimeout(resolve, 20))
    await browser.flush()
    expect(events.deliveries).toEqual([])
  })

  test('a queue that counts deliveries is refused, whoever made it, and left alone', async () => {
    const ours = await fixture.node({
      maxDeliveries: 3,
      deadLetter: { name: fixture.name('dl'), type: 'queue' },
    })
    const sender = await fixture.sender(ours)
    await sendOk(sender)
    const limits = {
      maxDeliveries: 3,
      deadLetter: undefined,
      maxLength: undefined,
      ttlMs: undefined,
      expiresMs: undefined,
      native: {},
    }
    expect(await rejection(fixture.receiver(ours, { mode: 'browse', limits }))).toMatchObject({
      code: 'NOT_SUPPORTED',
    })
    expect(await rejection(fixture.receiver(ours, { mode: 'browse' }))).toMatchObject({
      code: 'NOT_SUPPORTED',
    })
    const theirs = fixture.name('foreign')
    fixture.remove({ name: theirs, type: 'queue' })
    await fixture.channel.assertQueue(theirs, {
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-delivery-limit': 2,
        'x-message-ttl': 60_000,
        'x-max-length': 50,
      },
    })
    expect(
      await rejection(fixture.receiver({ name: theirs, type: 'queue' }, { mode: 'browse' })),
    ).toMatchObject({
      code: 'NOT_SUPPORTED',
    })
    const { inbox } = await fixture.receiver(ours)
    expect((await inbox.next()).deliveryCount).toBe(1)
  })

  test('queues of other clients of any kind can be looked into', async () => {
    const kinds: Record<string, unknown>[] = [
      {},
      { 'x-max-priority': 3, 'x-message-ttl': 60_000, 'x-dead-letter-exchange': 'nowhere' },
      { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 },
      { 'x-queue-type': 'classic', 'x-queue-mode': 'lazy' },
      { 'x-single-active-consumer': true, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': '7' },
    ]
    if (fixture.majorVersion < 4) kinds.push({ 'x-queue-type': 'quorum' })
    for (const args of kinds) {
      const name = fixture.name('foreign')
      fixture.remove({ name, type: 'queue' })
      await fixture.channel.assertQueue(name, { durable: true, arguments: args })
      fixture.channel.sendToQueue(name, Buffer.from('1'))
      fixture.channel.sendToQueue(name, Buffer.from('2'))
      await fixture.channel.waitForConfirms()
      expect(texts(await fixture.browse({ name, type: 'queue' }))).toEqual(['1', '2'])
    }
    const transient = fixture.name('transient')
    fixture.remove({ name: transient, type: 'queue' })
    await fixture.channel.assertQueue(transient, { durable: false })
    expect(await fixture.browse({ name: transient, type: 'queue' })).toEqual([])
    const ending = fixture.name('auto-delete')
    await fixture.channel.assertQueue(ending, { autoDelete: true })
    expect(await fixture.browse({ name: ending, type: 'queue' })).toEqual([])
    await fixture.channel.deleteQueue(ending)
  })

  test.skipIf(!management)(
    'a limit that only a policy sets is seen by the management plugin; without it, a warning tells',
    async () => {
      const name = fixture.name('policy')
      const node = { name, type: 'queue' } as const
      const policy = `policies/%2f/${encodeURIComponent(name)}`
      const definition = { 'delivery-limit': 1 }
      await management!.call('PUT', policy, { pattern: `^${name}$`, definition, 'apply-to': 'queues' })
      fixture.atEnd(() => management!.call('DELETE', policy))
      fixture.remove(node)
      // From 4 on a queue without a limit of its own is refused for the broker's own.
      const args = { 'x-queue-type': 'quorum', 'x-delivery-limit': 2_000_000_000 }
      await fixture.channel.assertQueue(name, { durable: true, arguments: args })
      fixture.channel.sendToQueue(name, Buffer.from('kept'))
      await fixture.channel.waitForConfirms()
      const managementUrl = process.env.SLUICE_TEST_RABBITMQ_MANAGEMENT
      const { connection } = await fixture.connect({ native: { managementUrl } })
      for (let look = 0; look < 3; look++) {
        const refused = fixture.receiver(node, { mode: 'browse' }, connection)
        expect(await rejection(refused)).toMatchObject({ code: 'NOT_SUPPORTED' })
      }
      await fixture.channel.assertQueue(`${name}-free`, { durable: true, arguments: args })
      fixture.remove({ ...node, name: `${name}-free` })
      // Not told yet is no refusal for good.
      await eventually(
        async () => {
          const { receiver } = await fixture.receiver(
            { ...node, name: `${name}-free` },
            { mode: 'browse' },
            connection,
          )
          await receiver.close()
          return true
        },
        { timeoutMs: 60_000 },
      )
      const blind = await fixture.connect()
      for (let look = 0; look < 2; look++) {
        const { receiver } = await fixture.receiver(node, { mode: 'browse', credit: 0 }, blind.connection)
        await receiver.close()
      }
      expect(blind.reports.warnings).toMatchObject([
        { code: 'NOT_SUPPORTED', hint: expect.stringContaining('managementUrl'), context: { address: name } },
      ])
      const { inbox } = await fixture.receiver(node)
      expect(text(await inbox.next())).toBe('kept')
    },
    120_000,
  )

  test('thirty looks into a quorum queue that others made with the broker’s own limit leave its messages there', async () => {
    const name = fixture.name('foreign')
    fixture.remove({ name, type: 'queue' })
    await fixture.channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    fixture.channel.sendToQueue(name, Buffer.from('1'))
    await fixture.channel.waitForConfirms()
    for (let look = 0; look < 30; look++) {
      // From 4 on such a queue gives a message up after 20 deliveries: it is not looked into at all.
      const seen = fixture.browse({ name, type: 'queue' })
      if (fixture.majorVersion < 4) expect(texts(await seen)).toEqual(['1'])
      else expect(await rejection(seen)).toMatchObject({ code: 'NOT_SUPPORTED' })
    }
    const { inbox } = await fixture.receiver({ name, type: 'queue' })
    expect(text(await inbox.next())).toBe('1')
  })

  test('a named subscription can be looked into, a topic keeps nothing to look at', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    const subscription = { name: 's', durable: true }
    fixture.remove({ ...topic, subscription: 's' })
    const { receiver } = await fixture.receiver(topic, { subscription })
    await receiver.close()
    const sender = await fixture.sender(topic)
    await sendOk(sender, message('kept', { subject: 'a.b' }))
    const [seen] = await fixture.browse(topic, { subscription })
    expect(text(seen!)).toBe('kept')
    expect(seen!.message.subject).toBe('a.b')
    expect(await rejection(fixture.receiver(topic, { mode: 'browse' }))).toMatchObject({
      code: 'NOT_SUPPORTED',
    })
  })

  test('deleting the queue meanwhile ends the browser with an error, not a hang', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (let n = 0; n < 3; n++) await sendOk(sender)
    const { receiver, inbox } = await fixture.receiver(node, { mode: 'browse', credit: 1 })
    const first = await inbox.next()
    await fixture.connection.delete(node)
    receiver.accept(first)
    await inbox.until(() => inbox.detaches.length > 0)
    expect(inbox.detaches).toMatchObject([{ code: 'ADDRESS_NOT_FOUND' }])
  })
})
