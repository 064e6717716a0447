import { describe, expect, it } from 'vitest'
import {
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
} from '../../../../src/model/message.ts'
import {
  becomes,
  Fixture,
  keys,
  message,
  nodeSpec,
  range,
  rejection,
  send,
  sendAll,
  sendOk,
  text,
  texts,
} from '../fixture.ts'

const on = new Fixture()

describe('a queue in Redis', () => {
  it('leaves nothing behind a message that was accepted, but the queue itself', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    const sender = await on.sender(queue)
    await sendAll(sender, range(300))
    await sendOk(sender, message('ttl', { ttlMs: 60_000 }))
    await sendOk(sender, message('again', { priority: 9, properties: { a: 1 } }))
    const { receiver, inbox } = await on.receiver(queue)
    const first = await inbox.next()
    expect(text(first)).toBe('again')
    await receiver.settle(first, { kind: 'release', delayMs: 0, unseen: false })
    for (let at = 0; at < 302; at++) receiver.accept(await inbox.next())
    await receiver.close()
    await sender.close()
    expect(Object.keys(await on.dump(base))).toEqual([base])
  })

  it('keeps the order of one sender over many batches, and priorities before it', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    const sent = range(2_500)
    await Promise.all(sent.map((body) => sendOk(sender, message(body, { priority: Number(body) % 3 }))))
    const { receiver, inbox } = await on.receiver(queue, { credit: 64 })
    const seen: string[] = []
    for (let at = 0; at < sent.length; at++) {
      const delivery = await inbox.next()
      seen.push(text(delivery))
      receiver.accept(delivery)
    }
    const ordered = [2, 1, 0].flatMap((priority) => sent.filter((body) => Number(body) % 3 === priority))
    expect(seen).toEqual(ordered)
  })

  it('never hands over more than the credit', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), range(500))
    const { receiver, inbox } = await on.receiver(queue, { credit: 7 })
    const seen: string[] = []
    while (seen.length < 500) {
      const delivery = await inbox.next()
      expect(inbox.deliveries.length - seen.length).toBeLessThanOrEqual(7)
      seen.push(text(delivery))
      receiver.accept(delivery)
    }
    expect(seen).toEqual(range(500))
  })

  it('shares a short queue among its receivers', async () => {
    const queue = await on.node()
    const others = await Promise.all(range(4).map(() => on.receiver(queue, { credit: 10 })))
    await sendAll(await on.sender(queue), range(8))
    await becomes(
      () => others.reduce((sum, { inbox }) => sum + inbox.deliveries.length, 0) === 8,
      'all handed over',
    )
    for (const { inbox } of others) expect(inbox.deliveries.length).toBeLessThanOrEqual(4)
  })

  it('gives the late half to others when a receiver is paused, and counts nothing as delivered', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), range(20))
    const { receiver, inbox } = await on.receiver(queue, { credit: 10 })
    const held = await inbox.take(10)
    receiver.flow(0)
    await Promise.all(
      held.slice(1).map((one) => receiver.settle(one, { kind: 'release', delayMs: 0, unseen: true })),
    )
    const other = await on.receiver(queue)
    const rest = await other.inbox.take(19)
    expect(texts(rest)).toEqual(range(20).slice(1))
    expect(rest.every((one) => !one.redelivered && one.deliveryCount === 1)).toBe(true)
    receiver.accept(held[0]!)
    await receiver.close()
    const info = await on.connection.inspect(queue)
    expect(info).toMatchObject({ depth: 0, receivers: 1, details: { unsettled: 19 } })
  })

  it('counts each delivery exactly: released, released unseen, given back by a close', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), ['x'])
    const counts: number[] = []
    const { receiver, inbox } = await on.receiver(queue)
    for (const unseen of [false, true, true, false]) {
      const delivery = await inbox.next()
      counts.push(delivery.deliveryCount)
      await receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen })
    }
    counts.push((await inbox.next()).deliveryCount)
    await receiver.close()
    const again = await on.receiver(queue)
    counts.push((await again.inbox.next()).deliveryCount)
    expect(counts).toEqual([1, 2, 2, 2, 3, 4])
  })

  it('refuses what does not fit into its length, exactly, and says so for each message', async () => {
    const queue = await on.node({ maxLength: 10 })
    const sender = await on.sender(queue)
    const outcomes = await Promise.all(range(25).map((body) => send(sender, message(body))))
    expect(outcomes.map((error) => error?.code)).toEqual([
      ...Array(10).fill(undefined),
      ...Array(15).fill('SEND_REJECTED'),
    ])
    expect(texts(await on.browse(queue))).toEqual(range(10))
  })

  it('makes room in a full queue when something expires', async () => {
    const queue = await on.node({ maxLength: 1 })
    const sender = await on.sender(queue)
    await sendOk(sender, message('short', { ttlMs: 100 }))
    expect((await send(sender, message('early')))?.code).toBe('SEND_REJECTED')
    await becomes(async () => (await send(sender, message('late'))) === undefined, 'room')
    expect(texts(await on.browse(queue))).toEqual(['late'])
  })

  it('moves a rejected message with reason, count and origin, in one step', async () => {
    const dead = await on.node()
    const queue = await on.node({ deadLetter: { name: dead.name, type: 'queue' } })
    await sendOk(
      await on.sender(queue),
      message('bad', { properties: { kept: 7n }, ttlMs: 60_000, priority: 8 }),
    )
    const { receiver, inbox } = await on.receiver(queue)
    const delivery = await inbox.next()
    await receiver.settle(delivery, { kind: 'reject', reason: 'no good' })
    const { inbox: letters } = await on.receiver(dead)
    const letter = await letters.next()
    expect(letter.message.id).toBe(delivery.message.id)
    expect({ ...letter.message.properties }).toEqual({
      kept: 7n,
      [DEAD_LETTER_REASON]: 'no good',
      [DEAD_LETTER_DELIVERIES]: 1,
      [DEAD_LETTER_ORIGIN]: queue.name,
    })
    expect(letter.message.ttlMs).toBeUndefined()
    expect(letter).toMatchObject({ deliveryCount: 1, redelivered: false })
  })

  it('sends dead letters on to a topic, when the address is one', async () => {
    const topic = await on.node({ type: 'topic' })
    const live = await on.receiver(topic)
    const queue = await on.node({ deadLetter: { name: topic.name, type: undefined } })
    await sendOk(await on.sender(queue), message('bad', { subject: 'a.b' }))
    const { receiver, inbox } = await on.receiver(queue)
    await receiver.settle(await inbox.next(), { kind: 'reject', reason: 'r' })
    expect((await live.inbox.next()).message).toMatchObject({ subject: 'a.b' })
    await becomes(
      async () => Object.keys(await on.dump(`${keys.queue(queue.name)}#msg`)).length === 0,
      'gone',
    )
  })

  it('diverts what its receivers died on too often, and warns where there is nowhere to go', async () => {
    const queue = await on.node({ maxDeliveries: 2 })
    await sendOk(await on.sender(queue))
    for (let at = 0; at < 2; at++) {
      const { receiver, inbox } = await on.receiver(queue)
      await inbox.next()
      await receiver.close()
    }
    const { receiver } = await on.receiver(queue)
    await on.reports.until(() => on.reports.warnings.some((error) => error.context.address === queue.name))
    await receiver.flush()
    expect(await on.connection.inspect(queue)).toMatchObject({ depth: 0, details: { unsettled: 0 } })
  })

  it('diverts them as soon as the dead-letter address takes what it refused at first', async () => {
    const dead = { name: on.name('dead'), type: 'queue' } as const
    const queue = await on.node({ maxDeliveries: 1, deadLetter: dead })
    await sendOk(await on.sender(queue))
    const first = await on.receiver(queue)
    await first.inbox.next()
    await first.receiver.close()
    await on.bare.set(keys.queue(dead.name), 'of another program')
    on.atEnd(() => on.connection.delete(dead))
    const warnings = on.reports.warnings.length
    const { receiver } = await on.receiver(queue)
    await on.reports.until(() => on.reports.warnings.length > warnings)
    await on.bare.del(keys.queue(dead.name))
    await becomes(async () => (await on.connection.inspect(dead))?.depth === 1, 'the letter is there')
    await receiver.flush()
    expect(await on.connection.inspect(queue)).toMatchObject({ depth: 0, details: { unsettled: 0 } })
  })

  it('delivers a delayed message behind those that came meanwhile, a delayed release at its old place', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    await sendOk(sender, message('delayed', { delayMs: 150 }))
    await sendAll(sender, ['first', 'second'])
    const { receiver, inbox } = await on.receiver(queue, { credit: 1 })
    const first = await inbox.next()
    await receiver.settle(first, { kind: 'release', delayMs: 150, unseen: false })
    const seen: string[] = []
    await becomes(async () => {
      const { due } = { due: (await on.connection.inspect(queue))!.details.delayed }
      return due === 0
    }, 'both due')
    for (let at = 0; at < 3; at++) {
      const delivery = await inbox.next()
      seen.push(text(delivery))
      receiver.accept(delivery)
    }
    expect(seen.filter((body) => body !== 'second')).toEqual(['first', 'delayed'])
  })

  it('is exclusive to one receiver, and free again when that has gone', async () => {
    const queue = await on.node({ exclusive: true })
    const first = await on.receiver(queue, { exclusive: true })
    const error = await rejection(on.receiver(queue, { exclusive: true }))
    expect(error).toMatchObject({ code: 'UNAUTHORIZED' })
    await first.receiver.close()
    await on.receiver(queue)
    expect(await rejection(on.receiver(queue, { exclusive: true }))).toMatchObject({ code: 'UNAUTHORIZED' })
  })

  it('comes back to its receiver where the list of receivers has vanished', async () => {
    const queue = await on.node({ exclusive: true })
    const { inbox } = await on.receiver(queue)
    await on.bare.del(`${keys.queue(queue.name)}#owners`)
    await sendOk(await on.sender(queue), message('after'))
    expect(text(await inbox.next())).toBe('after')
    await expect(on.receiver(queue)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  })

  it('ends by itself when it was unused for long enough, with everything it has', async () => {
    const queue = await on.node({ expiresMs: 300 })
    const base = keys.queue(queue.name)
    const { receiver, inbox } = await on.receiver(queue)
    await sendAll(await on.sender(queue, { reliability: 'at-most-once' }), ['a', 'b'])
    await inbox.take(2)
    await receiver.close()
    expect((await on.connection.inspect(queue))?.depth).toBe(2)
    await becomes(async () => Object.keys(await on.dump(base)).length === 0, 'every key gone')
    expect(await on.connection.inspect(queue)).toBeUndefined()
    expect((await on.connection.list()).map((node) => node.name)).not.toContain(queue.name)
  })

  it('stays as long as a receiver is there, however short its life alone would be', async () => {
    const { connection } = await on.connect({ native: { leaseMs: 300 } })
    const queue = await on.node({ expiresMs: 200 })
    const { inbox } = await on.receiver(queue, {}, connection)
    const started = performance.now()
    await becomes(() => performance.now() - started > 1_200, 'several lives')
    await sendAll(await on.sender(queue), ['there'])
    expect(text(await inbox.next())).toBe('there')
  })

  it('deletes itself with its last receiver when it is to', async () => {
    const queue = await on.node({ autoDelete: true })
    const one = await on.receiver(queue)
    const two = await on.receiver(queue)
    await one.receiver.close()
    expect(await on.connection.inspect(queue)).toBeDefined()
    await two.receiver.close()
    expect(await on.dump(keys.queue(queue.name))).toEqual({})
  })

  it('goes to who is there, not to who was, where another program has deleted its settings alone', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    const inLine = async (): Promise<string[]> => on.bare.zrange(`${base}#waiters`, '0', '-1')
    const { inbox: gone } = await on.receiver(queue)
    await becomes(async () => (await inLine()).length === 1, 'it waits')
    const [owner] = await inLine()
    await on.bare.del(base)
    await gone.until(() => gone.detaches.length > 0)
    await on.connection.declare(queue)
    const { inbox } = await on.receiver(queue)
    await becomes(async () => (await inLine()).some((other) => other !== owner), 'the other one waits')
    const sender = await on.sender(queue)
    for (const body of range(6)) await sendOk(sender, message(body))
    expect(texts(await inbox.take(6))).toEqual(range(6))
  })

  it('is received further where another program has put back what it had saved of it', async () => {
    const { connection } = await on.connect({ native: { pollMs: 100 } })
    const queue = await on.node()
    const places = `${keys.queue(queue.name)}#places`
    const { inbox } = await on.receiver(queue, {}, connection)
    await becomes(async () => (await on.bare.hlen(places)) === 1, 'it waits')
    const [[owner, place]] = Object.entries(await on.bare.hgetall(places)) as [[string, string]]
    const [claim, room, handed] = place.split(' ').map(Number)
    await on.bare.hset(places, owner, `${claim} ${room} ${handed! + 1}`)
    await becomes(
      async () => (await on.bare.hget(places, owner)) !== `${claim} ${room} ${handed! + 1}`,
      'it looked',
    )
    await sendOk(await on.sender(queue), message('after'))
    expect(text(await inbox.next())).toBe('after')
  })

  it('goes to who is there, also where another program has put back who was', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    const left = await on.receiver(queue)
    await becomes(async () => (await on.bare.hlen(`${base}#places`)) === 1, 'it waits')
    const [[owner, place]] = Object.entries(await on.bare.hgetall(`${base}#places`)) as [[string, string]]
    await left.receiver.close()
    await on.bare.hset(`${base}#places`, owner, place)
    await on.bare.zadd(`${base}#owners`, Date.now() + 60_000, owner)
    await on.bare.zadd(`${base}#waiters`, 1, owner)
    const { inbox } = await on.receiver(queue)
    const sender = await on.sender(queue)
    for (const body of range(4)) await sendOk(sender, message(body))
    expect(texts(await inbox.take(4)).sort()).toEqual(range(4).sort())
  })

  it('tells its receivers when it is deleted', async () => {
    const queue = await on.node()
    const { inbox } = await on.receiver(queue)
    const { inbox: following } = await on.receiver(queue, { mode: 'browse', follow: true })
    await on.connection.delete(queue)
    await inbox.until(() => inbox.detaches.length > 0)
    await following.until(() => following.detaches.length > 0)
    expect(inbox.detaches[0]).toMatchObject({ code: 'DETACHED', retryable: true })
    expect(await rejection(on.receiver(queue))).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  })

  it('takes messages bound from a topic', async () => {
    const topic = await on.node({ type: 'topic' })
    const queue = await on.node({ bindings: [{ source: topic.name, key: 'a.*' }] })
    await on.connection.declare(nodeSpec({ ...queue, bindings: [{ source: topic.name, key: '*.z' }] }))
    const sender = await on.sender(topic)
    for (const subject of ['a.b', 'b.b', 'q.z', 'a.z']) await sendOk(sender, message(subject, { subject }))
    expect(texts(await on.browse(queue))).toEqual(['a.b', 'q.z', 'a.z'])
    expect(
      await rejection(on.connection.declare(nodeSpec({ ...queue, bindings: [{ source: on.name('no') }] }))),
    ).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
  })

  it.each(['a{b}c#d%7B', '{}', '}', ':', 'a:b:c', 'ü/ö;ä ', 'x'.repeat(250)])(
    'takes the name %j',
    async (name) => {
      const queue = await on.node({ name: `${name}${on.name('')}` })
      const colon = await on.node({ name: `${queue.name}:x` })
      await sendAll(await on.sender(queue), ['one'])
      await sendAll(await on.sender(colon), ['other'])
      expect(texts(await on.browse(queue))).toEqual(['one'])
      const { receiver, inbox } = await on.receiver(queue)
      receiver.accept(await inbox.next())
      expect((await on.connection.list()).map((node) => node.name)).toContain(queue.name)
    },
  )

  it('answers unroutable when there is no such queue, for each message', async () => {
    const sender = await on.sender({ name: on.name('missing'), type: 'queue' })
    const outcomes = await Promise.all(range(3).map(() => send(sender)))
    expect(outcomes.map((error) => error?.code)).toEqual(Array(3).fill('SEND_UNROUTABLE'))
  })

  it('purges ten thousand messages, delayed ones too, and leaves those handed out', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    const { receiver, inbox } = await on.receiver(queue, { credit: 1 })
    await Promise.all(range(10_000).map((body) => sendOk(sender, message(body))))
    await sendOk(sender, message('later', { delayMs: 60_000 }))
    const held = await inbox.next()
    expect(await on.connection.purge(queue)).toBe(10_000)
    await receiver.settle(held, { kind: 'release', delayMs: 0, unseen: false })
    expect(text(await inbox.next())).toBe('0')
  })

  it('carries batches of large and small messages, whatever their sizes', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    const sizes = [0, 1, 3_000_000, 10, 1_048_576, 1_048_577, 700_000, 700_000, 5]
    await Promise.all(sizes.map((size) => sendOk(sender, message(Buffer.alloc(size, 'z')))))
    const { inbox } = await on.receiver(queue)
    const seen = await inbox.take(sizes.length)
    expect(seen.map((one) => (one.message.body as Uint8Array).byteLength)).toEqual(sizes)
  })
})
