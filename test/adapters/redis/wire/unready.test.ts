/** A server that is full, busy, loading, without its disk, its replicas or its master: what is asked of it waits or is told why, and all goes on afterwards. */
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Connection,
  type ConnectOptions,
  connect,
  isMessagingError,
  type MessagingError,
  queue,
  service,
  topic,
} from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { RedisServer } from '../redis-server.ts'

const orders = queue<string>('orders')
const open: (() => unknown)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

interface Watched {
  readonly connection: Connection
  readonly losses: MessagingError[]
}

async function watched(url: string, options: Partial<ConnectOptions> = {}): Promise<Watched> {
  const connection = await connect({ url, native: { pollMs: 200, leaseMs: 1_500 }, ...options })
  open.push(() => connection.close({ timeoutMs: 500 }))
  const losses: MessagingError[] = []
  connection.on('disconnected', ({ cause }) => losses.push(cause as MessagingError))
  connection.on('warning', () => {})
  return { connection, losses }
}

/** Bodies that a consumer of `orders` has got. */
async function consumed(connection: Connection): Promise<string[]> {
  const got: string[] = []
  await connection.consume(orders, ({ body }) => void got.push(body))
  return got
}

async function refusal(work: Promise<unknown>): Promise<MessagingError> {
  const error = await work.then(
    () => new Error('it was done'),
    (reason: unknown) => reason,
  )
  if (!isMessagingError(error)) throw error
  return error
}

/** The server answers BUSY until the returned function is called. */
async function busy(server: RedisServer): Promise<() => Promise<void>> {
  const other = new Redis(server.socket, { protocol: 2 })
  open.push(() => other.disconnect())
  const running = other.eval('while true do end', 0).catch(() => {})
  await eventually(() => answer(server.admin, 'BUSY'))
  return async () => {
    await server.admin.script('KILL')
    await running
  }
}

function answer(client: Redis, word: string): Promise<boolean> {
  return client.ping().then(
    () => false,
    (error: Error) => error.message.startsWith(word),
  )
}

describe('a full server', () => {
  it('says so as a full node does; receivers of every kind are opened there and empty it', async () => {
    await using server = await RedisServer.start()
    const { connection } = await watched(server.url)
    const passing = queue<string>('passing', { expiresMs: 600_000 })
    const kept = topic<string>('news').subscription('kept')
    await (await connection.receiver(kept)).close()
    for (const address of [orders, passing, topic<string>('news')]) await connection.send(address, 'before')
    await server.admin.config('SET', 'maxmemory', '1')
    for (const [code, work] of [
      ['SEND_REJECTED', () => connection.send(orders, 'more')],
      ['SEND_REJECTED', () => connection.send(topic('news'), 'more')],
      ['SEND_REJECTED', () => connection.send(queue('another'), 'more')],
      ['SEND_REJECTED', () => connection.request(service('nobody'), 'more')],
      ['STORE_FAILED', () => connection.admin.declare(queue('another'))],
      ['STORE_FAILED', () => connection.sender(queue('another'))],
      ['STORE_FAILED', () => connection.receiver(queue('another'))],
    ] as const)
      expect(await refusal(work())).toMatchObject({
        code,
        retryable: true,
        hint: expect.stringContaining('maxmemory'),
        context: { reason: 'node-full', adapter: 'redis' },
      })
    const other = await watched(server.url)
    for (const address of [orders, passing, kept]) {
      const receiver = await other.connection.receiver<string>(address)
      const delivery = await receiver.receive({ timeoutMs: 5_000 })
      expect(delivery?.body).toBe('before')
      await delivery!.accept()
      await receiver.close()
    }
    await server.admin.config('SET', 'maxmemory', '0')
    await connection.send(orders, 'after')
    const receiver = await connection.receiver(orders)
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('after')
  })
})

