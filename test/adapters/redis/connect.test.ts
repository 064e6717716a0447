import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisAdapter } from '../../../src/adapters/redis/adapter.ts'
import { type AdapterConnection, type ConnectTarget, NO_LIMITS } from '../../../src/contract/adapter.ts'
import { brokerUrl, brokerVariable, PrivateBroker } from '../../support/brokers.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import {
  becomes,
  Fixture,
  Inbox,
  message,
  nodeSpec,
  Reports,
  range,
  receiverSpec,
  rejection,
  send,
  sendAll,
  sendOk,
  target,
  texts,
  url,
} from './fixture.ts'
import { RedisServer } from './redis-server.ts'

const on = new Fixture()

function open(
  to: string,
  changes: Partial<ConnectTarget> = {},
  reports = new Reports(),
): Promise<AdapterConnection> {
  return redisAdapter.connect(target(to, changes), reports, AbortSignal.timeout(5_000))
}

describe('a connection', () => {
  it('says what its server promises: every write synced', () => {
    expect(on.connection.broker.product).toMatch(/^(Redis|Valkey)$/)
    expect(on.connection.capabilities.tiers).toMatchObject({ durable: 'T3', live: 'T0' })
    expect(on.connection.capabilities.features.storeAndForward.level).toBe('native')
  })

  it('says less of a server that syncs each second, or keeps nothing, and warns of one that drops keys', async () => {
    await using broker = await PrivateBroker.start('redis')
    const admin = new Redis(broker.url)
    on.atEnd(() => admin.disconnect())
    await admin.config('SET', 'appendfsync', 'everysec')
    const second = await open(broker.url)
    expect(second.capabilities.tiers.durable).toBe('T2')
    await second.close()
    await admin.config('SET', 'appendonly', 'no')
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const reports = new Reports()
    const none = await open(broker.url, {}, reports)
    expect(none.capabilities.tiers.durable).toBe('T1')
    expect(none.capabilities.features.storeAndForward.level).toBe('unsupported')
    expect(reports.warnings.map((error) => error.code)).toEqual(['CONFIG_INVALID'])
    await none.close()
  })

  it('that is refused fails at once and leaves nothing behind that keeps the process alive', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    for (const scheme of ['redis', 'rediss']) {
      const failed = await rejection(open(`${scheme}://127.0.0.1:1`))
      expect([failed.code, failed.message]).toEqual([
        'CONNECT_FAILED',
        expect.stringContaining('nothing listens there'),
      ])
    }
    await becomes(() => timers() <= before, 'timers', 500)
  })

  it('to a database that the server does not have fails, rather than to use another one', async () => {
    const failed = await rejection(open(`${url}/9999`))
    expect([failed.code, failed.retryable, failed.message]).toEqual([
      'CONNECT_FAILED',
      false,
      expect.stringContaining('no database of that number'),
    ])
  })

  it('goes through a Unix socket, into the database it names', async () => {
    await using server = await RedisServer.start()
    for (const scheme of ['redis+unix', 'redis+socket', 'unix']) {
      const connection = await open(`${scheme}://${server.socket}?db=2`)
      const { commands } = connection.native as { commands: Redis }
      expect(await commands.client('INFO')).toMatch(/laddr=\S*redis\.sock.* db=2 /)
      const queue = nodeSpec({ name: scheme })
      await connection.declare(queue)
      await sendAll(await on.sender(queue, {}, connection), ['x'])
      const { receiver, inbox } = await on.receiver(queue, {}, connection)
      const deliveries = await inbox.take(1)
      expect(texts(deliveries)).toEqual(['x'])
      receiver.accept(deliveries[0]!)
      await receiver.close()
      await connection.close()
    }
    expect(await server.admin.dbsize()).toBe(0)
    await server.admin.select(2)
    expect(await server.admin.dbsize()).toBeGreaterThan(0)
    const none = await rejection(open('unix:///nowhere/redis.sock'))
    expect([none.code, none.message]).toEqual([
      'CONNECT_FAILED',
      expect.stringContaining('No connection to Redis at /nowhere/redis.sock: '),
    ])
  })

  it('that is hung up on says so', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    on.atEnd(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const failed = await rejection(open(`redis://127.0.0.1:${port}`))
    expect([failed.code, failed.message]).toEqual([
      'CONNECT_FAILED',
      expect.stringContaining('the other end hung up'),
    ])
  })

  it('refuses sends of a full server, all or nothing, and still lets receivers empty it', async () => {
    await using broker = await PrivateBroker.start('redis')
    const admin = new Redis(broker.url)
    on.atEnd(() => admin.disconnect())
    const connection = await open(broker.url)
    const dead = nodeSpec({ name: 'dead' })
    const queue = nodeSpec({ name: 'orders', deadLetter: { name: 'dead', type: 'queue' } })
    await connection.declare(dead)
    await connection.declare(queue)
    const sender = await on.sender(queue, {}, connection)
    await sendAll(sender, range(50))
    await admin.config('SET', 'maxmemory', '1')
    const outcomes = await Promise.all(range(5).map((body) => send(sender, message(body))))
    expect(outcomes.map((error) => [error?.code, error?.retryable])).toEqual(
      Array(5).fill(['SEND_REJECTED', true]),
    )
    const { receiver, inbox } = await on.receiver(queue, {}, connection)
    const deliveries = await inbox.take(50)
    expect(texts(deliveries)).toEqual(range(50))
    await receiver.settle(deliveries[0]!, { kind: 'reject', reason: 'bad' })
    await receiver.settle(deliveries[1]!, { kind: 'release', delayMs: 0, unseen: false })
    for (const one of deliveries.slice(2)) receiver.accept(one)
    receiver.accept(await inbox.next())
    await receiver.close()
    expect(await connection.inspect(queue)).toMatchObject({ depth: 0, details: { unsettled: 0 } })
    expect((await connection.inspect(dead))?.depth).toBe(1)
    await admin.config('SET', 'maxmemory', '0')
    expect(await send(sender)).toBeUndefined()
    await connection.close()
  })

  it('goes on after a full server has refused a publish, for subscriptions that come later, too', async () => {
    await using broker = await PrivateBroker.start('redis')
    const admin = new Redis(broker.url)
    on.atEnd(() => admin.disconnect())
    const connection = await open(broker.url)
    const news = nodeSpec({ name: 'news', type: 'topic' })
    await connection.declare(news)
    const first = await on.receiver(news, { subscription: { name: 'first', durable: true } }, connection)
    const sender = await on.sender(news, {}, connection)
    await admin.config('SET', 'maxmemory', '1')
    expect(await send(sender, message('no', { subject: 'a' }))).toMatchObject({ code: 'SEND_REJECTED' })
    await admin.config('SET', 'maxmemory', '0')
    const later = await on.receiver(news, { subscription: { name: 'later', durable: true } }, connection)
    expect(await send(sender, message('yes', { subject: 'a' }))).toBeUndefined()
    expect(texts([await first.inbox.next(), await later.inbox.next()])).toEqual(['yes', 'yes'])
    await connection.close()
  })

  it('goes on when the server has forgotten its scripts', async () => {
    await using broker = await PrivateBroker.start('redis')
    const admin = new Redis(broker.url)
    on.atEnd(() => admin.disconnect())
    const connection = await open(broker.url)
    const queue = nodeSpec({ name: 'orders' })
    await connection.declare(queue)
    const sender = await on.sender(queue, {}, connection)
    const { inbox } = await on.receiver(queue, {}, connection)
    await sendAll(sender, ['a'])
    await admin.script('FLUSH')
    await sendAll(sender, ['b', 'c'])
    expect(texts(await inbox.take(3))).toEqual(['a', 'b', 'c'])
    await connection.close()
  })

  it('tells a verdict that was under way why it ended', async () => {
    await using proxy = await FaultProxy.before(url)
    const reports = new Reports()
    const connection = await open(proxy.urlFor(url), { heartbeatMs: 200 }, reports)
    const queue = await on.node()
    const limits = { ...NO_LIMITS, deadLetter: await on.node() }
    const inbox = new Inbox()
    const receiver = await connection.attachReceiver(receiverSpec(queue, { limits }), inbox)
    await sendOk(await on.sender(queue))
    const delivery = await inbox.next()
    proxy.silence()
    const error = await rejection(receiver.settle(delivery, { kind: 'reject', reason: 'bad' }))
    expect(error.message).toContain('did not answer')
    expect(reports.lost[0]?.message).toBe(error.message)
  })

  it('ends once, with all its links, when it is cut', async () => {
    const reports = new Reports()
    const connection = await open(url, {}, reports)
    const queue = await on.node()
    const inbox = new Inbox()
    const receiver = await connection.attachReceiver(receiverSpec(queue), inbox)
    const { commands, subscriber } = connection.native as { commands: Redis; subscriber: Redis }
    subscriber.disconnect()
    await reports.until(() => reports.lost.length > 0)
    expect(reports.lost[0]).toMatchObject({ code: 'CONNECTION_LOST', retryable: true })
    expect(await rejection(connection.declare(queue))).toMatchObject({ code: 'CONNECTION_LOST' })
    await becomes(() => commands.status === 'end', 'the other one, too')
    await receiver.close()
    await connection.close()
    expect(reports.lost).toHaveLength(1)
    expect(inbox.detaches).toEqual([])
  })

  it('ends when a master has become a replica', async () => {
    await using broker = await PrivateBroker.start('redis')
    const admin = new Redis(broker.url)
    on.atEnd(() => admin.disconnect())
    const reports = new Reports()
    const connection = await open(broker.url, {}, reports)
    const queue = nodeSpec({ name: 'orders' })
    await connection.declare(queue)
    const sender = await connection.attachSender(
      { target: queue, capacity: 1, reliability: 'at-least-once', link: {} },
      { detached: () => {} },
    )
    await admin.replicaof('127.0.0.1', 1)
    sender.send({ message: message(), resend: false, settle: () => {} })
    await reports.until(() => reports.lost.length === 1)
    expect(reports.lost[0]!.message).toMatch(/READONLY|replica/i)
    await connection.close()
  })

  it('tells a wrong login from a dead port, and neither tells the password', async () => {
    const login = await rejection(open(url, { password: 'wr0ng-secret' }))
    expect(login).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
    const none = await rejection(open(url.replace(/\/\/[^@]*@/, '//')))
    expect(none).toMatchObject({ code: 'UNAUTHENTICATED' })
    const dead = await rejection(open('redis://:wr0ng-secret@127.0.0.1:1'))
    expect(dead).toMatchObject({ code: 'CONNECT_FAILED', retryable: true })
    for (const error of [login, none, dead]) {
      expect(JSON.stringify([error, error.message, error.cause, String(error.cause)])).not.toMatch(
        /wr0ng-secret/,
      )
    }
  })

  it('gives up at once when its signal is aborted, and leaves no socket', async () => {
    const sockets = new Set<unknown>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).resume()
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    on.atEnd(() => server.close())
    const { port } = server.address() as { port: number }
    const error = await rejection(
      redisAdapter.connect(target(`redis://127.0.0.1:${port}`), new Reports(), AbortSignal.timeout(200)),
    )
    expect(error.code).toBe('CONNECT_FAILED')
    await becomes(() => sockets.size === 0, 'no socket left')
  })
})

