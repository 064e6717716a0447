/** Silence in one direction, at a broker that announces no idle time-out. */
import { expect, test } from 'vitest'
import { connect } from '../../../src/index.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
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
