import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisAdapter } from '../../../../src/adapters/redis/adapter.ts'
import type { AdapterDelivery } from '../../../../src/contract/adapter.ts'
import { PrivateBroker } from '../../../support/brokers.ts'
import { FaultProxy } from '../../../support/fault-proxy.ts'
import {
  becomes,
  Fixture,
  Inbox,
  keys,
  nodeSpec,
  Reports,
  range,
  receiverSpec,
  sendAll,
  target,
  text,
  texts,
  url,
} from '../fixture.ts'

const on = new Fixture({ native: { leaseMs: 1_000 } })
const HUNDRED = range(100)

async function heldByChild(queue: string, count: number, leaseMs: number): Promise<ReturnType<typeof fork>> {
  const child = fork(
    new URL('./hold-and-wait.ts', import.meta.url),
    [url, queue, String(count), String(leaseMs)],
    {
      execArgv: ['--import', 'tsx'],
    },
  )
  on.atEnd(() => child.kill('SIGKILL'))
  const [said] = await once(child, 'message')
  expect(said).toBe('held')
  return child
}

function allAgain(deliveries: readonly AdapterDelivery[]): void {
  expect(texts(deliveries)).toEqual(HUNDRED)
  for (const delivery of deliveries) expect(delivery).toMatchObject({ redelivered: true, deliveryCount: 2 })
}

