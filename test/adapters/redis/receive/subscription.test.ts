import { describe, expect, it } from 'vitest'
import { memberQueue, NO_LIMITS } from '../../../../src/contract/adapter.ts'
import {
  Fixture,
  Inbox,
  keys,
  message,
  range,
  rejection,
  send,
  sendAll,
  sendOk,
  text,
  texts,
} from '../fixture.ts'

const on = new Fixture()

describe('a named subscription', () => {
  it('is filled in one step with the live publish, and learnt by senders that were there before', async () => {
    const topic = await on.node({ type: 'topic' })
    const sender = await on.sender(topic)
    await sendOk(sender, message('before', { subject: 'a' }))
    const live = await on.receiver(topic, { credit: 1_000 })
    const outcomes: Promise<unknown>[] = []
    // Publishes are under way all the time while subscriptions come, change and go.
    for (let round = 0; round < 20; round++) {
      outcomes.push(...range(10).map((at) => sendOk(sender, message(`${round}/${at}`, { subject: 'a' }))))
      const subscription = { name: `s${round}`, durable: true }
      await (await on.receiver(topic, { subscription })).receiver.close()
      if (round % 3 === 0)
        await on.connection.delete({ name: topic.name, type: 'topic', subscription: `s${round}` })
    }
    await sendOk(sender, message('end', { subject: 'a' }))
    await Promise.all(outcomes)
    const expected = range(20).flatMap((round) => range(10).map((at) => `${round}/${at}`))
    expect(texts(await live.inbox.take(201))).toEqual([...expected, 'end'])
    const kept = texts(await on.browse(topic, { subscription: { name: 's1', durable: true } }))
    // It kept everything from some point on, in order.
    expect(kept).toEqual([...expected, 'end'].slice(-kept.length))
    expect(kept.length).toBeGreaterThanOrEqual(181)
  })

  it('that comes while a sender without confirmation publishes misses nothing of what is sent from then on', async () => {
    const topic = await on.node({ type: 'topic' })
    const sender = await on.sender(topic, { reliability: 'at-most-once' })
    await sendOk(sender, message('before', { subject: 'a' }))
    const subscription = { name: 'late', durable: true }
    const { receiver, inbox } = await on.receiver(topic, { subscription })
    for (const body of range(3)) await sendOk(sender, message(body, { subject: 'a' }))
    expect(texts(await inbox.take(3))).toEqual(range(3))
    await receiver.close()
  })

  it('changes its patterns with its next receiver, and not its durability', async () => {
    const topic = await on.node({ type: 'topic' })
    const subscription = { name: 'work', durable: true }
    const sender = await on.sender(topic)
    await (await on.receiver(topic, { subscription, patterns: ['a.*'] })).receiver.close()
    await sendOk(sender, message('1', { subject: 'a.b' }))
    await (await on.receiver(topic, { subscription, patterns: ['b.*'] })).receiver.close()
    await sendOk(sender, message('2', { subject: 'a.b' }))
    await sendOk(sender, message('3', { subject: 'b.b' }))
    expect(texts(await on.browse(topic, { subscription }))).toEqual(['1', '3'])
    const other = { name: 'work', durable: false }
    expect(await rejection(on.receiver(topic, { subscription: other }))).toMatchObject({
      code: 'ADDRESS_MISMATCH',
    })
  })

  it('that is full refuses the publish for everybody, so that a second attempt doubles nothing', async () => {
    const topic = await on.node({ type: 'topic' })
    const limits = { ...NO_LIMITS, maxLength: 2 }
    const { receiver } = await on.receiver(topic, {
      subscription: { name: 'small', durable: true },
      limits,
      credit: 0,
    })
    const live = await on.receiver(topic)
    const sender = await on.sender(topic)
    const outcomes = await Promise.all(range(4).map((body) => send(sender, message(body, { subject: 'a' }))))
    expect(outcomes.map((error) => error?.code)).toEqual([
      undefined,
      undefined,
      'SEND_REJECTED',
      'SEND_REJECTED',
    ])
    await live.receiver.flush()
    expect(texts(live.inbox.deliveries)).toEqual(['0', '1'])
    await receiver.close()
  })

  it('is told and looked at as part of its topic, and gone with it', async () => {
    const topic = await on.node({ type: 'topic' })
    const subscription = { name: 'a/b', durable: true }
    await on.receiver(topic, { subscription, patterns: ['x.#'] })
    expect(await on.connection.inspect(topic)).toMatchObject({
      type: 'topic',
      details: { subscriptions: [{ name: 'a/b', patterns: ['x.#'] }] },
    })
    const ref = { name: topic.name, type: 'topic', subscription: 'a/b' } as const
    expect(await on.connection.inspect(ref)).toMatchObject({ type: 'topic', depth: 0, receivers: 1 })
    expect(await on.connection.delete(topic)).toBe(true)
    expect(await on.connection.inspect(ref)).toBeUndefined()
    expect(await on.dump(keys.topic(topic.name))).toEqual({})
    expect(await on.dump(keys.subscription(topic.name, 'a/b'))).toEqual({})
  })

  it('that ended by itself is forgotten by the next publish', async () => {
    const topic = await on.node({ type: 'topic' })
    await (await on.receiver(topic, { subscription: { name: 'gone', durable: true } })).receiver.close()
    // As its `expiresMs` would.
    const base = keys.subscription(topic.name, 'gone')
    for (const key of Object.keys(await on.dump(base))) await on.bare.del(key)
    const sender = await on.sender(topic)
    await sendAll(sender, ['x'])
    await sendAll(sender, ['y'])
    expect(await on.bare.hlen(`${keys.topic(topic.name)}#subs`)).toBe(0)
  })
})

