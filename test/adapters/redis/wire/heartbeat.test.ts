import { once } from 'node:events'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { FaultProxy } from '../../../support/fault-proxy.ts'
import { Fixture, message, send, sendOk, url } from '../fixture.ts'
import { RedisServer } from '../redis-server.ts'

const on = new Fixture()
const HEARTBEAT_MS = 500

describe('a heartbeat', () => {
  it('takes bytes that leave for life: a large message goes over a slow line on one connection', {
    timeout: 60_000,
  }, async () => {
    await using proxy = await FaultProxy.before(url)
    const { connection, reports } = await on.connect({ heartbeatMs: HEARTBEAT_MS }, proxy.urlFor(url))
    const queue = await on.node()
    const sender = await on.sender(queue, {}, connection)
    await sendOk(sender)
    proxy.degrade({ bytesPerSecond: 200_000 }, 'toBroker')
    const taken = proxy.accepted
    expect(await send(sender, message(Buffer.alloc(1_500_000)))).toBeUndefined()
    expect([reports.lost, proxy.accepted]).toEqual([[], taken])
  })

  it.each(['toBroker', 'toClient'] as const)(
    'notices within twice its time that nothing goes %s any more',
    async (direction) => {
      await using proxy = await FaultProxy.before(url)
      const { connection, reports } = await on.connect({ heartbeatMs: HEARTBEAT_MS }, proxy.urlFor(url))
      const queue = await on.node()
      const sender = await on.sender(queue, {}, connection)
      await sendOk(sender)
      proxy.silence(direction)
      const begun = performance.now()
      void send(sender, message('never answered'))
      await reports.until(() => reports.lost.length > 0)
      expect(reports.lost[0]!.code).toBe('CONNECTION_LOST')
      expect(performance.now() - begun).toBeLessThan(2 * HEARTBEAT_MS + 400)
    },
  )

  it('comes more often where the server ends idle connections sooner, also where silence is to end none', async () => {
    await using server = await RedisServer.start([['timeout', '2']])
    const connections = [10_000, 0].map((heartbeatMs) => on.connect({ heartbeatMs }, server.url))
    const opened = await Promise.all(connections)
    // It opens later than those, and asks nothing either.
    const idle = new Redis(server.port, { protocol: 2, retryStrategy: () => null })
    await once(idle, 'close')
    expect(opened.flatMap(({ reports }) => reports.lost)).toEqual([])
  })
})
