import { type AddressInfo, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { connect, isMessagingError, queue } from '../../../../src/index.ts'
import { PrivateBroker } from '../../../support/brokers.ts'
import { becomes } from '../fixture.ts'

const LANES = 20

it('a Sentinel that is silent leaves time for the next one', async () => {
  await using broker = await PrivateBroker.start('redis-sentinel')
  const { environment } = broker
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const connection = await connect({
    url: `redis://127.0.0.1:${port}`,
    password: environment.SLUICE_TEST_REDIS_SENTINEL_PASSWORD,
    native: {
      sentinel: environment.SLUICE_TEST_REDIS_SENTINEL_MASTER!,
      nodes: environment.SLUICE_TEST_REDIS_SENTINEL!.split(',').map((url) => new URL(url).host),
    },
  })
  await connection.send(queue<number>('orders'), 1)
  await connection.close()
  silent.close()
}, 60_000)

it('a master that freezes is left when the Sentinels say so: by who is connected, and by who is connecting', {
  timeout: 90_000,
}, async () => {
  await using broker = await PrivateBroker.start('redis-sentinel')
  const { environment } = broker
  const [first, ...others] = environment.SLUICE_TEST_REDIS_SENTINEL!.split(',')
  const options = {
    url: first!,
    password: environment.SLUICE_TEST_REDIS_SENTINEL_PASSWORD,
    // Silence is no reason to leave, and no time ends an attempt.
    heartbeatMs: 0,
    connectTimeoutMs: 80_000,
    native: {
      sentinel: environment.SLUICE_TEST_REDIS_SENTINEL_MASTER!,
      nodes: others.map((url) => new URL(url).host),
    },
  }
  await using connected = await connect(options)
  await broker.pause('master')
  await using connecting = await connect(options)
  for (const connection of [connected, connecting])
    await connection.send(queue<number>('orders'), 1, { timeoutMs: 60_000 })
})

it('a fail-over under load loses nothing that a replica had confirmed, and what none had is not called accepted', {
  timeout: 90_000,
}, async () => {
  await using broker = await PrivateBroker.start('redis-sentinel')
  const { environment } = broker
  const [first, ...others] = environment.SLUICE_TEST_REDIS_SENTINEL!.split(',')
  const sentinel = environment.SLUICE_TEST_REDIS_SENTINEL_MASTER!
  await using connection = await connect({
    url: first!,
    password: environment.SLUICE_TEST_REDIS_SENTINEL_PASSWORD,
    native: {
      sentinel,
      nodes: others.map((url) => new URL(url).host),
      waitReplicas: 1,
      waitMs: 500,
    },
  })
  const watcher = new Redis(first!)
  const masterPort = async (): Promise<string> =>
    ((await watcher.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinel)) as string[])[1]!
  const before = await masterPort()
  const orders = queue<number>('orders')
  await using sender = await connection.sender(orders, { capacity: LANES })
  const accepted: number[] = []
  const refused: unknown[] = []
  let next = 0
  let stopped = false
  const lane = async (): Promise<void> => {
    while (!stopped) {
      const number = next++
      try {
        await sender.send(number)
        accepted.push(number)
      } catch (error) {
        refused.push(error)
      }
    }
  }
  const lanes = Promise.all(Array.from({ length: LANES }, lane))

  await becomes(() => accepted.length >= 500, 'load')
  await broker.kill('master')
  const killedAt = accepted.length
  // The new master has no replica: it stores, and must not say that it is safe.
  await becomes(() => refused.length >= LANES, 'answers of the new master', 30_000)
  expect(await masterPort()).not.toBe(before)
  expect(refused.every((error) => isMessagingError(error, 'SEND_UNCONFIRMED'))).toBe(true)
  stopped = true
  await lanes

  const wanted = new Set(accepted)
  const seen = new Set<number>()
  await using receiver = await connection.receiver(orders)
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 500 })
    if (!delivery) break
    expect(seen.has(delivery.body) && !delivery.redelivered).toBe(false)
    seen.add(delivery.body)
    await delivery.accept()
  }
  expect([...wanted].filter((number) => !seen.has(number))).toEqual([])
  expect(killedAt).toBeGreaterThanOrEqual(500)
  watcher.disconnect()
})
