import { describe, expect, it } from 'vitest'
import { becomes, Fixture, keys, message, range, send, text, texts } from '../fixture.ts'

// Nobody looks by itself: what arrives was handed over, or somebody was told.
const on = new Fixture({ native: { pollMs: 3_600_000 } })

describe('a single message for a waiting receiver', () => {
  it('is handed over in the step that stores it, held as if it had been asked for', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    const { receiver, inbox } = await on.receiver(queue, { credit: 10 })
    await receiver.flush()
    const sender = await on.sender(queue)
    expect(await send(sender, message('one', { ttlMs: 60_000 }))).toBeUndefined()
    const [owner] = await on.bare.zrange(`${base}#owners`, '0', '-1')
    // The answer of the send comes behind it: nothing was left to wait in between.
    expect(await on.bare.scard(`${base}#held:${owner}`)).toBe(1)
    expect(await on.bare.exists(`${base}#ready`, `${base}#exp`)).toBe(0)
    const [one] = await inbox.take(1)
    expect([text(one!), one!.deliveryCount, one!.redelivered]).toEqual(['one', 1, false])
    expect(one!.message.ttlMs).toBeGreaterThan(50_000)
    // Released, it still ends when it must.
    await receiver.settle(one!, { kind: 'release', delayMs: 0, unseen: false })
    const [again] = await inbox.take(1)
    expect([again!.deliveryCount, (again!.message.ttlMs ?? 0) > 50_000]).toEqual([2, true])
    receiver.accept(again!)
    await receiver.close()
    expect(Object.keys(await on.dump(base)).filter((key) => !/#(sent|looked)/.test(key))).toEqual([base])
  })

  it('never exceeds the window, and none is forgotten', async () => {
    const queue = await on.node()
    const { receiver, inbox } = await on.receiver(queue, { credit: 3 })
    const sender = await on.sender(queue)
    for (const body of range(10)) expect(await send(sender, message(body))).toBeUndefined()
    await receiver.flush()
    expect(texts(inbox.deliveries)).toEqual(['0', '1', '2'])
    for (let at = 0; at < 10; at++) receiver.accept(await inbox.next())
    expect(texts(inbox.deliveries)).toEqual(range(10))
    for (const delivery of inbox.deliveries) expect(delivery.deliveryCount).toBe(1)
  })

  it('goes round among several', async () => {
    const queue = await on.node()
    const receivers = await Promise.all(range(3).map(() => on.receiver(queue, { credit: 5 })))
    await Promise.all(receivers.map(({ receiver }) => receiver.flush()))
    const sender = await on.sender(queue)
    const count = (): number => receivers.reduce((sum, { inbox }) => sum + inbox.deliveries.length, 0)
    for (const [at, body] of range(15).entries()) {
      await send(sender, message(body))
      await becomes(() => count() === at + 1, body)
    }
    // As many as their windows hold.
    expect(receivers.map(({ inbox }) => inbox.deliveries.length)).toEqual([5, 5, 5])
  })

  it('is there after a flush, whichever way it came', async () => {
    const queue = await on.node()
    const { receiver, inbox } = await on.receiver(queue, { credit: 1 })
    const sender = await on.sender(queue)
    for (let round = 0; round < 50; round++) {
      await send(sender, message(String(round)))
      await receiver.flush()
      expect(text(inbox.deliveries[round]!)).toBe(String(round))
      receiver.accept(inbox.deliveries[round]!)
    }
  })

  it('goes back unseen from one that pauses or closes', async () => {
    const queue = await on.node()
    const sender = await on.sender(queue)
    for (let round = 0; round < 20; round++) {
      const { receiver, inbox } = await on.receiver(queue, { credit: 10 })
      await receiver.flush()
      const sent = send(sender, message(String(round)))
      if (round % 2 === 0) receiver.flow(0)
      const closed = receiver.close()
      await Promise.all([sent, closed])
      const seen = await on.browse(queue)
      expect(texts(seen)).toEqual([String(round)])
      // Handed to the application, it counts; on its way only, it does not.
      expect(seen[0]!.deliveryCount).toBe(1 + inbox.deliveries.length)
      await on.connection.purge(queue)
    }
  })
})
