/** Reaching a broker, losing it, and what is said when it cannot be reached. */
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import rhea from 'rhea'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, connect, queue, topic } from '../../../src/index.ts'
import { brokerVariable, PrivateBroker } from '../../support/brokers.ts'
import { Child } from '../../support/child.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/names.ts'
import { rejection, url } from './fixture.ts'

const tlsUrl = brokerVariable('qpid', 'SLUICE_TEST_QPID_TLS')
const ca = readFileSync(brokerVariable('qpid', 'SLUICE_TEST_CA'))

describe('TLS', () => {
  test('with the authority of the broker’s certificate', async () => {
    await using connection = await connect({ url: tlsUrl, tls: { ca } })
    const node = queue(uniqueName(), { delete: 'always' })
    await using receiver = await connection.receiver(node)
    await connection.send(node, 'private')
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    expect(delivery?.body).toBe('private')
    await delivery!.accept()
  })

  test('a certificate of an unknown authority, or for another host, is refused at once with what to do', async () => {
    const attempts = [
      { url: tlsUrl },
      { url: tlsUrl, tls: { ca, servername: 'another.example', checkServerIdentity: wrongHost } },
    ]
    for (const options of attempts) {
      const error = await rejection(connect(options))
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
      expect(error.message).toContain('not trusted')
      expect(error.hint).toContain('tls: { ca }')
    }
  })

  test('and a port without it, in either direction, end at once', async () => {
    const toPlain = await rejection(connect(url.replace(/^qpid:/, 'qpids:')))
    expect(toPlain).toMatchObject({ code: 'CONNECT_FAILED' })
    expect(toPlain.hint).toContain('speaks TLS')
    expect(toPlain.message).not.toContain('openssl')
    const toSecure = await rejection(connect(tlsUrl.replace(/^qpids:/, 'qpid:')))
    expect(toSecure).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
    expect(toSecure.message).toContain('speaks TLS')
  })
})

