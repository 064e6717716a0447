import { describe, expect, it } from 'vitest'
import { becomes, Fixture, keys, message, range, sendAll, sendOk, text, texts } from '../fixture.ts'

const on = new Fixture()

describe('a browser', () => {
  it('shows every waiting message with its count and life, none handed out, and changes no byte at the server', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    const sender = await on.sender(queue)
    await sendAll(sender, range(1_200))
    await sendOk(sender, message('urgent', { priority: 9, ttlMs: 60_000 }))
    const { receiver, inbox } = await on.receiver(queue, { credit: 2 })
    const [urgent, first] = await inbox.take(2)
    receiver.flow(0)
    await receiver.settle(urgent!, { kind: 'release', delayMs: 0, unseen: false })
    expect((await on.connection.inspect(queue))?.details.unsettled).toBe(1)
    // The receiver renews its lease meanwhile.
    const dump = async () => Object.entries(await on.dump(base)).filter(([key]) => !key.endsWith('#owners'))
    const before = await dump()
    const seen = await on.browse(queue)
    expect(texts(seen)).toEqual(['urgent', ...range(1_200).slice(1)])
    expect(seen[0]).toMatchObject({ deliveryCount: 2, redelivered: true })
    expect(seen[0]!.message.ttlMs).toBeGreaterThan(0)
    expect(seen[1]).toMatchObject({ deliveryCount: 1, redelivered: false })
    expect(texts(await on.browse(queue))).toEqual(texts(seen))
    expect(await dump()).toEqual(before)
    receiver.accept(first!)
  })

  it('ends although others keep sending', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    await sendAll(sender, range(50))
    let browsing = true
    const pouring = (async () => {
      for (let at = 0; browsing; at++) await sendOk(sender, message(`new ${at}`, { priority: at % 10 }))
    })()
    const seen = await on.browse(queue, { credit: 3 })
    browsing = false
    await pouring
    expect(texts(seen).slice(0, 50).sort()).toEqual(range(50).sort())
  })

  it('follows what arrives behind it and before it, without waiting for its next look', async () => {
    const { connection } = await on.connect({ native: { pollMs: 3_600_000 } })
    const queue = await on.node()
    const sender = await on.sender(queue)
    await sendAll(sender, ['old'])
    const { receiver, inbox } = await on.receiver(
      queue,
      { mode: 'browse', follow: true, credit: 5 },
      connection,
    )
    const see = async (): Promise<string> => {
      const delivery = await inbox.next()
      receiver.accept(delivery)
      return text(delivery)
    }
    expect(await see()).toBe('old')
    for (const [body, priority] of [
      ['urgent', 9],
      ['slow', 0],
      ['normal', undefined],
    ] as const) {
      await sendOk(sender, message(body, { priority }))
      expect(await see()).toBe(body)
    }
    expect(inbox.ended).toBe(0)
  })

  it('shows due, pushed and no expired messages, as the next receiver would get them', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    await sendOk(sender, message('expired', { ttlMs: 60 }))
    await sendOk(sender, message('due', { delayMs: 60 }))
    await sendOk(sender, message('much later', { delayMs: 60_000 }))
    await on.bare.rpush(`${keys.queue(queue.name)}#in`, 'pushed')
    const started = performance.now()
    await becomes(() => performance.now() - started > 80, 'the times')
    expect(await on.connection.inspect(queue)).toMatchObject({ depth: 2, details: { delayed: 1 } })
    expect(texts(await on.browse(queue)).sort()).toEqual(['due', 'pushed'])
  })

  it('shows a named subscription', async () => {
    const topic = await on.node({ type: 'topic' })
    const subscription = { name: 'kept', durable: true }
    await (await on.receiver(topic, { subscription })).receiver.close()
    await sendOk(await on.sender(topic), message('x', { subject: 'a' }))
    expect(texts(await on.browse(topic, { subscription }))).toEqual(['x'])
  })
})
