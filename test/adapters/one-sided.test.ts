/**
 * The connection is lost on this side alone: the broker still takes the old exclusive receiver for attached, and refuses the new one
 * until it has noticed: RabbitMQ by heartbeats that do not come, Redis by the end of a lease. The receiver comes back by itself. A hub and
 * Broker-J, which may notice nothing, end the old connection for the new one.
 */
import { describe, expect, it } from 'vitest'
import { type Connection, connect, createHub, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { uniqueName } from '../support/names.ts'

const BROKERS = ['hub', 'redis', 'rabbitmq', 'qpid'] as const

// They wait most of the time, and so do it together.
describe.concurrent('an exclusive receiver, its connection lost on this side alone', () => {
  for (const broker of BROKERS.filter((one) => one === 'hub' || !isLeftOut(one))) {
    it(`comes back by itself: ${broker}`, async () => {
      const hub = broker === 'hub' ? await createHub({ listen: ['tcp://127.0.0.1:*'] }) : undefined
      const url = broker === 'hub' ? hub!.urls[0]! : brokerUrl(broker)
      await using proxy = await FaultProxy.before(url)
      await using connection = await connect({
        url: proxy.urlFor(url),
        heartbeatMs: 1_000,
        native: broker === 'redis' ? { leaseMs: 2_000 } : {},
      })
      await using witness = await connect(url)
      const orders = queue<string>(uniqueName('one-sided'), { exclusive: true })
      const ended: unknown[] = []
      const receiver = await connection.receiver(orders)
      receiver.closed.catch((error) => ended.push(error))
      const refused = once(connection, 'detached')
      proxy.cutClients()
      if (broker === 'redis' || broker === 'rabbitmq') await refused
      await witness.send(orders, 'late')
      const delivery = await receiver.receive({ timeoutMs: 45_000 })
      expect(ended).toEqual([])
      expect(delivery?.body).toBe('late')
      await delivery!.accept()
      await receiver.close()
      await witness.admin.delete(orders)
      await hub?.close()
    }, 60_000)
  }
})

function once(connection: Connection, type: 'detached'): Promise<void> {
  return new Promise((resolve) => {
    connection.on(type, () => resolve())
  })
}
