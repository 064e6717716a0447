/** Many messages, links that stand still and links that end: none of it reaches another link of the same connection. */
import type { Connection } from 'rhea'
import { describe, expect, test } from 'vitest'
import { connect, queue } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { Fixture, message, range, rejection, send, sendAll, sendOk, texts, url } from './fixture.ts'

const fixture = new Fixture()

describe('many at once', () => {
  test('10,000 sends of one loop are all accepted, in order', async () => {
    await using connection = await connect(url)
    const node = queue(fixture.name(), { delete: 'always' })
    await using receiver = await connection.receiver(node, { credit: 1000 })
    await using sender = await connection.sender(node)
    const sends = range(10_000).map((body) => sender.send(body, { durable: false }))
    await Promise.all(sends)
    for (const body of range(10_000)) {
      const delivery = await receiver.receive({ timeoutMs: 5_000 })
      if (delivery?.body !== body) throw new Error(`${delivery?.body} came instead of ${body}`)
      void delivery.accept()
    }
  })

  test('a link takes as many transfers as its capacity says, though rhea throws at 2048', async () => {
    const node = await fixture.node({ durable: false })
    const sender = await fixture.sender(node, { capacity: 5_000 })
    const outcomes = range(5_000).map((body) => send(sender, message(body, { durable: false })))
    expect((await Promise.all(outcomes)).filter((error) => error !== undefined)).toEqual([])
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 5_000 })
  })

  test('deliveries held beyond what rhea has room for do not stop the link', async () => {
    const node = await fixture.node({ durable: false })
    const { inbox, receiver } = await fixture.receiver(node, { credit: 3_000 })
    const sender = await fixture.sender(node, { capacity: 4_000 })
    await Promise.all(range(4_000).map((body) => sendOk(sender, message(body, { durable: false }))))
    const [first, ...others] = await inbox.take(3_000)
    for (const delivery of others) receiver.accept(delivery)
    expect(texts(await inbox.take(1_000))).toEqual(range(4_000).slice(3_000))
    receiver.accept(first!)
  })

  test('large messages in small frames: a browser sees all, and all of a window can be held', async () => {
    const [count, bytes] = [50, 60_000]
    const spec = await fixture.node()
    const node = queue<string>(spec.name)
    const sender = await fixture.sender(spec)
    for (const at of range(count)) await sendOk(sender, message(`${at}`.padEnd(bytes)))
    await using connection = await connect({ url, native: { maxFrameBytes: 1_024 } })
    let seen = 0
    for await (const message of connection.browse(node)) seen += message.body.length
    expect(seen).toBe(count * bytes)
    await using receiver = await connection.receiver(node, { credit: count })
    const begin = performance.now()
    for (const at of range(count))
      expect((await receiver.receive({ timeoutMs: 5_000 }))?.body.trim()).toBe(`${at}`)
    expect(performance.now() - begin).toBeLessThan(5_000)
  })
})

describe('a stalled link', () => {
  test('that receives, without credit or without verdicts, stops no other', async () => {
    const [idle, held, busy] = await Promise.all([fixture.node(), fixture.node(), fixture.node()])
    const without = await fixture.receiver(idle, { credit: 0 })
    const holding = await fixture.receiver(held, { credit: 5 })
    const flowing = await fixture.receiver(busy, { credit: 10 })
    const senders = [await fixture.sender(idle), await fixture.sender(held), await fixture.sender(busy)]
    await Promise.all(senders.map((sender) => sendAll(sender, range(100))))
    for (const body of range(100)) {
      const delivery = await flowing.inbox.next()
      expect(texts([delivery])).toEqual([body])
      flowing.receiver.accept(delivery)
    }
    expect(without.inbox.deliveries).toEqual([])
    expect(texts(holding.inbox.deliveries)).toEqual(range(5))
  })

  test('that sends, to a queue that takes no more, stops no other and goes on when there is room', async () => {
    const native = { overflowPolicy: 'PRODUCER_FLOW_CONTROL', maximumQueueDepthMessages: 5 }
    const [full, free] = [await fixture.node({ native }), await fixture.node()]
    const stalled = await fixture.sender(full)
    const flowing = await fixture.sender(free)
    await sendAll(stalled, range(6))
    let settled = 0
    const late = range(100).map((body) => sendOk(stalled, message(body)).then(() => settled++))
    await sendAll(flowing, range(200))
    expect(settled).toBeLessThan(100)
    const { inbox, receiver } = await fixture.receiver(full)
    for (let taken = 0; taken < 106; taken++) receiver.accept(await inbox.next())
    await Promise.all(late)
  })
})

