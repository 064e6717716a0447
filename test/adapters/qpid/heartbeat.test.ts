/** Silence in one direction, at a broker that announces no idle time-out. */
import { expect, test } from 'vitest'
import { connect, queue } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { uniqueName } from '../../support/names.ts'
import { url } from './fixture.ts'

const HEARTBEAT_MS = 2_000
/** For a look of the timers and a busy machine. */
const SPARE_MS = 1_500

test.each(['toBroker', 'toClient'] as const)(
  'silence %s is noticed within two heartbeats',
  async (direction) => {
    await using proxy = await FaultProxy.before(url)
    await using connection = await connect({ url: proxy.urlFor(url), heartbeatMs: HEARTBEAT_MS })
    const lost = new Promise<void>((resolve) => connection.on('disconnected', () => resolve()))
    proxy.silence(direction)
    const began = performance.now()
    await lost
    expect(performance.now() - began).toBeLessThan(2 * HEARTBEAT_MS + SPARE_MS)
    await proxy.heal()
  },
)

test('a slow line loses no connection by a large message that the system has taken', async () => {
  await using proxy = await FaultProxy.before(url)
  await using connection = await connect({ url: proxy.urlFor(url), heartbeatMs: 500 })
  await using witness = await connect(url)
  const place = queue<Uint8Array>(uniqueName('slow'), { durable: false })
  await witness.admin.declare(place)
  await using sender = await connection.sender(place)
  const losses: unknown[] = []
  connection.on('disconnected', ({ cause }) => losses.push(cause))
  proxy.degrade({ bytesPerSecond: 100_000 }, 'toBroker')
  await sender.send(Buffer.alloc(300_000))
  expect(losses).toEqual([])
  await proxy.heal()
  await witness.admin.delete(place)
})
