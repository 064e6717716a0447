import { describe, expect, test } from 'vitest'
import {
  fingerprint,
  subscriptionParts,
  subscriptionQueue,
} from '../../../../src/adapters/rabbitmq/nodes/topology.ts'
import { topicIsThere } from '../../../../src/adapters/rabbitmq/receive/subscriptions.ts'
import { Scratch } from '../../../../src/adapters/rabbitmq/wire/scratch.ts'
import { NO_LIMITS } from '../../../../src/contract/adapter.ts'
import { Fixture, message, receiverSpec, rejection, send, sendOk, texts } from '../fixture.ts'

const fixture = new Fixture()

describe('live subscriptions', () => {
  test('the very next publish arrives; one copy however many patterns fit', async () => {
    const node = await fixture.node({ type: 'topic' })
    const sender = await fixture.sender(node)
    for (let round = 0; round < 20; round++) {
      const { inbox, receiver } = await fixture.receiver(node, { patterns: ['us.*', '#.weather', '#'] })
      await sendOk(sender, message(`${round}`, { subject: 'us.weather' }))
      await inbox.next()
      await receiver.flush()
      expect(texts(inbox.deliveries)).toEqual([`${round}`])
      await receiver.close()
    }
  })

  test('only fitting subjects: * is one word, # any number', async () => {
    const node = await fixture.node({ type: 'topic' })
    const sender = await fixture.sender(node)
    const { inbox, receiver } = await fixture.receiver(node, { patterns: ['us.*', '#.weather'] })
    for (const subject of ['us.news', 'us', 'us.a.b', 'weather', 'eu.de.weather', 'eu.news', undefined]) {
      await sendOk(sender, message(`${subject}`, { subject }))
    }
    await receiver.flush()
    expect(texts(inbox.deliveries)).toEqual(['us.news', 'weather', 'eu.de.weather'])
  })

  test('broadcast reaches everyone attached now, the sender too; nobody is no error', async () => {
    const node = await fixture.node({ type: 'broadcast', durable: true })
    const sender = await fixture.sender(node)
    expect(await send(sender, message('nobody'))).toBeUndefined()
    const receivers = await Promise.all([1, 2, 3].map(() => fixture.receiver(node)))
    await sendOk(sender, message('all', { subject: 'any' }))
    for (const { inbox } of receivers) expect(texts([await inbox.next()])).toEqual(['all'])
  })

  test('nothing of it is left after close, or after flow 0', async () => {
    const node = await fixture.node({ type: 'topic' })
    const { receiver } = await fixture.receiver(node)
    const queue = receiver.address!
    expect(await fixture.connection.inspect({ name: queue, type: 'queue' })).toMatchObject({ receivers: 1 })
    receiver.flow(0)
    await receiver.flush()
    expect(await fixture.connection.inspect({ name: queue, type: 'queue' })).toMatchObject({ receivers: 0 })
    receiver.flow(5)
    await receiver.flush()
    await receiver.close()
    expect(await fixture.connection.inspect({ name: queue, type: 'queue' })).toBeUndefined()
  })

  test('a copy sent to the receiver’s own address reaches this subscription only, subject and all', async () => {
    const node = await fixture.node({ type: 'topic' })
    const first = await fixture.receiver(node)
    const second = await fixture.receiver(node)
    const anonymous = await fixture.sender(undefined)
    await sendOk(
      anonymous,
      message('again', { to: first.receiver.address, subject: 'us.weather', delayMs: 20 }),
    )
    const delivery = await first.inbox.next()
    expect(delivery.message.subject).toBe('us.weather')
    await second.receiver.flush()
    expect(second.inbox.deliveries).toEqual([])
  })

  test('a topic that does not exist is ADDRESS_NOT_FOUND, for senders and receivers', async () => {
    const missing = { name: fixture.name(), type: 'topic' } as const
    expect(await rejection(fixture.sender(missing))).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
    expect(await rejection(fixture.receiver(missing))).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  })

  test('a topic deleted behind the sender ends its link with ADDRESS_NOT_FOUND, never silence', async () => {
    const node = await fixture.node({ type: 'topic' })
    const sender = await fixture.sender(node)
    await sendOk(sender)
    await fixture.channel.deleteExchange(node.name)
    // The only one under way: so it is the one that was refused.
    expect(await send(sender)).toMatchObject({ code: 'SEND_UNROUTABLE' })
    expect(sender.detaches).toMatchObject([{ code: 'ADDRESS_NOT_FOUND' }])
  })

  test('direct, fanout and headers exchanges by native option', async () => {
    const direct = await fixture.node({ type: 'topic', native: { exchangeType: 'direct' } })
    const toDirect = await fixture.sender(direct)
    const limits = { ...NO_LIMITS, native: direct.native }
    const { inbox, receiver } = await fixture.receiver(direct, { patterns: ['a', 'b'], limits })
    for (const subject of ['a', 'c', 'b']) await sendOk(toDirect, message(subject, { subject }))
    await receiver.flush()
    expect(texts(inbox.deliveries)).toEqual(['a', 'b'])

    const headers = await fixture.node({ type: 'topic', native: { exchangeType: 'headers' } })
    const toHeaders = await fixture.sender(headers)
    const binding = { key: '', arguments: { 'x-match': 'all', colour: 'red' } }
    const red = await fixture.receiver(headers, { link: { bindings: [binding] } })
    await sendOk(toHeaders, message('red', { properties: { colour: 'red' } }))
    await sendOk(toHeaders, message('blue', { properties: { colour: 'blue' } }))
    await red.receiver.flush()
    expect(texts(red.inbox.deliveries)).toEqual(['red'])
  })
})