describe('a login without a password', () => {
  const anonymous = brokerVariable('qpid', 'SLUICE_TEST_QPID_ANONYMOUS')
  const external = brokerVariable('qpid', 'SLUICE_TEST_QPID_EXTERNAL')
  const tls = {
    ca,
    cert: readFileSync(brokerVariable('qpid', 'SLUICE_TEST_CERTIFICATE')),
    key: readFileSync(brokerVariable('qpid', 'SLUICE_TEST_KEY')),
  }

  test.each([
    { url: anonymous, native: { mechanism: 'ANONYMOUS' } },
    { url: `${anonymous}?mechanism=ANONYMOUS` },
    { url: anonymous },
    { url: external, tls },
    { url: external, tls, native: { mechanism: 'EXTERNAL' } },
  ])('$url, $native: a message goes there and back', async (options) => {
    await using connection = await connect(options)
    const node = queue(uniqueName(), { delete: 'always' })
    await using receiver = await connection.receiver(node)
    await connection.send(node, 'hello')
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    expect(delivery?.body).toBe('hello')
    await delivery!.accept()
  })

  test('is UNAUTHENTICATED where the broker wants another', async () => {
    const options = { url: url.replace(/\/\/.*@/, '//'), native: { mechanism: 'ANONYMOUS' } }
    expect(await rejection(connect(options))).toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

test('no login where the broker wants one is UNAUTHENTICATED, and says how it is given', async () => {
  const { host } = new URL(url)
  expect(await rejection(connect(`qpid://${host}`))).toMatchObject({
    code: 'UNAUTHENTICATED',
    hint: expect.stringContaining('qpid://user:password@host'),
  })
})

test.each([
  ['A web server answers', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['speaks TLS', '\x15\x03\x03\0\x02\x02\x46'],
  ['0-9-1', 'AMQP\0\0\x09\x01'],
  ['speaks Redis', '-ERR unknown command\r\n'],
  ['speaks ZeroMQ', '\xff\0\0\0\0\0\0\0\x01\x7f'],
  ['announced a frame', 'AMQP\x03\x01\0\0\xff\xff\xff\xff\x02\x01\0\0'],
])('a peer of which is said: %s, is told at once, though it hangs on', async (words, greeting) => {
  let peer: Socket | undefined
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    peer = socket
    socket.on('error', () => {}).write(Buffer.from(greeting, 'latin1'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const before = performance.now()
    const at = `qpid://user:secret@127.0.0.1:${port}`
    const error = await rejection(connect({ url: at, connectTimeoutMs: 30_000 }))
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining(words) })
    expect(performance.now() - before).toBeLessThan(10_000)
  } finally {
    peer?.destroy()
    server.close()
  }
})

describe('a process whose connect failed ends', () => {
  const program = `
import { connect } from 'src/index.ts'
const options = { url: process.env.AT, connectTimeoutMs: Number(process.env.LIMIT), heartbeatMs: 30_000 }
await connect(options).catch((error) => console.log(error.code))
`
  test.each(['by a peer that says nothing', 'by a wrong password'])('%s', async (how) => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const wrong = how.endsWith('password')
    const at = wrong ? url.replace(/:[^:@]*@/, ':wrong@') : `qpid://a:b@127.0.0.1:${port}`
    try {
      await using child = Child.run(program, { AT: at, LIMIT: wrong ? '10000' : '300' })
      expect(await child.line()).toBe(wrong ? 'UNAUTHENTICATED' : 'CONNECT_FAILED')
      const told = performance.now()
      expect(await child.ended).toMatchObject({ code: 0 })
      expect(performance.now() - told).toBeLessThan(5_000)
    } finally {
      silent.close()
    }
  })
})

describe('a login', () => {
  test('that is wrong, or a virtual host that is not there, is told without the password', async () => {
    const password = 'wrong-secret'
    const wrong = await rejection(connect({ url, password }))
    expect(wrong).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
    const nowhere = await rejection(connect(`${url}/no-such-host`))
    expect(nowhere).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
    expect(nowhere.hint).toContain('virtual host')
    expect(JSON.stringify([wrong, wrong.message, wrong.context])).not.toContain(password)
  })
})

describe('a broker of two', () => {
  let broker: PrivateBroker
  beforeAll(async () => {
    broker = await PrivateBroker.start('qpid')
    // The first connection of a new Broker-J takes more than a second, in which a list of URLs would have gone to the other one.
    await (await connect(broker.url)).close()
  })
  afterAll(async () => {
    await broker[Symbol.asyncDispose]()
  })

  test('that freezes is noticed within a few seconds, and the next one serves', async () => {
    await using connection = await connect({ url: [broker.url, url], heartbeatMs: 1_000 })
    await servesFrom(connection)
    const moved = reconnected(connection)
    const begin = performance.now()
    await broker.pause()
    try {
      expect(await moved).toContain(port(url))
      expect(performance.now() - begin).toBeLessThan(8_000)
      await servesFrom(connection)
    } finally {
      await broker.resume()
    }
  })

  test('that is killed: links and live subscriptions come back on the other', async () => {
    await using connection = await connect({ url: [broker.url, url] })
    const news = topic(uniqueName('news'), { delete: 'always' })
    await using receiver = await connection.receiver(news.matching('#'))
    await using sender = await connection.sender(news)
    await sender.send('before', { subject: 'a' })
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('before')
    const moved = reconnected(connection)
    await broker.kill()
    expect(await moved).toContain(port(url))
    await sender.send('after', { subject: 'a', timeoutMs: 5_000 })
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('after')
  })
})

describe('heartbeats', () => {
  test('keep a connection that says nothing, for longer than either end waits', async () => {
    await using connection = await connect({ url, heartbeatMs: 1_000 })
    let lost = 0
    connection.on('disconnected', () => lost++)
    await sleep(4_500)
    await servesFrom(connection)
    expect(lost).toBe(0)
  })

  test('a program that stood still for longer finds the words of its broker first, and stays', async () => {
    await using connection = await connect({ url, heartbeatMs: 1_000 })
    let lost = 0
    connection.on('disconnected', () => lost++)
    await sleep(500)
    const until = performance.now() + 2_100
    while (performance.now() < until);
    await sleep(500)
    expect(lost).toBe(0)
    await servesFrom(connection)
  })
})

describe('a connection is told as lost, with the cause,', () => {
  test('when its socket goes without a word', async () => {
    await using connection = await connect({ url, reconnect: { minDelayMs: 20 } })
    const lost = disconnected(connection)
    ;(connection.native as Native).socket.destroy()
    expect((await lost).message).toContain('the socket was closed')
    await servesFrom(connection)
  })

  test('when a listener of the client library throws while outcomes are told', async () => {
    await using connection = await connect({ url, reconnect: { minDelayMs: 20 } })
    const node = queue(uniqueName(), { delete: 'always' })
    await using _receiver = await connection.receiver(node)
    const lost = disconnected(connection)
    const sender = (connection.native as Native).open_sender(node.name)
    sender.once('sendable', () => sender.send({ body: 'x' }))
    sender.on('accepted', () => {
      throw new Error('thrown by a listener')
    })
    expect(await lost).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('listener'),
    })
    await servesFrom(connection)
  })
})

/** The parts of rhea's connection that are used here. */
interface Native {
  readonly socket: Socket
  open_sender(address: string): {
    on(event: string, listener: () => void): void
    once(event: string, listener: () => void): void
    send(message: object): void
  }
}

function disconnected(connection: Connection): Promise<Error> {
  return new Promise((resolve) => connection.on('disconnected', ({ cause }) => resolve(cause)))
}

/** Where it is connected next. */
function reconnected(connection: Connection): Promise<string> {
  return new Promise((resolve) => connection.on('reconnected', (event) => resolve(event.url)))
}

async function servesFrom(connection: Connection): Promise<void> {
  const node = queue(uniqueName(), { delete: 'always' })
  await using receiver = await connection.receiver(node)
  await connection.send(node, 'x')
  const delivery = await receiver.receive({ timeoutMs: 5_000 })
  expect(delivery?.body).toBe('x')
  await delivery!.accept()
}

function wrongHost(): Error {
  return Object.assign(new Error('the certificate is for another host'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
}

function port(of: string): string {
  return `:${new URL(of).port}`
}

test('connections that share a container id take nothing from each other, also when another program takes the name', async () => {
  const native = { containerId: uniqueName('shared') }
  const reconnect = { minDelayMs: 50, maxDelayMs: 300 }
  await using one = await connect({ url, native, reconnect })
  await using other = await connect({ url, native, reconnect })
  const node = queue<number>(uniqueName('shared'), { delete: 'always' })
  const seen = new Set<number>()
  await using _takesHere = await one.consume(node, ({ body }) => void seen.add(body))
  await using _takesThere = await other.consume(node, ({ body }) => void seen.add(body))
  const back = Promise.all([one, other].map(reconnected))
  const { hostname, port: at, username, password } = new URL(url)
  const thief = rhea.create_container({ id: native.containerId }).connect({
    host: hostname,
    port: Number(at),
    username,
    password,
    reconnect: false,
    desired_capabilities: 'sole-connection-for-container',
    // The others end.
    properties: { 'sole-connection-enforcement-policy': rhea.types.wrap_uint(1) },
  })
  for (const event of ['connection_error', 'connection_close', 'disconnected']) thief.on(event, () => {})
  await back
  for (let n = 0; n < 8; n++) await (n % 2 ? one : other).send(node, n, { timeoutMs: 10_000 })
  await eventually(() => seen.size === 8)
  thief.close()
})

test('a broker that misses no vanished client says so, and which setting changes that', async () => {
  await using connection = await connect(url)
  const [note] = connection.broker!.notes!
  expect(note).toContain('does not notice a client that vanished')
  expect(note).toContain('qpid.port.heartbeatDelay')
})
