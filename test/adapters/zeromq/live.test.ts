/** Live subscriptions over the wire: what a receiver that is behind misses is told to the last message. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { broadcast, type Connection, connect, createHub, type Hub } from '../../../src/index.ts'

const ticks = broadcast<number>('ticks')
const CREDIT = 100
const TOO_MANY = 3_000

describe('a live subscription that is behind', () => {
  let hub: Hub
  beforeAll(async () => {
    hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  })
  afterAll(() => hub.close())

  it('is told what it misses, at the latest before it closes: received and told are all that was sent', async () => {
    await using publisher = await connect(hub.urls[0]!)
    await using stays = await connect(hub.urls[0]!)
    await using leaves = await connect(hub.urls[0]!)
    const told = { staying: toldTo(stays), leaving: toldTo(leaves) }
    const staying = await stays.receiver(ticks, { credit: CREDIT })
    const leaving = await leaves.receiver(ticks, { credit: CREDIT })

    const all = stays.capabilities.limits.liveBuffer! + CREDIT + TOO_MANY
    await using sender = await publisher.sender(ticks, { capacity: 10_000 })
    await Promise.all(Array.from({ length: all }, (_, at) => sender.send(at)))
    // The hub is through with all of it: a busy machine may take longer for that than a close waits.
    await leaves.admin.inspect(ticks)
    await leaving.close()
    expect(told.leaving.count).toBe(TOO_MANY)

    const bodies: number[] = []
    while (bodies.length + told.staying.count < all) {
      const delivery = await staying.receive({ timeoutMs: 5_000 })
      if (!delivery) break
      bodies.push(delivery.body)
      await delivery.accept()
    }
    expect({ received: bodies.length, told: told.staying.count }).toEqual({
      received: all - TOO_MANY,
      told: TOO_MANY,
    })
    expect(bodies.slice(CREDIT - 1, CREDIT + 1)).toEqual([CREDIT - 1, CREDIT + TOO_MANY])
  })
})

/** The sum of the gaps a connection was told of; `NaN` after one without number. */
function toldTo(connection: Connection): { count: number } {
  const told = { count: 0 }
  connection.on('gap', ({ count }) => {
    told.count += count ?? Number.NaN
  })
  return told
}
