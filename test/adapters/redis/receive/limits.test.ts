import { expect, it } from 'vitest'
import type { AdapterDelivery, AdapterSender } from '../../../../src/contract/adapter.ts'
import { connect, service } from '../../../../src/index.ts'
import type { MessagingError } from '../../../../src/model/errors.ts'
import { eventually } from '../../../support/eventually.ts'
import { Fixture, message, nodeSpec } from '../fixture.ts'
import { RedisServer } from '../redis-server.ts'

const on = new Fixture()

function outcome(
  sender: AdapterSender,
  ...args: Parameters<typeof message>
): Promise<MessagingError | undefined> {
  return new Promise((settle) => {
    sender.send({ message: message(...args), resend: false, settle })
  })
}

it.each([
  ['proto-max-bulk-len', '1mb', 900_000],
  ['client-query-buffer-limit', '1mb', 900_000],
  ['maxmemory-clients', '1mb', 700_000],
  ['maxmemory-clients', '1%', 700_000],
])(
  'what is longer than %s %s is refused alone; batches are cut to fit, and nothing ends the connection',
  async (setting, value, least) => {
    await using server = await RedisServer.start([
      [setting, value],
      ['maxmemory', '100mb'],
    ])
    const { connection, reports } = await on.connect({}, server.url)
    const { maxBodyBytes } = connection.capabilities.limits
    expect(maxBodyBytes).toBeGreaterThan(least)
    expect(maxBodyBytes).toBeLessThan(1_048_576)
    const queue = nodeSpec({ name: 'orders' })
    await connection.declare(queue)
    const sender = await on.sender(queue, {}, connection)
    const small = Array.from({ length: 150 }, () => outcome(sender, 'z'.repeat(10_000)))
    const large = outcome(sender, Buffer.alloc(2_000_000))
    const wordy = outcome(sender, 'x', { properties: { words: 'w'.repeat(1_100_000) } })
    const largest = outcome(sender, Buffer.alloc(maxBodyBytes))
    expect((await Promise.all(small)).filter(Boolean)).toEqual([])
    for (const refused of [large, wordy]) {
      expect(await refused).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false })
    }
    expect(await largest).toBeUndefined()
    expect((await connection.inspect(queue))?.depth).toBe(151)
    const { inbox } = await on.receiver(queue, { credit: 200 }, connection)
    expect((await inbox.take(151)).map(bytesOf).at(-1)).toBe(maxBodyBytes)
    expect(reports.lost).toEqual([])
  },
)

it.each([['proto-max-bulk-len'], ['client-query-buffer-limit'], ['maxmemory-clients']])(
  'a user who may not read %s: what is too long is refused alone, nothing ends the connection, order is kept',
  async (setting) => {
    await using server = await RedisServer.start([[setting, '3mb']])
    const user = await server.user('app', '~*', '&*', '+@all', '-config')
    const { connection, reports } = await on.connect({}, user)
    const [queue, other] = [nodeSpec({ name: 'orders' }), nodeSpec({ name: 'other' })]
    for (const each of [queue, other]) await connection.declare(each)
    const sender = await on.sender(queue, {}, connection)
    const before = outcome(sender, 'before')
    const large = outcome(sender, Buffer.alloc(4_000_000))
    const fitting = outcome(sender, Buffer.alloc(2_000_000))
    const small = Array.from({ length: 150 }, () => outcome(sender, 'z'.repeat(10_000)))
    const elsewhere = outcome(await on.sender(other, {}, connection), 'x')
    expect(await large).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false })
    for (const sent of [before, fitting, elsewhere, ...small]) expect(await sent).toBeUndefined()
    const { inbox } = await on.receiver(queue, { credit: 200 }, connection)
    const sizes = (await inbox.take(152)).map(({ message: { body } }) => (body as Uint8Array).byteLength)
    expect(sizes.slice(0, 3)).toEqual([6, 2_000_000, 10_000])
    expect(reports.lost).toEqual([])
  },
)