describe('a lease', () => {
  it('of a killed process ends: all hundred come back in their order, marked, long before the lease would', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), HUNDRED)
    const child = await heldByChild(queue.name, 100, 60_000)
    const { inbox } = await on.receiver(queue, { credit: 200 })
    expect(inbox.deliveries).toEqual([])
    const killed = performance.now()
    child.kill('SIGKILL')
    allAgain(await inbox.take(100))
    expect(performance.now() - killed).toBeLessThan(10_000)
  })

  it('decides where the server cannot tell who is alive: all hundred come back within it', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), HUNDRED)
    const child = await heldByChild(queue.name, 100, 1_500)
    // As behind a Cluster: nothing tells of the connection.
    const [owner] = await on.bare.zrange(`${keys.queue(queue.name)}#owners`, '0', '-1')
    const base = keys.queue(queue.name)
    const anonymous = owner!.replace(/\.[^.]*\.[^.]*$/, '.-.-')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await on.bare
      .multi()
      .rename(`${base}#held:${owner}`, `${base}#held:${anonymous}`)
      .zadd(`${base}#owners`, (await on.bare.zscore(`${base}#owners`, owner!))!, anonymous)
      .zrem(`${base}#owners`, owner!)
      .exec()
    const killed = performance.now()
    const { inbox } = await on.receiver(queue, { credit: 200 })
    expect(inbox.deliveries).toEqual([])
    allAgain(await inbox.take(100))
    expect(performance.now() - killed).toBeLessThan(1_500 + 2_500)
  })

  it('of a cut connection ends when the server notices', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), HUNDRED)
    await using proxy = await FaultProxy.before(url)
    const reports = new Reports()
    const connection = await redisAdapter.connect(
      target(proxy.urlFor(url), { native: { leaseMs: 60_000 } }),
      reports,
      AbortSignal.timeout(5_000),
    )
    const first = new Inbox()
    const held = await connection.attachReceiver(receiverSpec(queue, { credit: 100 }), first)
    const deliveries = await first.take(100)
    proxy.cut()
    await reports.until(() => reports.lost.length === 1)
    const { inbox } = await on.receiver(queue, { credit: 200 })
    allAgain(await inbox.take(100))
    // A verdict from before settles nobody.
    held.accept(deliveries[0]!)
    await held.close()
    expect(await on.connection.inspect(queue)).toMatchObject({ depth: 0, details: { unsettled: 100 } })
  })

  it('is renewed: a handler three times longer than it is not delivered twice', async () => {
    const queue = await on.node()
    await sendAll(await on.sender(queue), ['slow'])
    const { receiver, inbox } = await on.receiver(queue)
    const other = await on.receiver(queue)
    const [busy, idle] = await firstOf([inbox, other.inbox])
    const started = performance.now()
    await becomes(() => performance.now() - started > 3_200, 'three leases')
    expect(idle.deliveries).toEqual([])
    expect(busy.deliveries).toHaveLength(1)
    const owner = busy === inbox ? receiver : other.receiver
    owner.accept(busy.deliveries[0]!)
    await owner.close()
    expect(await on.connection.inspect(queue)).toMatchObject({ depth: 0, details: { unsettled: 0 } })
  })

  it('that was lost while the link lives is told, and its late verdicts settle nobody', async () => {
    const queue = await on.node()
    const base = keys.queue(queue.name)
    await sendAll(await on.sender(queue), ['a', 'b'])
    const { receiver, inbox } = await on.receiver(queue, { credit: 2 })
    const [a, b] = await inbox.take(2)
    const [owner] = await on.bare.zrange(`${base}#owners`, '0', '-1')
    // What another receiver finds after a program stood still for longer than its lease.
    await on.bare.zadd(`${base}#owners`, 1, owner!)
    const other = await on.receiver(queue, { credit: 2 })
    expect(texts(await other.inbox.take(2))).toEqual(['a', 'b'])
    receiver.accept(a!)
    await inbox.until(() => inbox.lostOnes.length === 1)
    expect(inbox.lostOnes).toEqual([b])
    await other.receiver.close()
    // It is attached again and gets both.
    const again = await inbox.take(2)
    expect(again.map((one) => [text(one), one.deliveryCount])).toEqual([
      ['a', 3],
      ['b', 3],
    ])
    for (const one of again) receiver.accept(one)
    await receiver.close()
    expect(await on.connection.inspect(queue)).toMatchObject({
      depth: 0,
      receivers: 0,
      details: { unsettled: 0 },
    })
  })

  it('wakes a waiting receiver without polling', async () => {
    const { connection } = await on.connect({ native: { pollMs: 3_600_000 } })
    const queue = await on.node()
    const receivers = await Promise.all(range(3).map(() => on.receiver(queue, { credit: 1 }, connection)))
    const sender = await on.sender(queue)
    for (let round = 0; round < 20; round++) {
      const before = performance.now()
      await sendAll(sender, [String(round)])
      const [inbox] = await firstOf(receivers.map((one) => one.inbox))
      expect(performance.now() - before).toBeLessThan(1_000)
      const delivery = await inbox.next()
      const receiver = receivers.find((one) => one.inbox === inbox)!.receiver
      expect(text(delivery)).toBe(String(round))
      receiver.accept(delivery)
    }
  })

  it('asks an idle server for little: no busy polling', async () => {
    await using broker = await PrivateBroker.start('redis')
    const { connection } = await on.connect({ native: {} }, broker.url)
    const queue = nodeSpec({ name: 'idle' })
    await connection.declare(queue)
    for (let at = 0; at < 5; at++) await connection.attachReceiver(receiverSpec(queue), new Inbox())
    const witness = new Redis(broker.url)
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await witness.info('commandstats'))![1])
    const started = performance.now()
    await becomes(() => performance.now() - started > 1_500, 'warm-up')
    const before = await calls()
    await becomes(() => performance.now() - started > 4_500, 'three seconds')
    // Five receivers, a look each two seconds.
    expect((await calls()) - before).toBeLessThanOrEqual(15)
    witness.disconnect()
    await connection.close()
  })
})

/** The inbox that has something first, and the others' first. */
async function firstOf<
  T extends { rest: readonly unknown[]; until(condition: () => boolean): Promise<void> },
>(inboxes: readonly T[]): Promise<[T, T]> {
  await Promise.race(inboxes.map((inbox) => inbox.until(() => inbox.rest.length > 0)))
  const busy = inboxes.find((inbox) => inbox.rest.length > 0)!
  return [busy, inboxes.find((inbox) => inbox !== busy)!]
}