describe('TLS and users', () => {
  const tls = { ca: readFileSync(brokerVariable('redis-tls', 'SLUICE_TEST_CA')) }

  it('carry a queue and a topic', async () => {
    const connection = await open(brokerUrl('redis-tls'), { tls })
    on.atEnd(() => connection.close())
    const queue = nodeSpec({ name: on.name() })
    await connection.declare(queue)
    await sendAll(await on.sender(queue, {}, connection), ['x'])
    const { inbox } = await on.receiver(queue, {}, connection)
    expect(texts(await inbox.take(1))).toEqual(['x'])
    await connection.delete(queue)
  })

  it('a certificate that nobody vouches for is refused', async () => {
    expect(await rejection(open(brokerUrl('redis-tls')))).toMatchObject({
      code: 'CONNECT_FAILED',
      retryable: false,
      hint: expect.stringContaining('tls: { ca }'),
    })
  })

  it('a user who may only read can browse and look, and is told what it may not', async () => {
    const writer = await open(brokerUrl('redis-tls'), { tls })
    on.atEnd(() => writer.close())
    const queue = nodeSpec({ name: on.name() })
    await writer.declare(queue)
    await sendAll(await on.sender(queue, {}, writer), ['a', 'b'])
    const reports = new Reports()
    const reader = await open(brokerVariable('redis-tls', 'SLUICE_TEST_REDIS_READER'), { tls }, reports)
    on.atEnd(() => reader.close())
    await reader.declare(queue)
    expect(await reader.inspect(queue)).toMatchObject({ depth: 2 })
    const inbox = new Inbox()
    await reader.attachReceiver(receiverSpec(queue, { mode: 'browse' }), inbox)
    expect(texts(await inbox.take(2))).toEqual(['a', 'b'])
    await inbox.until(() => inbox.ended === 1)
    expect(await send(await on.sender(queue, {}, reader))).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(await rejection(reader.attachReceiver(receiverSpec(queue), new Inbox()))).toMatchObject({
      code: 'UNAUTHORIZED',
    })
    expect(await rejection(reader.delete(queue))).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(reader.capabilities.tiers.durable).toBe('T2')
    expect(reports.lost).toEqual([])
    await writer.delete(queue)
  })
})
