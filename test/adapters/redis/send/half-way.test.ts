/** A script that cannot be done to its end: this user lacks a command, or another program has written over a key. What it wrote counts, or it wrote nothing. */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Keys } from '../../../../src/adapters/redis/nodes/keys.ts'
import { scriptsFor } from '../../../../src/adapters/redis/scripts/index.ts'
import { type Connection, connect, isMessagingError, queue, topic } from '../../../../src/index.ts'
import { brokerUrl } from '../../../support/brokers.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'

const url = brokerUrl('redis')
const keys = new Keys('sluice')
let bare: Redis
let boss: Connection
const open: (() => unknown)[] = []

beforeAll(async () => {
  bare = new Redis(url, { protocol: 2 })
  boss = await connect({ url, native: { pollMs: 300 } })
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})
afterAll(async () => {
  await boss.close()
  bare.disconnect()
})

/** A connection of a user with these rules behind `+@all`. */
async function userWith(...rules: string[]): Promise<Connection> {
  const name = `user-${randomUUID()}`
  await bare.call('ACL', 'SETUSER', name, 'on', '>secret', '~*', '+@all', ...rules)
  const login = new URL(url)
  login.username = name
  login.password = 'secret'
  const connection = await connect({ url: login.href, native: { pollMs: 300 } })
  open.push(async () => {
    await connection.close()
    await bare.call('ACL', 'DELUSER', name)
  })
  return connection
}

/** Everything that is kept of a node, the notes of its senders and receivers left out. */
async function kept(base: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {}
  for (const part of ['#ready', '#delayed', '#exp']) sizes[part] = await bare.zcard(base + part)
  for (const part of ['#msg', '#deliveries', '#life']) sizes[part] = await bare.hlen(base + part)
  return sizes
}

async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error) => (isMessagingError(error) ? error.code : String(error)),
  )
}

