import { describe, expect, it } from 'vitest'
import { redisAdapter } from '../../../../src/adapters/redis/adapter.ts'
import { connect, queue, service } from '../../../../src/index.ts'
import { rejection } from '../../../support/contract.ts'
import { eventually } from '../../../support/eventually.ts'
import { Fixture, Inbox, nodeSpec, Reports, receiverSpec, sendAll, target, texts } from '../fixture.ts'
import { RedisServer } from '../redis-server.ts'

const on = new Fixture()

describe('a user', () => {
  it.each([[['-@dangerous', '-@admin']], [['-info', '-hello']]])(
    'without %j can empty a full server',
    async (rules) => {
      await using server = await RedisServer.start()
      const { connection } = await on.connect({}, await server.user('app', '~*', '&*', '+@all', ...rules))
      const queue = nodeSpec({ name: 'orders' })
      await connection.declare(queue)
      await sendAll(await on.sender(queue, {}, connection), ['a', 'b'])
      await server.admin.config('SET', 'maxmemory', '1')
      const { inbox } = await on.receiver(queue, {}, connection)
      expect(texts(await inbox.take(2))).toEqual(['a', 'b'])
    },
  )

  it.each([
    [['-info'], []],
    [[], ['-info']],
    [['-@dangerous'], []],
  ])('with %j and one with %j leave each other their deliveries', async (first, second) => {
    await using server = await RedisServer.start()
    const rights = ['~*', '&*', '+@all']
    const one = await on.connect({}, await server.user('one', ...rights, ...first))
    const other = await on.connect({}, await server.user('other', ...rights, ...second))
    const queue = nodeSpec({ name: 'orders' })
    await one.connection.declare(queue)
    await sendAll(await on.sender(queue, {}, one.connection), ['held'])
    const { inbox } = await on.receiver(queue, {}, one.connection)
    await inbox.take(1)
    const late = new Inbox()
    await other.connection.attachReceiver(receiverSpec(queue), late)
    await sendAll(await on.sender(queue, {}, other.connection), ['next'])
    await Promise.race([
      late.until(() => late.deliveries.length > 0),
      inbox.until(() => inbox.rest.length > 0),
    ])
    expect(texts([...late.deliveries, ...inbox.rest])).toEqual(['next'])
    expect(inbox.lostOnes).toEqual([])
  })
})

it.each(['SCRIPT', 'EVALSHA', 'INFO', 'CLIENT', 'CONFIG', 'HELLO', 'PING'])(
  'a server without %s serves queues',
  async (command) => {
    await using server = await RedisServer.start([['rename-command', command, '']])
    const connection = await redisAdapter.connect(
      target(server.url),
      new Reports(),
      AbortSignal.timeout(5_000),
    )
    on.atEnd(() => connection.close())
    const queue = nodeSpec({ name: 'orders' })
    await connection.declare(queue)
    await sendAll(await on.sender(queue, {}, connection), ['a'])
    const { inbox } = await on.receiver(queue, {}, connection)
    expect(texts(await inbox.take(1))).toEqual(['a'])
  },
)

it('a consumer whose rights are taken away is told, and goes on when it has them again', async () => {
  await using server = await RedisServer.start()
  await using connection = await connect(await server.user('app', '~*', '&*', '+@all'))
  const told: string[] = []
  connection.on('detached', ({ error }) => told.push(`detached ${error.code}`))
  connection.on('reattached', () => told.push('reattached'))
  connection.on('ended', () => told.push('ended'))
  const orders = queue<string>('orders')
  const seen: string[] = []
  await connection.consume(orders, ({ body }) => void seen.push(body))
  await server.admin.acl('SETUSER', 'app', '-@all', '+ping')
  await eventually(() => told.length > 0, { timeoutMs: 10_000 })
  await using other = await connect(server.url)
  await other.send(orders, 'meanwhile')
  await server.admin.acl('SETUSER', 'app', '+@all')
  await eventually(() => seen.length > 0, { timeoutMs: 10_000 })
  expect(seen).toEqual(['meanwhile'])
  expect(told).toEqual(['detached UNAUTHORIZED', 'reattached'])
})

it('what cannot be sent while a changed password keeps a program out says so', async () => {
  await using server = await RedisServer.start()
  await using connection = await connect(await server.user('app', '~*', '&*', '+@all'))
  const orders = queue<string>('orders')
  await connection.send(orders, 'first')
  const kept = new Promise<void>((resolve) => {
    connection.on('reconnecting', ({ cause }) => cause.code === 'UNAUTHENTICATED' && resolve())
  })
  await server.admin.acl('SETUSER', 'app', 'resetpass', '>another')
  await server.admin.client('KILL', 'USER', 'app')
  await kept
  for (const call of [
    () => connection.send(orders, 'second', { timeoutMs: 300 }),
    () => connection.request(service('quotes'), 'ask', { timeoutMs: 300 }),
    () => connection.admin.purge(orders, { timeoutMs: 300 }),
  ]) {
    const error = await rejection(call())
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', cause: { code: 'UNAUTHENTICATED' } })
    expect(error.message).toMatch(/No connection came back in time.*: Redis at .* refused the login/)
  }
})