it('what the server lets wait for a client is the most of an answer: all arrives, and nothing ends the connection', async () => {
  await using server = await RedisServer.start([
    ['client-output-buffer-limit', 'normal', '1mb', '1mb', '0', 'pubsub', '1mb', '1mb', '0'],
  ])
  const { connection, reports } = await on.connect({}, server.url)
  const queue = nodeSpec({ name: 'orders' })
  await connection.declare(queue)
  const sender = await on.sender(queue, {}, connection)
  const sizes = [...Array.from({ length: 40 }, () => 50_000), 700_000, 10, 700_000, 700_000, 10]
  for (const size of sizes) expect(await outcome(sender, Buffer.alloc(size))).toBeUndefined()
  expect(await outcome(sender, Buffer.alloc(900_000))).toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
  const looked = await on.receiver(queue, { credit: 200, mode: 'browse' }, connection)
  expect((await looked.inbox.take(sizes.length)).map(bytesOf)).toEqual(sizes)
  const { inbox } = await on.receiver(queue, { credit: 200 }, connection)
  expect((await inbox.take(sizes.length)).map(bytesOf)).toEqual(sizes)
  expect(reports.lost).toEqual([])
})

it('a full queue of large messages is handed over in answers that the server can hold', async () => {
  await using server = await RedisServer.start()
  const { connection, reports } = await on.connect({}, server.url)
  const queue = nodeSpec({ name: 'orders' })
  await connection.declare(queue)
  const sender = await on.sender(queue, {}, connection)
  const body = Buffer.alloc(1_000_000)
  // Small ones in front do not tell how large the next are.
  for (let n = 0; n < 20; n++) await outcome(sender, 'small')
  for (let n = 0; n < 40; n++) await outcome(sender, body)
  await server.admin.config('RESETSTAT')
  const before = await memory(server, 'used_memory')
  const { inbox } = await on.receiver(queue, { credit: 1_000 }, connection)
  expect((await inbox.take(60)).map(bytesOf).filter((bytes) => bytes === 1_000_000)).toHaveLength(40)
  expect((await memory(server, 'used_memory_peak')) - before).toBeLessThan(20_000_000)
  expect(reports.lost).toEqual([])
})

it('a publish that would end the connection of every subscriber is refused, and so is such an answer', async () => {
  await using server = await RedisServer.start([['client-output-buffer-limit', 'pubsub', '2mb', '1mb', '60']])
  const { connection, reports } = await on.connect({}, server.url)
  const news = nodeSpec({ name: 'news', type: 'topic' })
  await connection.declare(news)
  const { inbox } = await on.receiver(news, { credit: 10 }, connection)
  const sender = await on.sender(news, {}, connection)
  expect(await outcome(sender, Buffer.alloc(2_100_000))).toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
    hint: expect.stringMatching(/client-output-buffer-limit/),
  })
  expect(await outcome(sender, Buffer.alloc(1_600_000))).toBeUndefined()
  expect((await inbox.take(1)).map(bytesOf)).toEqual([1_600_000])
  expect(reports.lost).toEqual([])
  await using asking = await connect(server.url)
  await using _ = await asking.respond(service('large'), () => Buffer.alloc(2_100_000))
  await expect(asking.request(service('large'), 1)).rejects.toMatchObject({
    code: 'REQUEST_FAILED',
    message: expect.stringMatching(/server takes at most/),
  })
})

function bytesOf({ message: { body } }: AdapterDelivery): number {
  return (body as Uint8Array).byteLength
}

async function memory(server: RedisServer, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await server.admin.info('memory'))?.[1])
}

it('a server with as many clients as it may have says so, and takes the next one when there is room', async () => {
  // One is the test's own, two are a connection's.
  await using server = await RedisServer.start([['maxclients', '3']])
  const first = await connect(server.url)
  await expect(connect({ url: server.url, reconnect: false })).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
    retryable: true,
    message: expect.stringMatching(/max number of clients/),
    hint: expect.stringMatching(/maxclients/),
  })
  await first.close()
  await eventually(async () => (await server.admin.info('clients')).includes('connected_clients:1'))
  await (await connect(server.url)).close()
})