describe('a link that ends', () => {
  test('because its node is missing: it is refused by name, the connection lives', async () => {
    const missing = { name: fixture.name('missing'), type: 'queue' } as const
    for (const attaching of [fixture.sender(missing), fixture.receiver(missing)]) {
      expect(await rejection(attaching)).toMatchObject({
        code: 'ADDRESS_NOT_FOUND',
        context: { adapter: 'qpid', address: missing.name, operation: 'attach' },
      })
    }
    await sendOk(await fixture.sender(await fixture.node()))
  })

  test('because its node is deleted: both sides are told, other links go on', async () => {
    const [doomed, other] = [await fixture.node(), await fixture.node()]
    const sender = await fixture.sender(doomed)
    const { inbox, receiver } = await fixture.receiver(doomed)
    const bystander = await fixture.sender(other)
    await sendOk(sender)
    const delivery = await inbox.next()
    await fixture.connection.delete(doomed)
    await inbox.until(() => inbox.detaches.length > 0)
    expect(inbox.detaches).toMatchObject([{ code: 'ADDRESS_NOT_FOUND' }])
    // Harmless: its link is gone.
    receiver.accept(delivery)
    await sendOk(bystander)
    expect(sender.detaches.map(({ code }) => code)).toEqual(['ADDRESS_NOT_FOUND'])
    expect(fixture.reports.lost).toEqual([])
  })

  test('with a connection that the broker closes: told once, with the broker’s words', async () => {
    const node = await fixture.node()
    const { connection, reports } = await fixture.connect()
    const sender = await fixture.sender(node, {}, connection)
    await sendOk(sender)
    // Broker-J answers a property that is a list by ending the connection.
    const native = connection.native as Connection
    const offender = native.open_sender(node.name)
    offender.once('sendable', () =>
      offender.send({
        body: 'x',
        application_properties: { list: [1] } as unknown as { [key: string]: string },
      }),
    )
    await reports.until(() => reports.lost.length > 0)
    expect(reports.lost).toMatchObject([
      { code: 'CONNECTION_LOST', message: expect.stringContaining('do not allow non-primitive values') },
    ])
    expect(await rejection(connection.inspect(node))).toMatchObject({ code: 'CONNECTION_LOST' })
    await connection.close()
    expect(reports.lost.length).toBe(1)
  })
})

test('one link more than the broker takes is refused alone; a link closed makes room', async () => {
  const node = await fixture.node()
  const { connection, reports } = await fixture.connect()
  const open = async (): Promise<unknown> => {
    const { receiver } = await fixture.receiver(node, { credit: 0 }, connection)
    return receiver
  }
  const { maxLinks } = connection.capabilities.limits
  const receivers = await Promise.all(Array.from({ length: maxLinks! }, open))
  const more: unknown[] = []
  const refused = await rejection(
    (async () => {
      for (;;) more.push(await open())
    })(),
  )
  expect(refused).toMatchObject({ code: 'CAPACITY_EXCEEDED', context: { address: node.name } })
  expect(more.length).toBeLessThan(10)
  await (receivers[0] as { close(): Promise<void> }).close()
  await open()
  expect(reports.lost).toEqual([])
})

test.each(['sender', 'connection'])(
  'an answer that waits for credit is written though its %s is closed: its request may be accepted already',
  async (what) => {
    const node = await fixture.node()
    const { inbox } = await fixture.receiver(node)
    await using proxy = await FaultProxy.before(url)
    const { connection } = await fixture.connect({}, proxy.urlFor(url))
    // The broker's credit comes a good while behind its attach.
    proxy.degrade({ sliceBytes: 10, sliceGapMs: 5 })
    const sender = await fixture.sender(undefined, {}, connection)
    sender.send({ message: message('answer', { to: node.name }), resend: false, settle: () => {} })
    const closing = sender.close()
    if (what === 'connection') await connection.close()
    await closing
    expect(texts([await inbox.next()])).toEqual(['answer'])
  },
)
