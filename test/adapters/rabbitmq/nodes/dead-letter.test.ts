import { describe, expect, test } from 'vitest'
import type { NodeRef, NodeSpec } from '../../../../src/contract/adapter.ts'
import { eventually } from '../../../support/eventually.ts'
import { Fixture, message, sendOk, text, texts } from '../fixture.ts'

const fixture = new Fixture()

async function counted(maxDeliveries: number): Promise<{ node: NodeSpec; graveyard: NodeRef }> {
  const graveyard = await fixture.node()
  const node = await fixture.node({ maxDeliveries, deadLetter: { name: graveyard.name, type: 'queue' } })
  return { node, graveyard }
}

describe('a queue with a limit of deliveries', () => {
  test('counts exactly, keeps released messages in place, and lets the API see the one delivery too many', async () => {
    const { node, graveyard } = await counted(2)
    const sender = await fixture.sender(node)
    for (const body of ['1', '2', '3']) await sendOk(sender, message(body))
    const { receiver, inbox } = await fixture.receiver(node, { credit: 1 })
    const counts: string[] = []
    for (let n = 0; n < 3; n++) {
      const delivery = await inbox.next()
      counts.push(`${text(delivery)}/${delivery.deliveryCount}/${delivery.redelivered}`)
      if (n < 2) await receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: false })
      else await receiver.settle(delivery, { kind: 'reject', reason: 'too many' })
    }
    expect(counts).toEqual(['1/1/false', '1/2/true', '1/3/true'])
    expect(text(await inbox.next())).toBe('2')
    expect(await fixture.connection.inspect(graveyard)).toMatchObject({ depth: 0 })
  })

  test('behind it the broker diverts, and the dead letter says reason, count and origin all the same', async () => {
    const { node, graveyard } = await counted(1)
    const sender = await fixture.sender(node)
    await sendOk(
      sender,
      message('poison', { id: 'p', subject: 's', properties: { own: 1 }, correlationId: 'c' }),
    )
    // Consumers that die with it, one after the other, until the broker has had enough.
    for (let n = 0; n < 2; n++) {
      const { receiver, inbox } = await fixture.receiver(node)
      await inbox.next()
      await receiver.close()
    }
    const { inbox } = await fixture.receiver(graveyard)
    const { message: got } = await inbox.next()
    expect(got).toMatchObject({ id: 'p', subject: 's', correlationId: 'c' })
    expect({ ...got.properties }).toEqual({
      own: 1,
      'sluice-reason': 'delivery_limit',
      'sluice-deliveries': expect.any(Number),
      'sluice-origin': node.name,
    })
    expect(got.annotations).toMatchObject({ 'x-first-death-queue': node.name })
  })

  test.each([{ maxDeliveries: 3 }, {}])(
    'what a copy of another queue says of its deliveries does not count (%j)',
    async (limits) => {
      const node = await fixture.node(limits)
      for (const odd of [7, -1, 0.5, 1e300, 'many'])
        fixture.channel.sendToQueue(node.name, Buffer.from('copy'), { headers: { 'x-delivery-count': odd } })
      const { receiver, inbox } = await fixture.receiver(node, { credit: 1 })
      for (let at = 0; at < 5; at++) {
        const first = await inbox.next()
        expect([first.deliveryCount, first.redelivered]).toEqual([1, false])
        receiver.accept(first)
      }
    },
  )

  test('without a dead-letter address nothing is dropped by the broker', async () => {
    const node = await fixture.node({ maxDeliveries: 1 })
    const sender = await fixture.sender(node)
    await sendOk(sender, message('kept'))
    for (let n = 1; n <= 5; n++) {
      const { receiver, inbox } = await fixture.receiver(node)
      expect((await inbox.next()).deliveryCount).toBe(n)
      await receiver.close()
    }
    // A quorum queue takes back in its own time.
    await eventually(async () => (await fixture.connection.inspect(node))?.depth === 1)
  })

  test('takes length, time to live and expiry too; a full one refuses', async () => {
    const node = await fixture.node({ maxDeliveries: 3, maxLength: 1, ttlMs: 60_000, expiresMs: 60_000 })
    const sender = await fixture.sender(node)
    await sendOk(sender, message('1'))
    const codes = new Set<string | undefined>()
    for (let n = 0; n < 5; n++) {
      codes.add(
        await new Promise((resolve) =>
          sender.send({ message: message(), resend: false, settle: (error) => resolve(error?.code) }),
        ),
      )
    }
    expect(codes).toContain('SEND_REJECTED')
  })

  test('a subscription can have one', async () => {
    const graveyard = await fixture.node()
    const node = await fixture.node({ type: 'topic' })
    const topic = { name: node.name, type: 'topic' } as const
    fixture.remove({ ...topic, subscription: 's' })
    const limits = {
      maxDeliveries: 1,
      deadLetter: { name: graveyard.name, type: 'queue' } as const,
      maxLength: undefined,
      ttlMs: undefined,
      expiresMs: undefined,
      native: {},
    }
    const subscription = { name: 's', durable: true }
    const first = await fixture.receiver(topic, { subscription, limits })
    const sender = await fixture.sender(topic)
    await sendOk(sender, message('x', { subject: 'a.b' }))
    await first.inbox.next()
    await first.receiver.close()
    const second = await fixture.receiver(topic, { subscription, limits })
    expect((await second.inbox.next()).deliveryCount).toBe(2)
    await second.receiver.close()
    const { inbox } = await fixture.receiver(graveyard)
    const { message: dead } = await inbox.next()
    expect(dead.properties['sluice-origin']).toBe(`${node.name}/s`)
    expect(dead.subject).toBe('a.b')
  })
})

describe('dead letters of other clients’ making', () => {
  test('x-death becomes reason, count and origin, unless the message says so itself', async () => {
    const graveyard = await fixture.node()
    const name = fixture.name('theirs')
    fixture.remove({ name, type: 'queue' })
    await fixture.channel.assertQueue(name, { deadLetterExchange: '', deadLetterRoutingKey: graveyard.name })
    fixture.channel.sendToQueue(name, Buffer.from('rejected'))
    fixture.channel.sendToQueue(name, Buffer.from('expired'), {
      expiration: '1',
      headers: { 'sluice-reason': 'mine' },
    })
    await fixture.channel.waitForConfirms()
    const rejected = await fixture.channel.get(name)
    if (!rejected) throw new Error('The queue is empty')
    fixture.channel.nack(rejected, false, false)
    const { inbox } = await fixture.receiver(graveyard)
    const dead = await inbox.take(2)
    expect(texts(dead).sort()).toEqual(['expired', 'rejected'])
    const properties = Object.fromEntries(
      dead.map((delivery) => [text(delivery), { ...delivery.message.properties }]),
    )
    expect(properties.rejected).toEqual({
      'sluice-reason': 'rejected',
      'sluice-deliveries': 1,
      'sluice-origin': name,
    })
    expect(properties.expired).toEqual({ 'sluice-reason': 'mine' })
  })
})