describe('named subscriptions', () => {
  async function named(
    name: string,
    patterns: string[],
    node: { name: string; type: 'topic' | 'broadcast' },
  ) {
    fixture.remove({ ...node, subscription: name })
    return fixture.receiver(node, { patterns, subscription: { name, durable: true } })
  }

  test('retain while away and share the work', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    const sender = await fixture.sender(node)
    const { receiver } = await named('archive', ['#'], topic)
    await receiver.close()
    for (let n = 0; n < 10; n++) await sendOk(sender, message(`${n}`, { subject: 'a.b' }))
    expect(await fixture.connection.inspect({ ...topic, subscription: 'archive' })).toMatchObject({
      depth: 10,
    })
    const one = await fixture.receiver(topic, {
      patterns: ['#'],
      credit: 5,
      subscription: { name: 'archive', durable: true },
    })
    const two = await fixture.receiver(topic, {
      patterns: ['#'],
      credit: 5,
      subscription: { name: 'archive', durable: true },
    })
    const all = [...(await one.inbox.take(5)), ...(await two.inbox.take(5))]
    expect(texts(all).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  test('other patterns take the place of the old ones; what fits both is never missed', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    const sender = await fixture.sender(node)
    let publishing = true
    let published = 0
    const publisher = (async () => {
      while (publishing) await sendOk(sender, message(`${published++}`, { subject: 'both' }))
    })()
    let turn = 0
    for (const patterns of [['a', 'both'], ['both', 'b'], ['both', 'b'], ['both'], ['both', 'c']]) {
      const { receiver } = await named('s', patterns, topic)
      await receiver.close()
      if (turn++ === 0) published = 0
    }
    publishing = false
    await publisher
    for (const subject of ['a', 'b', 'c']) await sendOk(sender, message(subject, { subject }))
    const { inbox, receiver } = await named('s', ['both', 'c'], topic)
    await receiver.flush()
    for (const delivery of inbox.deliveries) receiver.accept(delivery)
    await receiver.flush()
    const got = inbox.deliveries.filter(({ message }) => message.subject === 'both')
    expect(got.length).toBeGreaterThan(10)
    const numbers = texts(got).map(Number)
    expect(numbers.slice(-published)).toEqual(Array.from({ length: published }, (_, n) => n))
    const others = inbox.deliveries.filter(({ message }) => message.subject !== 'both')
    expect(texts(others)).toEqual(['c'])
  })

  test('a change that died half way is repaired', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    const sender = await fixture.sender(node)
    const first = await named('s', ['a'], topic)
    await first.receiver.close()
    const queue = subscriptionQueue(node.name, 's')
    const { bindings, draft, record } = subscriptionParts(queue)
    await fixture.channel.deleteExchange(record)
    await fixture.channel.assertExchange(draft, 'fanout', { durable: true, autoDelete: true })
    await fixture.channel.bindQueue(queue, draft, '')
    await fixture.channel.bindExchange(draft, node.name, 'old1')
    await fixture.channel.bindExchange(bindings, node.name, 'old2')
    const { inbox, receiver } = await named('s', ['b'], topic)
    for (const subject of ['a', 'old1', 'old2', 'b']) await sendOk(sender, message(subject, { subject }))
    await receiver.flush()
    expect(texts(inbox.deliveries)).toEqual(['b'])
  })

  test('a look after the bindings does not undo what another member changes meanwhile', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    await named('s', ['a'], topic)
    const scratch = new Scratch(fixture.bare)
    const run = scratch.run.bind(scratch)
    let questions = 0
    let other: Awaited<ReturnType<typeof named>> | undefined
    scratch.run = async (work) => {
      const answer = await run(work)
      // Behind the third one it is known that the own bindings are in place.
      if (++questions === 3) other = await named('s', ['b'], topic)
      return answer
    }
    const own = receiverSpec(topic, { patterns: ['a'], subscription: { name: 's', durable: true } })
    expect(await topicIsThere(scratch, own, subscriptionQueue(node.name, 's'))).toBe(true)
    const sender = await fixture.sender(node)
    for (let n = 0; n < 4; n++) await sendOk(sender, message(`${n}`, { subject: 'b' }))
    await other!.inbox.next()
  })

  test('a queue deleted and made anew gets its bindings again', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    const first = await named('s', ['a'], topic)
    await first.receiver.close()
    await fixture.channel.deleteQueue(subscriptionQueue(node.name, 's'))
    // A record without its bindings, as a crash between the two could leave it.
    const { record } = subscriptionParts(subscriptionQueue(node.name, 's'))
    const alternateExchange = `${record}:${fingerprint([{ source: node.name, key: 'a', arguments: {} }])}`
    await fixture.channel.assertExchange(record, 'fanout', {
      durable: true,
      autoDelete: true,
      alternateExchange,
    })
    const { inbox } = await named('s', ['a'], topic)
    const sender = await fixture.sender(node)
    await sendOk(sender, message('x', { subject: 'a' }))
    await inbox.next()
  })

  test('many members that come at once, also with other patterns, leave one set of bindings and miss nothing', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    fixture.remove({ ...topic, subscription: 's' })
    const sender = await fixture.sender(node)
    const first = await named('s', ['both'], topic)
    await first.receiver.close()
    let publishing = true
    let published = 0
    const publisher = (async () => {
      while (publishing) await sendOk(sender, message(`${published++}`, { subject: 'both' }))
    })()
    const others = await Promise.all([1, 2, 3].map(() => fixture.connect()))
    for (let round = 0; round < 3; round++) {
      const members = await Promise.all(
        others.flatMap(({ connection }, n) =>
          [0, 1].map((m) =>
            fixture.receiver(
              topic,
              {
                patterns: ['both', `${(n + m + round) % 3}`],
                subscription: { name: 's', durable: true },
                credit: 0,
              },
              connection,
            ),
          ),
        ),
      )
      for (const { receiver } of members) await receiver.close()
    }
    publishing = false
    await publisher
    const { inbox, receiver } = await named('s', ['both', 'last'], topic)
    for (const subject of ['0', '1', '2', 'last']) await sendOk(sender, message(subject, { subject }))
    for (let seen = 0; seen < published + 1; seen++) receiver.accept(await inbox.next())
    await receiver.flush()
    expect(texts(inbox.deliveries)).toEqual([...Array.from({ length: published }, (_, n) => `${n}`), 'last'])
  })

  test('deleting one leaves no exchange behind', async () => {
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    const { receiver } = await named('s', ['a', 'b'], topic)
    await receiver.close()
    expect(await fixture.connection.delete({ ...topic, subscription: 's' })).toBe(true)
    expect(await fixture.connection.delete({ ...topic, subscription: 's' })).toBe(false)
    const queue = subscriptionQueue(node.name, 's')
    for (const part of Object.values(subscriptionParts(queue))) {
      expect(await fixture.connection.inspect({ name: part, type: undefined })).toBeUndefined()
    }
  })

  test('names never share a queue, however they are cut', () => {
    const pairs = [
      ['a', 'b'],
      ['a:subscription:b', 'c'],
      ['a', 'b:subscription:c'],
      ['a%3Asubscription', 'b'],
      ['x'.repeat(220), 'y'.repeat(220)],
      ['x'.repeat(220), `${'y'.repeat(219)}z`],
    ] as const
    const names = pairs.map(([topic, name]) => subscriptionQueue(topic, name))
    expect(new Set(names).size).toBe(pairs.length)
    expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBeLessThanOrEqual(205)
  })

  test('a broadcast can be subscribed to by name', async () => {
    const node = await fixture.node({ type: 'broadcast' })
    const broadcast = { name: node.name, type: 'broadcast' } as const
    const sender = await fixture.sender(node)
    const { receiver } = await named('log', ['#'], broadcast)
    await receiver.close()
    await sendOk(sender, message('kept'))
    const { inbox } = await named('log', ['#'], broadcast)
    expect(texts([await inbox.next()])).toEqual(['kept'])
  })
})