const { send, publish, multicast } = scriptsFor({ prefix: 'sluice', cluster: false, flags: false })
const COMMANDS = [
  ...new Set(
    [
      ...`${send.lua}${publish.lua}${multicast.lua}`.matchAll(
        /(?:call|each)\('([A-Z]+)'|'(ZADD|HSET|SREM|ZREM|HDEL)'/g,
      ),
    ].map(([, one, other]) => (one ?? other)!),
  ),
].filter((command) => command !== 'TIME')

describe('a user who lacks a command', () => {
  for (const command of COMMANDS) {
    it(`${command}: a send that ends well arrives once, a refused one leaves nothing`, async () => {
      const weak = await userWith('&*', `-${command.toLowerCase()}`)
      for (const waiting of [false, true]) {
        const orders = queue<number>(uniqueName('lacks'), { maxLength: 100 })
        await boss.admin.declare(orders)
        open.push(() => boss.admin.delete(orders))
        const base = keys.queue(orders.name)
        const receiver = waiting ? await boss.receiver(orders, { credit: 1 }) : undefined
        const results = [
          await outcome(weak.send(orders, 0)),
          ...(await Promise.all([1, 2].map((n) => outcome(weak.send(orders, n, { ttlMs: 60_000 }))))),
          await outcome(weak.send(orders, 3, { delayMs: 5, priority: 7 })),
        ]
        await receiver?.close()
        const taking = await boss.receiver(orders)
        const seen: number[] = []
        for (;;) {
          const delivery = await taking.receive({ timeoutMs: 100 })
          if (!delivery) break
          seen.push(delivery.body)
          await delivery.accept()
        }
        await taking.close()
        const done = results.flatMap((result, n) => (result === 'done' ? [n] : []))
        expect([...new Set(seen)].sort()).toEqual(done)
        expect(results.filter((result) => result !== 'done' && result !== 'UNAUTHORIZED')).toEqual([])
        // Behind a receiver that took it all, nothing is left.
        expect(await kept(base)).toEqual({
          '#ready': 0,
          '#delayed': 0,
          '#exp': 0,
          '#msg': 0,
          '#deliveries': 0,
          '#life': 0,
        })
      }
    })
  }
})

it('a user without channels sends to queues: what is stored is found by a receiver that waits', async () => {
  const weak = await userWith('resetchannels')
  const orders = queue<number>(uniqueName('channels'))
  const receiver = await boss.receiver(orders, { credit: 50 })
  expect(await receiver.receive({ timeoutMs: 100 })).toBeUndefined()
  expect(await Promise.all([1, 2, 3].map((n) => outcome(weak.send(orders, n))))).toEqual([
    'done',
    'done',
    'done',
  ])
  expect(await outcome(weak.send(orders, 4))).toBe('done')
  for (const body of [1, 2, 3, 4]) {
    const delivery = await receiver.receive({ timeoutMs: 5000 })
    expect(delivery?.body).toBe(body)
    await delivery!.accept()
  }
  expect((await boss.admin.inspect(orders))?.details.unsettled).toBe(0)
  expect(await outcome(weak.admin.delete(orders))).toBe('done')
})

it('a user without channels publishes nothing: it is refused, and no named subscription has it', async () => {
  const weak = await userWith('resetchannels', '&sluice:*')
  const news = topic<number>(uniqueName('news'))
  const receiver = await boss.receiver(news.matching('#').subscription('kept'))
  open.push(() => boss.admin.delete(news))
  expect(await outcome(weak.send(news, 1))).toBe('UNAUTHORIZED')
  expect(await outcome(boss.send(news, 2))).toBe('done')
  expect((await receiver.receive({ timeoutMs: 5000 }))?.body).toBe(2)
  await receiver.close()
  expect((await kept(keys.subscription(news.name, 'kept')))['#msg']).toBe(1)
})

describe('a key that another program has written over', () => {
  for (const part of [
    '#ready',
    '#delayed',
    '#exp',
    '#msg',
    '#deliveries',
    '#owners',
    '#life',
    '#waiters',
    '#places',
    '#in',
    '#held',
  ]) {
    it(`${part}: what was accepted arrives once the key is gone, what was refused left nothing, other queues go on`, async () => {
      const orders = queue<number>(uniqueName('type'))
      const beside = queue<number>(uniqueName('beside'))
      await boss.admin.declare(orders)
      open.push(() => boss.admin.delete(orders))
      const base = keys.queue(orders.name)
      const own = await connect({ url, native: { pollMs: 300 } })
      open.push(() => own.close())
      const losses: unknown[] = []
      own.on('disconnected', ({ cause }) => losses.push(cause))
      const seen: number[] = []
      const consumer = await own.consume(orders, ({ body }) => void seen.push(body))
      const neighbour: number[] = []
      await own.consume(beside, ({ body }) => void neighbour.push(body))
      await boss.send(orders, -1)
      await eventually(() => seen.length === 1)
      const key =
        part === '#held' ? `${base}#held:${(await bare.zrange(`${base}#owners`, '0', '0'))[0]}` : base + part
      await bare.set(key, 'foreign')
      const accepted: number[] = []
      for (let n = 0; n < 6; n++) {
        const options = n % 3 === 0 ? {} : n % 3 === 1 ? { ttlMs: 60_000 } : { delayMs: 1 }
        if ((await outcome(own.send(orders, n, options))) === 'done') accepted.push(n)
      }
      for (let n = 0; n < 3; n++) expect(await outcome(own.send(beside, n))).toBe('done')
      await eventually(() => neighbour.length === 3)
      if ((await bare.type(key)) === 'string') await bare.del(key)
      expect(await outcome(own.send(orders, 100))).toBe('done')
      await eventually(() => [...accepted, 100].every((n) => seen.includes(n)), { timeoutMs: 20_000 })
      expect(new Set(seen)).toEqual(new Set([-1, ...accepted, 100]))
      expect(losses).toEqual([])
      // Before it closes: what was seen while its verdicts were refused comes once more.
      await eventually(async () => (await kept(base))['#msg'] === 0, { timeoutMs: 20_000 })
      await consumer.close()
    }, 60_000)
  }
})
