import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { Hand, message, sent, Taken, textOf } from './harness.ts'

let broker: Broker

beforeEach(async () => {
  broker = await Broker.open()
})

afterEach(async () => {
  await broker.close()
})

describe('the end of a session', () => {
  test('gives unsettled deliveries back, marked and counted, and ends its live subscriptions', async () => {
    const [mine, other] = [new Hand(broker), new Hand(broker)]
    await mine.queue('q')
    await mine.topic('t')
    await mine.receive('t', { patterns: ['#'] })
    for (const text of ['a', 'b', 'c']) await mine.send('q', text)
    const taken = await mine.receive('q', { credit: 2 })
    await taken.first(2)
    await mine.session.close()
    await mine.session.close()
    const again = await other.receive('q')
    await again.first(3)
    expect(again.texts).toEqual(['a', 'b', 'c'])
    expect(again.deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([2, 2, 1])
    expect(again.deliveries.map(({ redelivered }) => redelivered)).toEqual([true, true, false])
    expect(await other.session.inspect({ name: 't', type: 'topic' })).toMatchObject({ receivers: 0 })
    expect(mine.disconnected).toBeUndefined()
    await expect(mine.session.list()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('at most once: what was handed over is not handed over again', async () => {
    const [mine, other] = [new Hand(broker), new Hand(broker)]
    await mine.queue('q')
    for (const text of ['a', 'b', 'c']) await mine.send('q', text)
    const taken = await mine.receive('q', { credit: 2, reliability: 'at-most-once' })
    const [, second] = await taken.first(2)
    taken.link.flow(0)
    await taken.link.settle(second!, { kind: 'release', delayMs: 0, unseen: true })
    await mine.session.close()
    const again = await other.receive('q')
    expect(await again.drain()).toEqual(['b', 'c'])
  })

  test('closing the broker tells every session, and what comes after is refused', async () => {
    const hand = new Hand(broker)
    await broker.close()
    expect(hand.disconnected).toMatchObject({ code: 'CONNECTION_LOST' })
    expect(() => new Hand(broker)).toThrow(/closed/)
  })

  test('a client that comes back ends its older session first', async () => {
    const older = new Hand(broker, { client: 'me' })
    await older.queue('q')
    await older.receive('q', { exclusive: true })
    const newer = new Hand(broker, { client: 'me' })
    expect(older.disconnected).toMatchObject({ code: 'CONNECTION_LOST' })
    await newer.receive('q', { exclusive: true })
    expect(newer.disconnected).toBeUndefined()
  })
})

describe('requests', () => {
  test('an answer reaches its own asker; once the asker has gone it is SEND_UNROUTABLE', async () => {
    const [asker, responder] = [new Hand(broker), new Hand(broker)]
    await asker.queue('service')
    const answers = new Taken()
    const target = { name: 'service', type: 'queue' } as const
    const requester = await asker.session.attachRequester(
      { target, capacity: 10, reliability: 'at-least-once', link: {} },
      answers,
    )
    await sent(requester, message('ask', { replyTo: requester.replyTo }))
    const taken = await responder.receive('service')
    const [request] = await taken.first(1)
    const replies = await responder.sender(undefined, { target: undefined })
    await sent(replies, message('answer', { to: request!.message.replyTo }))
    expect(answers.deliveries.map(textOf)).toEqual(['answer'])
    expect(await responder.session.inspect({ name: requester.replyTo, type: undefined })).toBeDefined()
    expect((await responder.session.list()).map(({ name }) => name)).toEqual(['service'])
    await requester.close()
    await expect(sent(replies, message('late', { to: requester.replyTo }))).rejects.toMatchObject({
      code: 'SEND_UNROUTABLE',
    })
    expect(await responder.session.inspect({ name: requester.replyTo, type: undefined })).toBeUndefined()
  })

  test('a message with an address of its own goes there: a queue, a quoted name, a topic with subject', async () => {
    const hand = new Hand(broker)
    await hand.queue('a/b c')
    await hand.topic('news')
    const live = await hand.receive('news', { patterns: ['us.*'] })
    const sender = await hand.sender(undefined, { target: undefined })
    await sent(sender, message('1', { to: "'a/b c'" }))
    await sent(sender, message('2', { to: 'news/us.weather' }))
    expect(await hand.browse('a/b c')).toEqual(['1'])
    expect(live.texts).toEqual(['2'])
    for (const to of [undefined, '', 'nowhere', "'open"]) {
      await expect(sent(sender, message('x', { to }))).rejects.toMatchObject({ code: 'SEND_UNROUTABLE' })
    }
  })
})

describe('messages that come again', () => {
  test('a resend of what the ended link had sent is stored once; the same id without the mark is another message', async () => {
    const first = new Hand(broker)
    await first.queue('q')
    const sender = await first.sender('q')
    const one = message('one')
    await sent(sender, one)
    await first.session.close()
    const second = new Hand(broker)
    const again = await second.sender('q')
    await sent(again, one, true)
    await sent(again, one, true)
    expect(await second.browse('q')).toEqual(['one'])
    await sent(again, one)
    expect(await second.browse('q')).toEqual(['one', 'one'])
  })

  test('a resend of what never came, or was refused, is stored', async () => {
    const first = new Hand(broker)
    await first.queue('q', { maxLength: 1 })
    const sender = await first.sender('q')
    await sent(sender, message('fills'))
    const refused = message('refused')
    await expect(sent(sender, refused)).rejects.toMatchObject({ code: 'SEND_REJECTED' })
    await first.session.close()
    const second = new Hand(broker)
    expect(await (await second.receive('q')).drain()).toEqual(['fills'])
    await second.session.close()
    const third = new Hand(broker)
    await sent(await third.sender('q'), refused, true)
    expect(await third.browse('q')).toEqual(['refused'])
    await expect(sent(await third.sender('q'), message('never came'), true)).rejects.toMatchObject({
      code: 'SEND_REJECTED',
    })
  })

  test('a link that was closed in order leaves nothing in doubt, and a number used again says that its message is answered', async () => {
    const first = new Hand(broker)
    await first.queue('q')
    const [closed, answered, open] = [message('closed'), message('answered'), message('open')]
    const inOrder = await first.sender('q')
    await sent(inOrder, closed)
    await inOrder.close()
    const sender = await first.sender('q')
    for (const each of [answered, open]) {
      const transfer = { message: each, resend: false, settle: () => {}, place: 0 }
      sender.send(transfer)
    }
    await first.session.close()
    const again = await new Hand(broker).sender('q')
    for (const each of [closed, answered, open]) await sent(again, each, true)
    expect(await new Hand(broker).browse('q')).toEqual(['closed', 'answered', 'open', 'closed', 'answered'])
  })

  test('two messages under one id are told apart when one of them is in doubt', async () => {
    const first = new Hand(broker)
    await first.queue('q')
    await sent(await first.sender('q'), message('a', { id: 'same', createdAt: 1 }))
    await first.session.close()
    const second = new Hand(broker)
    await sent(await second.sender('q'), message('b', { id: 'same', createdAt: 2 }), true)
    expect(await second.browse('q')).toEqual(['a', 'b'])
  })
})

describe('fairness', () => {
  test('a program that does nothing but send and accept lets its timers run', async () => {
    const hand = new Hand(broker)
    await hand.queue('q')
    const sender = await hand.sender('q')
    let timers = 0
    const timer = setInterval(() => timers++, 1)
    const taken = await hand.receive('q')
    taken.deliver = (delivery) => taken.link.accept(delivery)
    const start = performance.now()
    while (performance.now() - start < 300) await sent(sender, message('x'))
    clearInterval(timer)
    expect(timers).toBeGreaterThan(1)
  })
})
