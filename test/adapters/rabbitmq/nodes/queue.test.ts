import { describe, expect, test } from 'vitest'
import { NO_LIMITS } from '../../../../src/contract/adapter.ts'
import { Fixture, message, range, rejection, send, sendOk, text, texts, url } from '../fixture.ts'

const fixture = new Fixture()

describe('sending to a queue', () => {
  test('an accepted durable message is in the queue, as another client sees it', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    await sendOk(sender, message('hello', { contentType: 'text/plain', priority: 7 }))
    const got = await fixture.channel.get(node.name, { noAck: true })
    if (!got) throw new Error('The queue is empty')
    expect(got.content.toString()).toBe('hello')
    expect(got.properties).toMatchObject({ contentType: 'text/plain', priority: 7, deliveryMode: 2 })
  })

  test('attaching to a queue that does not exist is ADDRESS_NOT_FOUND', async () => {
    const error = await rejection(fixture.sender({ name: fixture.name(), type: 'queue' }))
    expect(error).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  })

  test('a queue deleted behind the sender makes its messages unroutable, each of them', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    await sendOk(sender)
    await fixture.connection.delete(node)
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => send(sender)))
    expect(outcomes.map((error) => error?.code)).toEqual(Array(100).fill('SEND_UNROUTABLE'))
  })

  test('headers that fit no frame are refused before they end the connection, in every kind of sender', async () => {
    const node = await fixture.node()
    const { connection, reports } = await fixture.connect({ url: `${url}?frame_max=8192` })
    const large = { properties: { text: 'ä'.repeat(4_100) } }
    for (const reliability of ['at-least-once', 'at-most-once'] as const) {
      const sender = await fixture.sender(node, { reliability }, connection)
      expect(await send(sender, message('', large))).toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
      expect(await send(sender, message('', { ...large, delayMs: 10 }))).toMatchObject({
        code: 'MESSAGE_TOO_LARGE',
      })
      await sendOk(sender, message('', { properties: { text: 'ä'.repeat(3_900) } }))
    }
    expect(reports.lost).toEqual([])
  })

  test('messages with one id in flight get no false ok', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const sends = Array.from({ length: 5 }, (_, n) => send(sender, message(`same ${n % 2}`, { id: 'twin' })))
    expect(await Promise.all(sends)).toEqual(Array(5).fill(undefined))
    await fixture.connection.delete(node)
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, (_, n) => send(sender, message(`same ${n % 2}`, { id: 'twin' }))),
    )
    expect(outcomes.map((error) => error?.code)).toEqual(Array(5).fill('SEND_UNROUTABLE'))
  })

  test('a full queue refuses with SEND_REJECTED and keeps what it has', async () => {
    const node = await fixture.node({ maxLength: 2 })
    const sender = await fixture.sender(node)
    await sendOk(sender, message('1'))
    await sendOk(sender, message('2'))
    expect(await send(sender, message('3'))).toMatchObject({
      code: 'SEND_REJECTED',
      hint: expect.stringMatching(/full/),
    })
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 2 })
  })

  test('what the wire cannot carry is refused and hurts nothing else', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const long = 'k'.repeat(256)
    expect(await send(sender, message('x', { properties: { [long]: 1 } }))).toMatchObject({
      code: 'ENCODE_FAILED',
    })
    expect(await send(sender, message('x', { properties: { big: 'v'.repeat(70_000) } }))).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
    expect(await send(sender, message('x', { replyTo: 'amq.rabbitmq.reply-to' }))).toMatchObject({
      code: 'SEND_REJECTED',
    })
    await sendOk(
      sender,
      message('fine', { userId: 'somebody else', properties: { CC: 'elsewhere', BCC: 'there' } }),
    )
    expect(sender.detaches).toEqual([])
    const { inbox } = await fixture.receiver(node)
    const { message: got } = await inbox.next()
    expect(got).toMatchObject({ userId: 'somebody else', properties: { CC: 'elsewhere', BCC: 'there' } })
  })

  test('bodies of any size arrive byte by byte, the old bytes if the buffer changes after send', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { inbox, receiver } = await fixture.receiver(node)
    for (const size of [0, 1, 1500, 2048, 130_000, 131_072, 1_000_003]) {
      const body = Buffer.alloc(size, size % 251)
      const sent = Buffer.from(body)
      const outcome = send(sender, message(sent))
      sent.fill(0xff)
      expect(await outcome).toBeUndefined()
      const delivery = await inbox.next()
      expect(body.equals(delivery.message.body as Uint8Array)).toBe(true)
      receiver.accept(delivery)
    }
  })

  test('at-most-once: settled without an answer, delivered all the same', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node, { reliability: 'at-most-once' })
    const { inbox } = await fixture.receiver(node)
    for (let n = 0; n < 3000; n++) await sendOk(sender, message(`${n}`))
    const got = await inbox.take(100)
    expect(texts(got)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`))
  })
})

describe('receiving from a queue', () => {
  test('what goes back is not accepted along with what gets its verdict behind it in the same turn', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (const body of ['back', 'rejected', 'accepted']) await sendOk(sender, message(body))
    const { receiver, inbox } = await fixture.receiver(node, { credit: 3 })
    const [back, rejected, accepted] = await inbox.take(3)
    await Promise.all([
      receiver.settle(back!, { kind: 'release', delayMs: 0, unseen: true }),
      receiver.settle(rejected!, { kind: 'reject', reason: 'no' }),
      receiver.accept(accepted!),
    ])
    expect(text(await inbox.next())).toBe('back')
    await receiver.close()
    const next = await fixture.receiver(node, { credit: 3 })
    expect(text(await next.inbox.next())).toBe('back')
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 0 })
  })

  test('first in, first out; accepted ones are gone', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node)
    const sends = Array.from({ length: 500 }, (_, n) => sendOk(sender, message(`${n}`)))
    for (let n = 0; n < 500; n++) {
      const delivery = await inbox.next()
      expect(text(delivery)).toBe(`${n}`)
      expect(delivery).toMatchObject({ deliveryCount: 1, redelivered: false })
      receiver.accept(delivery)
    }
    await Promise.all(sends)
    await receiver.close()
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 0, receivers: 0 })
  })

  test('the window is never exceeded', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (let n = 0; n < 20; n++) await sendOk(sender, message(`${n}`))
    const { receiver, inbox } = await fixture.receiver(node, { credit: 3 })
    const first = await inbox.take(3)
    await receiver.flush()
    expect(inbox.rest).toEqual([])
    receiver.accept(first[1]!)
    expect(text(await inbox.next())).toBe('3')
    await receiver.flush()
    expect(inbox.rest).toEqual([])
  })

  test('credit 0 attaches and hands over nothing, until flow opens the window', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    await sendOk(sender, message('early'))
    const { receiver, inbox } = await fixture.receiver(node, { credit: 0 })
    await receiver.flush()
    expect(inbox.deliveries).toEqual([])
    receiver.flow(10)
    expect(text(await inbox.next())).toBe('early')
  })

  test('flow 0 gives back what was on its way; what was handed over can still be settled', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node, { credit: 10 })
    for (let n = 0; n < 5; n++) await sendOk(sender, message(`${n}`))
    const held = await inbox.take(2)
    receiver.flow(0)
    await receiver.flush()
    for (let n = 5; n < 10; n++) await sendOk(sender, message(`${n}`))
    const handedOver = inbox.deliveries.length
    const { depth } = (await fixture.connection.inspect(node))!
    expect(handedOver + depth!).toBe(10)
    receiver.accept(held[0]!)
    receiver.accept(held[1]!)
    receiver.flow(10)
    await inbox.until(() => inbox.deliveries.length >= 10)
    expect(new Set(texts(inbox.deliveries)).size).toBe(10)
  })

  test('a window that is closed while it is being opened stays closed', async () => {
    const node = await fixture.node()
    const { receiver, inbox } = await fixture.receiver(node, { credit: 0 })
    receiver.flow(10)
    receiver.flow(0)
    await receiver.flush()
    expect(await fixture.connection.inspect(node)).toMatchObject({ receivers: 0 })
    await sendOk(await fixture.sender(node), message('waits'))
    receiver.flow(10)
    expect(await inbox.next()).toMatchObject({ redelivered: false })
  })

  test('a window narrowed to what is held opens again when that is settled', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node, { credit: 1 })
    await sendOk(sender, message('held'))
    const held = await inbox.next()
    receiver.flow(0)
    receiver.flow(1)
    await sendOk(sender, message('next'))
    await receiver.flush()
    expect(inbox.rest).toEqual([])
    receiver.accept(held)
    expect(text(await inbox.next())).toBe('next')
  })

  test('verdicts in any order reach the right messages', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node, { credit: 100 })
    for (let n = 0; n < 100; n++) await sendOk(sender, message(`${n}`))
    const all = await inbox.take(100)
    const kept = new Set<string>()
    const order = all
      .map((delivery, at) => ({ delivery, at }))
      .sort((a, b) => ((a.at * 37) % 101) - ((b.at * 37) % 101))
    for (const { delivery, at } of order) {
      if (at % 7 === 0) kept.add(text(delivery))
      else receiver.accept(delivery)
      if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await receiver.close()
    const { inbox: again } = await fixture.receiver(node)
    expect(new Set(texts(await again.take(kept.size)))).toEqual(kept)
    expect(again.deliveries.every((delivery) => delivery.redelivered && delivery.deliveryCount === 2)).toBe(
      true,
    )
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 0 })
  })

  test('released messages return to their old place', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    for (let n = 0; n < 6; n++) await sendOk(sender, message(`${n}`))
    const { receiver, inbox } = await fixture.receiver(node, { credit: 3 })
    const [first, second, third] = await inbox.take(3)
    receiver.accept(second!)
    await receiver.settle(third!, { kind: 'release', delayMs: 0, unseen: true })
    await receiver.settle(first!, { kind: 'release', delayMs: 0, unseen: false })
    await receiver.close()
    const { inbox: again } = await fixture.receiver(node)
    const rest = await again.take(5)
    expect(texts(rest)).toEqual(['0', '2', '3', '4', '5'])
    expect(rest.map(({ redelivered }) => redelivered)).toEqual([true, true, expect.anything(), false, false])
  })

  test('what was accepted right before a close stays accepted in a quorum queue, however much goes back with it', async () => {
    const native = { queueType: 'quorum' }
    const limits = { ...NO_LIMITS, native }
    const node = await fixture.node({ native })
    const sender = await fixture.sender(node)
    const waiting = new Set(range(300))
    await Promise.all(range(300).map((body) => sendOk(sender, message(body))))
    for (const every of [100, 100, 100, 2, 2]) {
      const { receiver, inbox } = await fixture.receiver(node, { credit: 100, limits })
      const all = await inbox.take(100)
      const accepted = all.filter((_, n) => n % every === 0)
      for (const delivery of accepted) {
        receiver.accept(delivery)
        waiting.delete(text(delivery))
      }
      receiver.flow(0)
      for (const delivery of all.reverse())
        if (!accepted.includes(delivery))
          void receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: true })
      await receiver.close()
    }
    const { inbox } = await fixture.receiver(node, { credit: 300, limits })
    expect(texts(await inbox.take(waiting.size)).sort()).toEqual([...waiting].sort())
  })

  test('a rejected delivery is gone: the API has stored its copy', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    await sendOk(sender)
    const { receiver, inbox } = await fixture.receiver(node)
    await receiver.settle(await inbox.next(), { kind: 'reject', reason: 'bad' })
    await receiver.close()
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 0 })
  })

  test('flush: an empty inbox afterwards means an empty queue', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const { receiver, inbox } = await fixture.receiver(node, { credit: 1000 })
    for (let round = 0; round < 50; round++) {
      await Promise.all(Array.from({ length: 7 }, (_, n) => sendOk(sender, message(`${round}.${n}`))))
      await receiver.flush()
      const got = inbox.rest
      expect(got.length).toBe(7)
      for (const delivery of await inbox.take(7)) receiver.accept(delivery)
    }
  })

  test('larger priorities come first, none counts as 4, first in first out within one', async () => {
    const node = await fixture.node()
    const sender = await fixture.sender(node)
    const priorities = [0, 3, undefined, 5, 9, 4, 9, 3, undefined]
    for (const [n, priority] of priorities.entries())
      await sendOk(sender, message(`${priority}:${n}`, { priority }))
    const { inbox } = await fixture.receiver(node)
    expect(texts(await inbox.take(9))).toEqual([
      '9:4',
      '9:6',
      '5:3',
      'undefined:2',
      '4:5',
      'undefined:8',
      '3:1',
      '3:7',
      '0:0',
    ])
  })

  test('an expired message is never delivered: the shorter of message and queue wins', async () => {
    const node = await fixture.node({ ttlMs: 60_000 })
    const brief = await fixture.node({ ttlMs: 50 })
    const sender = await fixture.sender(node)
    const toBrief = await fixture.sender(brief)
    await sendOk(sender, message('short', { ttlMs: 50 }))
    await sendOk(sender, message('long', { ttlMs: 30_000 }))
    await sendOk(toBrief, message('node', { ttlMs: 60_000 }))
    await expect.poll(async () => (await fixture.connection.inspect(brief))!.depth).toBe(0)
    await expect.poll(async () => (await fixture.connection.inspect(node))!.depth).toBe(1)
    const { inbox } = await fixture.receiver(node)
    const delivery = await inbox.next()
    expect(text(delivery)).toBe('long')
    expect(delivery.message.ttlMs).toBeLessThanOrEqual(30_000)
    expect(delivery.message.ttlMs).toBeGreaterThan(20_000)
  })

  test('an exclusive receiver keeps others away, and is refused where others are', async () => {
    const node = await fixture.node()
    const { receiver } = await fixture.receiver(node, { exclusive: true })
    const { connection } = await fixture.connect()
    for (const on of [fixture.connection, connection]) {
      expect(await rejection(fixture.receiver(node, {}, on))).toMatchObject({ code: 'UNAUTHORIZED' })
    }
    await receiver.close()
    await fixture.receiver(node, {}, connection)
    expect(await rejection(fixture.receiver(node, { exclusive: true }))).toMatchObject({
      code: 'UNAUTHORIZED',
    })
  })

  test('attaching to a queue that does not exist is ADDRESS_NOT_FOUND, with and without credit', async () => {
    for (const credit of [0, 10]) {
      const error = await rejection(fixture.receiver({ name: fixture.name(), type: 'queue' }, { credit }))
      expect(error).toMatchObject({ code: 'ADDRESS_NOT_FOUND', context: { adapter: 'rabbitmq' } })
    }
  })

  test('deleting the queue ends the receiver with ADDRESS_NOT_FOUND, once', async () => {
    const node = await fixture.node()
    const { inbox, receiver } = await fixture.receiver(node)
    await fixture.channel.deleteQueue(node.name)
    await inbox.until(() => inbox.detaches.length > 0)
    expect(inbox.detaches).toMatchObject([{ code: 'ADDRESS_NOT_FOUND' }])
    await receiver.close()
    expect(inbox.detaches.length).toBe(1)
  })

  test('names that would need escaping elsewhere are plain names', async () => {
    for (const name of ['a/b;c', 'with spaces', 'ünï©ödé ☃', 'quo\'te"s', '#*%', 'x'.repeat(200)]) {
      const node = await fixture.node({ name: `${fixture.name('n')}${name}`.slice(0, 230) })
      const sender = await fixture.sender(node)
      const anonymous = await fixture.sender(undefined)
      const { inbox, receiver } = await fixture.receiver(node)
      await sendOk(sender, message('direct'))
      await sendOk(anonymous, message('by address', { to: receiver.address }))
      expect(texts(await inbox.take(2))).toEqual(['direct', 'by address'])
    }
  })
})

test('what goes back unseen, last first, comes again in its order, from a queue that counts as well', async () => {
  const node = await fixture.node({ maxDeliveries: 50 })
  const sender = await fixture.sender(node)
  const bodies = Array.from({ length: 10 }, (_, n) => `${n}`)
  for (const body of bodies) await sendOk(sender, message(body))
  const { receiver, inbox } = await fixture.receiver(node, { credit: 10 })
  const came = await inbox.take(10)
  await Promise.all(
    came
      .reverse()
      .map((delivery) => receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: true })),
  )
  expect(texts(await inbox.take(10))).toEqual(bodies)
})