describe('a multicast', () => {
  it('reaches its members in one step, and names those that are missing or full', async () => {
    const fleet = on.name('fleet')
    const member = (name: string) => memberQueue(fleet, name)
    await on.node({ name: member('one') })
    await on.node({ name: member('two:2') })
    await on.node({ name: member('full'), maxLength: 1 })
    const sender = await on.sender({ name: fleet, type: 'multicast' })
    const outcomes = await Promise.all([
      send(sender, message('a', { members: ['one', 'two:2', 'full'] })),
      send(sender, message('b', { members: ['one', 'ghost', 'two:2', 'spook'] })),
      send(sender, message('c', { members: ['full', 'one'] })),
    ])
    expect(outcomes[0]).toBeUndefined()
    expect(outcomes[1]).toMatchObject({ code: 'SEND_UNROUTABLE', context: { members: ['ghost', 'spook'] } })
    expect(outcomes[2]).toMatchObject({ code: 'SEND_REJECTED' })
    const at = async (name: string) => texts(await on.browse({ name: member(name), type: 'queue' }))
    expect(await at('one')).toEqual(['a', 'b', 'c'])
    expect(await at('two:2')).toEqual(['a', 'b'])
    expect(await at('full')).toEqual(['a'])
  })

  it('takes more names than 16 bits count, and an error shows a few of them', async () => {
    const fleet = on.name('fleet')
    await on.node({ name: memberQueue(fleet, 'one') })
    const sender = await on.sender({ name: fleet, type: 'multicast' })
    const members = [...range(65_540).map((n) => `ghost-${n}`), 'one']
    const outcome = await send(sender, message('a', { members }))
    expect(outcome).toMatchObject({ code: 'SEND_UNROUTABLE' })
    expect((outcome!.context.members as string[]).length).toBe(65_540)
    expect(outcome!.message.length).toBeLessThan(500)
    expect(texts(await on.browse({ name: memberQueue(fleet, 'one'), type: 'queue' }))).toEqual(['a'])
  })
})

describe('request and response', () => {
  it('leave nothing behind, and a requester that is gone is unroutable', async () => {
    const service = await on.node({ durable: false })
    const answers = new Inbox()
    const requester = await on.connection.attachRequester(
      { target: { name: service.name, type: 'queue' }, capacity: 10, reliability: 'at-least-once', link: {} },
      answers,
    )
    const { receiver, inbox } = await on.receiver(service)
    await sendOk(requester, message('ask', { replyTo: requester.replyTo, correlationId: 'c' }))
    const request = await inbox.next()
    expect(request.message.replyTo).toBe(requester.replyTo)
    expect(await on.connection.inspect({ name: requester.replyTo, type: undefined })).toMatchObject({
      receivers: 1,
    })
    const responder = await on.sender(undefined)
    await sendOk(responder, message('answer', { to: request.message.replyTo, correlationId: 'c' }))
    const answer = await answers.next()
    expect([text(answer), answer.message.correlationId]).toEqual(['answer', 'c'])
    receiver.accept(request)
    await requester.close()
    const error = await send(responder, message('late', { to: requester.replyTo }))
    expect(error?.code).toBe('SEND_UNROUTABLE')
    expect(await on.connection.inspect({ name: requester.replyTo, type: undefined })).toBeUndefined()
    expect(await on.bare.exists(keys.reply(requester.replyTo))).toBe(0)
  })

  it('find queues and topics by name when a message says where to', async () => {
    const queue = await on.node()
    const topic = await on.node({ type: 'topic' })
    const live = await on.receiver(topic, { patterns: ['a.*'] })
    const sender = await on.sender(undefined)
    await sendOk(sender, message('q', { to: queue.name }))
    await sendOk(sender, message('t', { to: `${topic.name}/a.b` }))
    expect(texts(await on.browse(queue))).toEqual(['q'])
    expect((await live.inbox.next()).message.subject).toBe('a.b')
    expect((await send(sender, message('n', { to: on.name('nowhere') })))?.code).toBe('SEND_UNROUTABLE')
    expect((await send(sender, message('n', { to: "'" })))?.code).toBe('SEND_UNROUTABLE')
  })
})
