import { describe, expect, test, vi } from 'vitest'
import { holdMs, holdQueue } from '../../../../src/adapters/rabbitmq/nodes/topology.ts'
import { connect, type Delivery, queue } from '../../../../src/index.ts'
import { copyOf } from '../../../../src/model/copy.ts'
import { Fixture, message, rejection, send, sendOk, text, texts, url } from '../fixture.ts'

const fixture = new Fixture()

describe('delayed messages', () => {
  test('come when they are due, not before, whatever was sent after them', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { inbox } = await fixture.receiver(node)
    const sentAt = performance.now()
    await sendOk(sender, message('late', { delayMs: 400 }))
    await sendOk(sender, message('soon', { delayMs: 120 }))
    await sendOk(sender, message('now'))
    const arrived: [string, number][] = []
    for (let n = 0; n < 3; n++) arrived.push([text(await inbox.next()), performance.now() - sentAt])
    expect(arrived.map(([body]) => body)).toEqual(['now', 'soon', 'late'])
    expect(arrived[1]![1]).toBeGreaterThanOrEqual(119)
    expect(arrived[2]![1]).toBeGreaterThanOrEqual(399)
  })

  test('keep all fields, priority included, and no trace of the waiting room', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const fields = {
      id: 'i',
      subject: 's',
      priority: 8,
      correlationId: 'c',
      contentType: 'a/b',
      groupId: 'g',
      deliveriesBefore: 2,
    }
    await sendOk(sender, message('x', { ...fields, delayMs: 20, properties: { a: 1n } }))
    await sendOk(sender, message('y', { priority: 9, delayMs: 20 }))
    await expect.poll(async () => (await fixture.connection.inspect(node))!.depth).toBe(2)
    const { inbox } = await fixture.receiver(node)
    const [first, second] = await inbox.take(2)
    expect(text(first!)).toBe('y')
    const { deliveriesBefore: _, ...kept } = fields
    expect(second!.message).toMatchObject({ ...kept, durable: true })
    expect(second).toMatchObject({ deliveryCount: 3, redelivered: true })
    expect({ ...second!.message.properties }).toEqual({ a: 1n })
  })

  test('come back with what others wrote in the place of x-death, over which the broker loses what it moves', async () => {
    const { name } = await fixture.node()
    await using connection = await connect(url)
    await using receiver = await connection.receiver(queue(name), { credit: 1 })
    for (const odd of [['text'], [{ queue: 'q' }, 3, null], 'text', 7, { a: 1 }]) {
      fixture.channel.sendToQueue(name, Buffer.from('x'), { headers: { 'x-death': odd } })
      const delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
      await delivery.release({ delayMs: 1 })
      const again = (await receiver.receive({ timeoutMs: 5_000 }))!
      expect(again.deliveryCount).toBe(2)
      expect(again.annotations?.['x-death'] ?? again.properties['x-death']).toEqual(odd)
      await again.accept()
    }
  })

  test('many of one delay keep their order', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { inbox } = await fixture.receiver(node, { credit: 1000 })
    const bodies = Array.from({ length: 300 }, (_, n) => `${n}`)
    await Promise.all(bodies.map((body) => sendOk(sender, message(body, { delayMs: 50 }))))
    expect(texts(await inbox.take(300))).toEqual(bodies)
  })

  test('a missing target is unroutable now, not later', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const anonymous = await fixture.sender(undefined)
    await fixture.connection.delete(node)
    expect(await send(sender, message('x', { delayMs: 50 }))).toMatchObject({ code: 'SEND_UNROUTABLE' })
    expect(await send(anonymous, message('x', { delayMs: 50, to: node.name }))).toMatchObject({
      code: 'SEND_UNROUTABLE',
    })
  })

  test('on a topic under their own subject, from any kind of sender', async () => {
    const node = await fixture.node({ type: 'topic' })
    const sender = await fixture.sender(node)
    const anonymous = await fixture.sender(undefined)
    const unconfirmed = await fixture.sender(node, { reliability: 'at-most-once' })
    const { inbox } = await fixture.receiver(node, { patterns: ['us.*'] })
    await sendOk(sender, message('1', { subject: 'us.a', delayMs: 30 }))
    await sendOk(sender, message('no', { subject: 'eu.a', delayMs: 30 }))
    await sendOk(anonymous, message('2', { to: `${node.name}/us.b`, delayMs: 60 }))
    await sendOk(unconfirmed, message('3', { subject: 'us.c', delayMs: 90 }))
    const got = await inbox.take(3)
    expect(got.map((delivery) => `${text(delivery)} ${delivery.message.subject}`)).toEqual([
      '1 us.a',
      '2 us.b',
      '3 us.c',
    ])
    expect(got[0]!.message.annotations).toMatchObject({ exchange: node.name, routingKey: 'us.a' })
  })

  test('time to live counts from sending: what expires while held back is never delivered', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { inbox, receiver } = await fixture.receiver(node)
    await sendOk(sender, message('expired', { delayMs: 60, ttlMs: 30 }))
    await sendOk(sender, message('alive', { delayMs: 60, ttlMs: 30_000 }))
    const delivery = await inbox.next()
    expect(text(delivery)).toBe('alive')
    expect(delivery.message.ttlMs).toBeLessThanOrEqual(30_000)
    receiver.accept(delivery)
    await receiver.flush()
    expect(inbox.rest).toEqual([])
    await receiver.close()
    await expect.poll(async () => (await fixture.connection.inspect(node))!.depth).toBe(0)
  })

  test('the waiting room deletes itself, and lives as long as something waits in it', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { name: hold, options } = holdQueue({
      kind: 'queue',
      target: node.name,
      delayMs: 70_000,
      safe: false,
    })
    fixture.remove({ name: hold, type: 'queue' })
    await sendOk(sender, message('x', { delayMs: 70_000 }))
    const { 'x-expires': _, ...others } = options.arguments
    const error = await rejection(
      fixture.bare.createChannel().then(async (channel) => {
        channel.on('error', () => {})
        await channel.assertQueue(hold, { durable: true, arguments: others })
      }),
    )
    expect(error.message).toMatch(/x-expires'.*current is the value '130000'/)
    expect(await fixture.connection.inspect({ name: hold, type: 'queue' })).toMatchObject({ depth: 1 })
  })

  test('for a queue that may be full they wait where the broker keeps each until it was taken', async () => {
    const bounded = await fixture.node({ maxLength: 5 })
    const sender = await fixture.sender(bounded)
    const { inbox } = await fixture.receiver(bounded)
    await sendOk(sender, message('x', { delayMs: 30 }))
    const { name, options } = holdQueue({ kind: 'queue', target: bounded.name, delayMs: 30, safe: true })
    fixture.remove({ name, type: 'queue' })
    expect(options.arguments).toMatchObject({
      'x-queue-type': 'quorum',
      'x-dead-letter-strategy': 'at-least-once',
    })
    // The same declaration is answered, another one would be refused.
    await fixture.channel.assertQueue(name, options)
    expect(text(await inbox.next())).toBe('x')
  })

  test('the same holds for a queue that others have made so, and for no other queue of theirs', async () => {
    const bounded = fixture.name('bounded')
    const open = fixture.name('open')
    for (const name of [bounded, open]) fixture.remove({ name, type: 'queue' })
    const limits = { 'x-max-length': 1, 'x-queue-mode': 'lazy', 'x-max-priority': 3, 'x-expires': 600_000 }
    await fixture.channel.assertQueue(bounded, {
      durable: false,
      autoDelete: true,
      arguments: { ...limits, 'x-overflow': 'reject-publish' },
    })
    await fixture.channel.assertQueue(open, { arguments: limits })
    for (const [name, safe] of [
      [bounded, true],
      [open, false],
    ] as const) {
      const anonymous = await fixture.sender(undefined)
      const sender = await fixture.sender({ name, type: 'queue' })
      await Promise.all([
        sendOk(sender, message('1', { delayMs: 90_000 })),
        sendOk(sender, message('2', { delayMs: 90_000 })),
        sendOk(anonymous, message('3', { to: `'${name}'`, delayMs: 90_000 })),
      ])
      const { name: hold, options } = holdQueue({ kind: 'queue', target: name, delayMs: 90_000, safe })
      fixture.remove({ name: hold, type: 'queue' })
      // The same declaration is answered, another one would be refused.
      await fixture.channel.assertQueue(hold, options)
      await expect
        .poll(async () => (await fixture.channel.checkQueue(hold)).messageCount, { timeout: 10_000 })
        .toBe(3)
    }
  })

  test('a message that died in its queue before comes back to it, with its history', async () => {
    const { name } = await fixture.node()
    await using connection = await connect(url)
    await using receiver = await connection.receiver(queue(name), { credit: 1 })
    const death = (queue: string, reason: string) => ({
      queue,
      reason,
      count: 2,
      exchange: '',
      'routing-keys': [name],
    })
    for (const deaths of [
      [death(name, 'expired')],
      [death('elsewhere', 'expired'), death(name, 'maxlen'), death('elsewhere', 'rejected')],
      [death('elsewhere', 'rejected'), death(name, 'expired')],
    ]) {
      const headers = { 'x-death': deaths, 'x-first-death-queue': name, 'x-first-death-reason': 'expired' }
      fixture.channel.sendToQueue(name, Buffer.from('x'), { headers })
      let delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
      const { annotations, properties } = delivery
      for (const count of [2, 3]) {
        await delivery.release({ delayMs: 1 })
        delivery = (await receiver.receive({ timeoutMs: 5_000 }))!
        expect(delivery.deliveryCount).toBe(count)
        expect(delivery.annotations).toEqual(annotations)
        expect(delivery.properties).toEqual(properties)
      }
      const onward = await fixture.node()
      const sender = await connection.sender(queue(onward.name))
      await sender.forward(delivery)
      await delivery.accept()
      const got = await fixture.channel.get(onward.name, { noAck: true })
      expect(got ? got.properties.headers : undefined).toEqual(headers)
    }
  })

  test('more than ten years is refused', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    expect(await send(sender, message('x', { delayMs: 1e15 }))).toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  test('lengths are rounded up to three digits: never early, late by less than 1 %', () => {
    for (const ms of [0.5, 1, 999, 1000, 1001, 1234, 30_000, 86_399_999, 123_456_789]) {
      const held = holdMs(ms)
      expect(held).toBeGreaterThanOrEqual(ms)
      expect(held).toBeLessThan(Math.max(ms + 1, ms * 1.01))
    }
    expect(holdMs(1234)).toBe(1240)
    expect(new Set(Array.from({ length: 9000 }, (_, n) => holdMs(1000 + n))).size).toBeLessThanOrEqual(901)
  })
})

