/** How soon a connection comes back, and how often it tries: the same mechanism on every adapter, shown on the quickest broker. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connect, queue } from '../../../src/index.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { uniqueName } from '../../support/names.ts'

const url = brokerUrl('redis')

test('behind an outage the first send succeeds soon after the port answers', async () => {
  await using proxy = await FaultProxy.before(url)
  await using connection = await connect(proxy.urlFor(url))
  const place = queue(uniqueName('coming-back'), { expiresMs: 60_000 })
  await connection.send(place, 'before')
  for (const awayMs of [300, 3_000]) {
    await proxy.refuse()
    proxy.cut()
    await delay(awayMs)
    const began = performance.now()
    await proxy.allow()
    await connection.send(place, 'after')
    // 500 ms is the promise; a busy machine gets as much again.
    expect(performance.now() - began).toBeLessThan(1_000)
  }
  await connection.admin.delete(place)
}, 30_000)

test('a connection that does not hold is tried for ever more rarely', async () => {
  await using proxy = await FaultProxy.before(url)
  await using connection = await connect(proxy.urlFor(url))
  let reconnects = 0
  connection.on('reconnected', () => {
    reconnects++
    setTimeout(() => proxy.cut(), 100)
  })
  proxy.cut()
  await delay(6_000)
  // Without back-off there are more than thirty.
  expect(reconnects).toBeGreaterThan(1)
  expect(reconnects).toBeLessThan(9)
}, 20_000)

test('close keeps its time on a broker that does not answer, with 200 links', async () => {
  await using proxy = await FaultProxy.before(url)
  const connection = await connect(proxy.urlFor(url))
  const place = queue(uniqueName('frozen'), { expiresMs: 60_000 })
  for (let at = 0; at < 100; at++) {
    await connection.receiver(place, { credit: 1 })
    await connection.sender(place)
  }
  proxy.silence()
  const began = performance.now()
  await connection.close({ timeoutMs: 500 })
  expect(performance.now() - began).toBeLessThan(750)
}, 30_000)
