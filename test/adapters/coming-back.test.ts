/** How soon a connection comes back after an outage, and how often one that does not hold is tried for, on every adapter. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { connect, createHub, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { uniqueName } from '../support/names.ts'

const BROKERS = ['hub', 'redis', 'rabbitmq', 'qpid'] as const
const OUTAGES_MS = [1_000, 10_000]
/** 500 ms is the promise; a busy machine gets as much again. */
const BACK_MS = 1_000
/** A second is the promise; each node had five of them, and ten when it was lost, if they were tried one after the other. */
const SILENT_MS = 4_000
const FLAPPING_MS = 20_000

// They wait most of the time, and so do it together.
describe.concurrent.each(BROKERS.filter((broker) => broker === 'hub' || !isLeftOut(broker)))(
  '%s',
  (broker) => {
    test('behind an outage the first send succeeds soon after the port answers', async () => {
      await using place = await placeOf(broker)
      await using proxy = await FaultProxy.before(place.url)
      await using connection = await connect(proxy.urlFor(place.url))
      const orders = queue(uniqueName('coming-back'))
      await connection.send(orders, 'before')
      for (const awayMs of OUTAGES_MS) {
        await proxy.refuse()
        proxy.cut()
        await delay(awayMs)
        const began = performance.now()
        await proxy.allow()
        await connection.send(orders, 'after')
        expect(performance.now() - began).toBeLessThan(BACK_MS)
      }
      await connection.admin.delete(orders)
    }, 60_000)

    test('a node that takes connections and says nothing holds up the others of its list for a second', async () => {
      await using place = await placeOf(broker)
      await using proxy = await FaultProxy.before(place.url)
      await using silent = await FaultProxy.before(place.url)
      silent.silence()
      const began = performance.now()
      await using connection = await connect({ url: [silent.urlFor(place.url), proxy.urlFor(place.url)] })
      expect(performance.now() - began).toBeLessThan(SILENT_MS)
      const orders = queue(uniqueName('coming-back'))
      await connection.send(orders, 'before')
      // The silent one is the first of the next round.
      const lost = performance.now()
      proxy.cut()
      await connection.send(orders, 'after')
      expect(performance.now() - lost).toBeLessThan(SILENT_MS)
      await connection.admin.delete(orders)
    }, 60_000)

    test('a connection that does not hold is tried for ever more rarely', async () => {
      await using place = await placeOf(broker)
      await using proxy = await FaultProxy.before(place.url)
      await using connection = await connect(proxy.urlFor(place.url))
      let reconnects = 0
      connection.on('reconnected', () => {
        reconnects++
        setTimeout(() => proxy.cut(), 300)
      })
      proxy.cut()
      await delay(FLAPPING_MS)
      // Without back-off there are more than fifty.
      expect(reconnects).toBeGreaterThan(1)
      expect(reconnects).toBeLessThan(15)
    }, 60_000)
  },
)

async function placeOf(broker: (typeof BROKERS)[number]): Promise<{ url: string } & AsyncDisposable> {
  if (broker !== 'hub') return { url: brokerUrl(broker), [Symbol.asyncDispose]: async () => {} }
  const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  return { url: hub.urls[0]!, [Symbol.asyncDispose]: () => hub.close() }
}
