import { describe, expect, test } from 'vitest'
import type { AdapterRequester, NodeRef } from '../../../../src/contract/adapter.ts'
import { parseAddress } from '../../../../src/model/address-text/index.ts'
import { Fixture, Inbox, message, rejection, send, sendOk, text } from '../fixture.ts'

const fixture = new Fixture()

async function requester(service: NodeRef): Promise<{ requester: AdapterRequester; inbox: Inbox }> {
  const inbox = new Inbox()
  const made = await fixture.connection.attachRequester(
    { target: service, capacity: 100, reliability: 'at-least-once', link: {} },
    inbox,
  )
  fixture.atEnd(() => made.close())
  return { requester: made, inbox }
}

describe('requests', () => {
  test('answers come back to the one that asked, over no queue of its own', async () => {
    const service = await fixture.node()
    const responder = await fixture.receiver(service)
    const answers = await fixture.sender(undefined)
    const asking = await Promise.all([requester(service), requester(service)])
    for (const [n, { requester: from }] of asking.entries()) {
      for (let i = 0; i < 20; i++) {
        await sendOk(
          from,
          message(`${n}:${i}`, { correlationId: `${n}:${i}`, replyTo: from.replyTo, durable: false }),
        )
      }
    }
    for (const delivery of await responder.inbox.take(40)) {
      const { replyTo, correlationId } = delivery.message
      await sendOk(
        answers,
        message(`answer ${text(delivery)}`, { to: replyTo, correlationId, properties: { n: 5n } }),
      )
      responder.receiver.accept(delivery)
    }
    for (const [n, { inbox }] of asking.entries()) {
      const got = await inbox.take(20)
      expect(got.map(text)).toEqual(Array.from({ length: 20 }, (_, i) => `answer ${n}:${i}`))
      expect(got.map((delivery) => delivery.message.correlationId)).toEqual(
        Array.from({ length: 20 }, (_, i) => `${n}:${i}`),
      )
      expect(got[0]!.message.properties.n).toBe(5n)
    }
  })

  test('an answer to one that is gone is unroutable', async () => {
    const service = await fixture.node()
    const responder = await fixture.receiver(service)
    const answers = await fixture.sender(undefined)
    const { requester: from } = await requester(service)
    await sendOk(from, message('?', { correlationId: '1', replyTo: from.replyTo }))
    const { message: request } = await responder.inbox.next()
    await from.close()
    expect(await send(answers, message('!', { to: request.replyTo }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
    })
  })

  test('of many answers written together only those to the one that is gone are unroutable, the others arrive once', async () => {
    const service = await fixture.node()
    const responder = await fixture.receiver(service)
    const answers = await fixture.sender(undefined)
    const asking = await Promise.all(Array.from({ length: 5 }, () => requester(service)))
    for (const [n, { requester: from }] of asking.entries())
      await sendOk(from, message(`${n}`, { replyTo: from.replyTo, durable: false }))
    const requests = await responder.inbox.take(5)
    await asking[2]!.requester.close()
    const outcomes = await Promise.all(
      [0, 1, 2].flatMap((round) =>
        requests.map(async (request) => ({
          to: text(request),
          error: await send(answers, message(`${text(request)}:${round}`, { to: request.message.replyTo })),
        })),
      ),
    )
    for (const { to, error } of outcomes) expect(error?.code).toBe(to === '2' ? 'SEND_UNROUTABLE' : undefined)
    for (const n of [0, 1, 3, 4]) {
      expect((await asking[n]!.inbox.take(3)).map(text)).toEqual([0, 1, 2].map((round) => `${n}:${round}`))
      await sendOk(
        answers,
        message('last', { to: requests.find((each) => text(each) === `${n}`)!.message.replyTo }),
      )
      expect(text(await asking[n]!.inbox.next())).toBe('last')
    }
  })

  test('a reply address can be a link’s target: as many answers as you like, told when nobody is there', async () => {
    const service = await fixture.node()
    const responder = await fixture.receiver(service)
    const { requester: from, inbox } = await requester(service)
    await sendOk(from, message('?', { correlationId: '1', replyTo: from.replyTo }))
    const { message: request } = await responder.inbox.next()
    const { name } = parseAddress(request.replyTo!)
    expect(await fixture.connection.inspect({ name, type: undefined })).toMatchObject({ type: 'queue' })
    const sender = await fixture.sender({ name, type: 'queue' })
    for (const n of [1, 2, 3]) await sendOk(sender, message(`${n}`, { correlationId: '1' }))
    expect((await inbox.take(3)).map(text)).toEqual(['1', '2', '3'])
    await from.close()
    expect(await send(sender)).toMatchObject({ code: 'SEND_UNROUTABLE' })
    expect(await rejection(fixture.sender({ name, type: 'queue' }))).toMatchObject({
      code: 'ADDRESS_NOT_FOUND',
    })
    const forged = { name: 'amq.rabbitmq.reply-to.zzz', type: undefined }
    expect(await fixture.connection.inspect(forged)).toBeUndefined()
    expect(await rejection(fixture.sender(forged))).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
    expect(await rejection(fixture.receiver(forged))).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(await rejection(fixture.node({ name: forged.name }))).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(fixture.reports.lost).toEqual([])
  })

  test('a service that does not exist is told at once', async () => {
    const error = await rejection(requester({ name: fixture.name(), type: 'queue' }))
    expect(error).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
    const service = await fixture.node()
    const { requester: from } = await requester(service)
    await fixture.connection.delete(service)
    expect(await send(from, message('?', { replyTo: from.replyTo }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
    })
  })

  test('bare amqplib answers, and asks', async () => {
    const service = await fixture.node()
    const { requester: from, inbox } = await requester(service)
    await sendOk(from, message('?', { correlationId: 'c', replyTo: from.replyTo }))
    const request = await fixture.channel.get(service.name, { noAck: true })
    if (!request) throw new Error('No request came')
    fixture.channel.sendToQueue(request.properties.replyTo, Buffer.from('!'), { correlationId: 'c' })
    const answer = await inbox.next()
    expect(text(answer)).toBe('!')
    expect(answer.message.correlationId).toBe('c')

    const responder = await fixture.receiver(service)
    const answers = await fixture.sender(undefined)
    const channel = await fixture.bare.createChannel()
    const answered = new Promise<string>((resolve) => {
      void channel.consume('amq.rabbitmq.reply-to', (got) => resolve(String(got?.content)), { noAck: true })
    })
    channel.sendToQueue(service.name, Buffer.from('bare?'), { replyTo: 'amq.rabbitmq.reply-to' })
    const { message: asked } = await responder.inbox.next()
    await sendOk(answers, message('ours!', { to: asked.replyTo }))
    expect(await answered).toBe('ours!')
    await channel.close()
  })
})

describe('a sender without target', () => {
  test('reaches queues, topics by name and subject, and tells what is missing', async () => {
    const queue = await fixture.node({ name: fixture.name('a/b') })
    const topic = await fixture.node({ type: 'topic' })
    const sender = await fixture.sender(undefined)
    const fromQueue = await fixture.receiver(queue)
    const fromTopic = await fixture.receiver(topic, { patterns: ['us.*'] })
    await sendOk(sender, message('q', { to: `'${queue.name}'` }))
    for (const n of [1, 2, 3]) await sendOk(sender, message(`t${n}`, { to: `${topic.name}/us.weather` }))
    expect(text(await fromQueue.inbox.next())).toBe('q')
    for (const n of [1, 2, 3]) {
      const delivery = await fromTopic.inbox.next()
      expect(text(delivery)).toBe(`t${n}`)
      expect(delivery.message.subject).toBe('us.weather')
    }
    expect(await send(sender, message('?', { to: fixture.name() }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
    })
    expect(await send(sender, message('?', { to: `${fixture.name()}/x` }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
    })
    expect(await send(sender, message('?', { to: 'a; b; c' }))).toMatchObject({ code: 'ADDRESS_MALFORMED' })
    expect(sender.detaches).toEqual([])
  })

  test('a forged reply address is unroutable and ends nothing', async () => {
    const sender = await fixture.sender(undefined)
    const forged = [
      'amq.rabbitmq.reply-to.zzz',
      'amq.rabbitmq.reply-to.g1h2AAA=.abc=',
      'amq.rabbitmq.reply-to.',
      'amq.rabbitmq.reply-to.AAAA.AAAA',
    ]
    for (const to of forged)
      expect(await send(sender, message('?', { to }))).toMatchObject({ code: 'SEND_UNROUTABLE' })
    expect(sender.detaches).toEqual([])
    expect(fixture.reports.lost).toEqual([])
  })
})