describe('what the server cannot do for now', () => {
  it('BUSY: sends, questions and new connections, also to another database, wait for the end of the script', async () => {
    await using server = await RedisServer.start([['busy-reply-threshold', '50']])
    const { connection, losses } = await watched(server.url)
    const got = await consumed(connection)
    await connection.send(orders, 'before')
    const end = await busy(server)
    const late = await refusal(connection.send(orders, 'late', { timeoutMs: 300 }))
    expect(late).toMatchObject({ code: 'SEND_UNCONFIRMED', retryable: true })
    const sent = connection.send(orders, 'during')
    const depth = connection.admin.inspect(orders)
    const others = [watched(server.url), watched(`${server.url}/1`)]
    for (const other of others) {
      const first = await Promise.race([other.catch((error: Error) => error.message), delay(500)])
      expect(first).toBeUndefined()
    }
    await end()
    await sent
    expect((await depth)?.name).toBe('orders')
    for (const other of await Promise.all(others)) await other.connection.send(queue('orders:2'), 'x')
    await eventually(() => got.includes('during'))
    expect(losses).toEqual([])
  }, 30_000)

  it('LOADING: a send waits until the data is there', async () => {
    await using server = await RedisServer.start([
      ['enable-debug-command', 'yes'],
      ['loading-process-events-interval-bytes', '1024'],
    ])
    const { connection } = await watched(server.url)
    const got = await consumed(connection)
    await connection.send(orders, 'before')
    await eventually(() => got.length === 1)
    for (let n = 0; n < 100; n++) await server.admin.set(`other ${n}`, Buffer.alloc(1_000))
    await server.admin.config('SET', 'key-load-delay', '10000')
    const reloading = new Redis(server.socket, { protocol: 2 })
    open.push(() => reloading.disconnect())
    const reloaded = reloading.debug('RELOAD')
    await eventually(() => answer(server.admin, 'LOADING'))
    const sent = connection.send(orders, 'during')
    const other = watched(server.url)
    await reloaded
    await sent
    await (await other).connection.send(orders, 'another')
    await eventually(() => got.includes('during') && got.includes('another'))
  }, 30_000)

  it('NOREPLICAS: sends and receivers wait on the same connection', async () => {
    await using server = await RedisServer.start()
    const { connection, losses } = await watched(server.url)
    const got = await consumed(connection)
    await connection.send(orders, 'before')
    await eventually(() => got.length === 1)
    await server.admin.config('SET', 'min-replicas-to-write', '1')
    const late = await refusal(connection.send(orders, 'late', { timeoutMs: 300 }))
    expect(late).toMatchObject({ code: 'SEND_UNCONFIRMED', retryable: true })
    const sent = connection.send(orders, 'during')
    const other = await watched(server.url)
    const attaching = other.connection.receiver(queue('orders:2'))
    await server.admin.config('SET', 'min-replicas-to-write', '0')
    await sent
    await attaching
    await eventually(() => got.includes('during'))
    expect(losses).toEqual([])
  }, 30_000)

  it('MISCONF: reads go on, also of those who come now; sends are refused; receivers come back', async () => {
    await using server = await RedisServer.start()
    const { connection } = await watched(server.url)
    const got = await consumed(connection)
    const waiting = queue<string>('waiting')
    await connection.send(waiting, 'kept')
    const [, folder] = (await server.admin.config('GET', 'dir')) as [string, string]
    await rm(folder, { recursive: true })
    await server.admin.config('SET', 'save', '3600 1')
    await server.admin.bgsave()
    await eventually(() => answer(server.admin, 'MISCONF'))
    const { connection: reader } = await watched(server.url)
    for (const each of [connection, reader])
      expect(await refusal(each.send(orders, 'during'))).toMatchObject({
        code: 'SEND_REJECTED',
        retryable: true,
      })
    const browser = await reader.receiver(waiting, { mode: 'browse' })
    expect((await browser.receive({ timeoutMs: 5_000 }))?.body).toBe('kept')
    for (const work of [
      () => reader.receiver(topic<string>('news').matching('#')),
      () => reader.receiver(waiting),
      () => reader.sender(queue('another')),
      () => reader.admin.declare(queue('another')),
      () => reader.admin.purge(waiting),
      () => reader.admin.delete(waiting),
    ])
      expect(await refusal(work())).toMatchObject({
        code: 'STORE_FAILED',
        retryable: true,
        hint: expect.stringContaining('disk'),
      })
    await server.admin.config('SET', 'stop-writes-on-bgsave-error', 'no')
    await connection.send(orders, 'after')
    await eventually(() => got.includes('after'), { timeoutMs: 15_000 })
  }, 30_000)

  it.each(['READONLY', 'MASTERDOWN'])(
    '%s: sends wait or end in time and say why, connections are not made without pause, all is back with a master',
    async (word) => {
      await using server = await RedisServer.start([
        ['replica-serve-stale-data', word === 'READONLY' ? 'yes' : 'no'],
      ])
      const { connection, losses } = await watched(server.url)
      const got = await consumed(connection)
      await connection.send(orders, 'before')
      await eventually(() => got.length === 1)
      await server.admin.replicaof('127.0.0.1', 1)
      const late = await refusal(connection.send(orders, 'late', { timeoutMs: 1_000 }))
      expect(late.retryable).toBe(true)
      expect(['SEND_UNCONFIRMED', 'CONNECTION_LOST']).toContain(late.code)
      expect(String((late.cause as Error).message)).toContain(word)
      expect(losses.length).toBeLessThan(8)
      const sent = connection.send(orders, 'during')
      await server.admin.call('REPLICAOF', 'NO', 'ONE')
      await sent
      await eventually(() => got.includes('during'), { timeoutMs: 15_000 })
    },
    30_000,
  )
})