test.each(['together', 'one after the other'])(
  'delayed releases that are given while their receiver closes, %s, leave each message there once',
  async (how) => {
    const spec = await fixture.node()
    const node = queue<string>(spec.name)
    await using connection = await connect(url)
    const ids = ['a', 'b', 'c', 'd']
    for (const id of ids) await connection.send(node, id, { id })
    const receiver = await connection.receiver(node)
    const taken: Delivery<string>[] = []
    for (const _ of ids) taken.push((await receiver.receive({ timeoutMs: 5_000 }))!)
    const release = (at: number) => taken[at]!.release({ delayMs: 20 }).catch(({ code }) => code)
    const first = release(0)
    const closing = receiver.close()
    const outcomes: unknown[] = []
    if (how === 'together') outcomes.push(...(await Promise.all([first, release(1), release(2), release(3)])))
    else for (const at of taken.keys()) outcomes.push(await (at === 0 ? first : release(at)))
    await closing
    expect(outcomes.filter((code) => code !== undefined && code !== 'DELIVERY_LOST')).toEqual([])
    const { inbox } = await fixture.receiver(spec)
    expect(texts(await inbox.take(ids.length)).sort()).toEqual(ids)
    // The last ones are due behind all that were before them.
    await sendOk(await fixture.sender(spec), message('end', { delayMs: 60 }))
    expect(text(await inbox.next())).toBe('end')
  },
)

describe('clocks of other machines', () => {
  test.each([-600_000, 600_000])('off by %i ms lose no message: the broker alone counts', async (skew) => {
    const node = await fixture.node()
    const { inbox, receiver } = await fixture.receiver(node)
    const timestamp = Math.floor((Date.now() + skew) / 1000)
    fixture.channel.sendToQueue(node.name, Buffer.from('foreign'), { timestamp, expiration: '60000' })
    const foreign = await inbox.next()
    expect(foreign.message.ttlMs).toBe(60_000)
    const sender = await fixture.sender(node)
    await sendOk(sender, { ...copyOf(foreign.message), delayMs: 20 })
    receiver.accept(foreign)
    const now = vi.spyOn(Date, 'now').mockImplementation(() => Date.now() + skew)
    try {
      const again = await inbox.next()
      expect(text(again)).toBe('foreign')
      expect(again.message.ttlMs).toBe(59_980)
      receiver.accept(again)
    } finally {
      now.mockRestore()
    }
  })
})
