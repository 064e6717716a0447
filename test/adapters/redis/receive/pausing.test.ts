import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { Fixture, message, range, send, texts } from '../fixture.ts'

// Nobody looks by itself.
const on = new Fixture({ native: { pollMs: 3_600_000 } })

describe('a receiver that pauses, gives back what it has, and goes on', () => {
  it('gets nothing younger before that, however late it was on its way', async () => {
    const queue = await on.node()
    const { connection } = await on.connect()
    const { receiver, inbox } = await on.receiver(queue, { credit: 10 }, connection)
    await receiver.flush()
    const sender = await on.sender(queue)
    for (const body of ['0', '1']) await send(sender, message(body))
    const back = await inbox.take(2)
    // What is handed over comes on a connection of its own, here behind all answers.
    const { stream } = (connection.native as { subscriber: Redis }).subscriber
    stream.pause()
    for (const body of ['2', '3']) await send(sender, message(body))
    receiver.flow(0)
    await Promise.all(
      back.reverse().map((one) => receiver.settle(one, { kind: 'release', delayMs: 0, unseen: true })),
    )
    receiver.flow(10)
    stream.resume()
    await receiver.flush()
    expect(texts(inbox.rest)).toEqual(range(4))
    await send(sender, message('4'))
    expect(texts(await inbox.take(5))).toEqual(range(5))
    expect(inbox.deliveries.filter(({ redelivered }) => redelivered)).toEqual([])
  })
})
