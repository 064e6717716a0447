import type { AddressInfo } from 'node:net'
import net from 'node:net'
import type { ChannelModel } from 'amqplib'
import { describe, expect, test } from 'vitest'
import { rabbitmqAdapter } from '../../../src/adapters/rabbitmq/adapter.ts'
import { copyFrames } from '../../../src/adapters/rabbitmq/wire/publish-frames.ts'
import * as api from '../../../src/index.ts'
import { MessagingError } from '../../../src/model/errors.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import {
  Fixture,
  Inbox,
  message,
  Reports,
  receiverSpec,
  rejection,
  send,
  sendOk,
  target,
  text,
  url,
} from './fixture.ts'

const fixture = new Fixture()
const place = new URL(url)

function connect(changes: Parameters<typeof target>[0], signal = AbortSignal.timeout(10_000)) {
  return rabbitmqAdapter.connect(target(changes), new Reports(), signal)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A listener that is no RabbitMQ. */
async function speaker(onConnection: (socket: net.Socket) => void): Promise<string> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  fixture.atEnd(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const through = new URL(url)
  through.port = String((server.address() as AddressInfo).port)
  return through.href
}

/** A way to RabbitMQ on which a test can put in words of its own: the sockets towards the client, in order. */
async function openProxy(): Promise<{ proxy: string; given: net.Socket[] }> {
  const given: net.Socket[] = []
  const proxy = await speaker((socket) => {
    const to = net.connect(Number(place.port), place.hostname)
    to.on('error', () => {})
    socket.pipe(to).pipe(socket)
    given.push(socket)
  })
  return { proxy, given }
}

describe('connecting', () => {
  test('tells what is at the other end', () => {
    expect(fixture.connection.broker.product).toBe('RabbitMQ')
    expect(fixture.connection.broker.version).toMatch(/^\d+\.\d+\.\d+/)
  })

  test('a wrong password is UNAUTHENTICATED, without the password in it', async () => {
    const error = await rejection(connect({ password: 'sesame-open', username: 'guest' }))
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
    expect(JSON.stringify(error) + error.message).not.toContain('sesame')
    const inUrl = `rabbitmq://nobody:sesame-open@${place.host}`
    expect(await rejection(connect({ url: inUrl }))).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('nobody there, an unknown host and an unknown virtual host are CONNECT_FAILED in clear words', async () => {
    expect(await rejection(connect({ url: 'rabbitmq://127.0.0.1:1' }))).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/127\.0\.0\.1:1: nothing listens there/),
    })
    expect(await rejection(connect({ url: 'rabbitmq://no-such-host.invalid' }))).toMatchObject({
      code: 'CONNECT_FAILED',
    })
    expect(
      await rejection(
        connect({ url: `rabbitmq://${place.username}:${place.password}@${place.host}/no%2Fsuch` }),
      ),
    ).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/virtual host 'no\/such'/),
    })
  })

  test.each([
    ['A web server answers', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['speaks TLS', '\x15\x03\x03\0\x02\x02\x46'],
    ['speaks AMQP 1.0', 'AMQP\x03\x01\0\0'],
    ['speaks Redis', '-ERR unknown command\r\n'],
    ['speaks ZeroMQ', '\xff\0\0\0\0\0\0\0\x01\x7f'],
  ])('what %s is told at once, though it hangs on', async (words, greeting) => {
    const other = await speaker((socket) => socket.write(Buffer.from(greeting, 'latin1')))
    const error = await rejection(connect({ url: other }, AbortSignal.timeout(60_000)))
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining(words) })
  })

  test('what does not speak at all is CONNECT_FAILED', async () => {
    const closer = await speaker((socket) => socket.destroy())
    expect(await rejection(connect({ url: closer }))).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('the other end hung up'),
    })
  })

  test('a silent listener is given up when the signal says so, and its sockets are closed', async () => {
    let open = 0
    const silent = await speaker((socket) => {
      open++
      socket.on('data', () => {})
      socket.on('close', () => open--)
    })
    const started = performance.now()
    expect(await rejection(connect({ url: silent }, AbortSignal.timeout(200)))).toMatchObject({
      code: 'CONNECT_FAILED',
    })
    expect(performance.now() - started).toBeLessThan(2000)
    await expect.poll(() => open).toBe(0)
    expect(await rejection(connect({}, AbortSignal.abort()))).toBeInstanceOf(MessagingError)
  })

  test('misspelt options fail before any connection', () => {
    const invalid = (changes: Parameters<typeof target>[0]) => () => rabbitmqAdapter.validate(target(changes))
    expect(invalid({ native: { managmentUrl: 'http://x' } })).toThrow(/managmentUrl.*managementUrl/)
    expect(invalid({ url: 'rabbitmq://h?heartbeet=3' })).toThrow(/heartbeet.*heartbeat/)
    // Of RabbitMQ's own URIs: what is not offered is not passed over.
    for (const each of [
      'connection_timeout',
      'auth_mechanism',
      'cacertfile',
      'verify',
      'server_name_indication',
    ])
      expect(invalid({ url: `rabbitmq://h?${each}=1` })).toThrow(each)
    expect(invalid({ native: { frameMax: 12 } })).toThrow(/frameMax/)
    expect(invalid({ url: 'rabbitmq://h?managementUrl=ftp://h' })).toThrow(/managementUrl/)
    expect(invalid({ native: { managementUrl: 'ftp://h' } })).toThrow(/managementUrl.*http/)
    expect(invalid({ native: { managementUrl: 'http://%zz@h' } })).toThrow(/managementUrl.*%/)
    expect(invalid({ native: { mechanism: 'DIGEST' } })).toThrow(/mechanism/)
    expect(invalid({ tls: {} })).toThrow(/rabbitmqs/)
    expect(invalid({ url: 'rabbitmq://%zz@h' })).toThrow(/%/)
    expect(invalid({})).not.toThrow()
  })

  test('limits of 0 are the broker’s own, messages of more than one frame included', async () => {
    const { connection } = await fixture.connect({}, `${url}?frame_max=0&channel_max=0`)
    const { publishing } = connection.native as { publishing: ChannelModel }
    const { frameMax, channelMax } = publishing.connection as unknown as Record<string, number>
    expect([frameMax! >= 4_096, channelMax! > 0]).toEqual([true, true])
    const node = await fixture.node()
    const sender = await fixture.sender(node, {}, connection)
    const { inbox } = await fixture.receiver(node, {}, connection)
    await sendOk(sender, message('x'.repeat(300_000)))
    expect((await inbox.next()).message.body).toHaveLength(300_000)
  })
})

/** The sockets below both connections. */
function sockets(native: unknown): net.Socket[] {
  const { publishing, consuming } = native as Record<'publishing' | 'consuming', ChannelModel>
  return [publishing, consuming].map(
    (model) => (model.connection as unknown as { stream: net.Socket }).stream,
  )
}

describe('losing the connection', () => {
  for (const [which, cut] of [
    ['the publishing socket is destroyed', (native: unknown) => sockets(native)[0]!.destroy()],
    ['the consuming socket is destroyed', (native: unknown) => sockets(native)[1]!.destroy()],
    ['the socket fails', (native: unknown) => sockets(native)[0]!.destroy(new Error('cable'))],
  ] as const) {
    test(`${which}: disconnected once, everything ends, nothing hangs`, async () => {
      const node = await fixture.node()
      const { connection, reports } = await fixture.connect()
      const sender = await fixture.sender(node, {}, connection)
      const { receiver, inbox } = await fixture.receiver(node, { credit: 5 }, connection)
      await sendOk(sender, message('1'))
      const delivery = await inbox.next()
      for (let n = 0; n < 100; n++) void send(sender)
      const [publishing, consuming] = sockets(connection.native)
      cut(connection.native)
      await reports.until(() => reports.lost.length > 0)
      expect(reports.lost).toMatchObject([{ code: 'CONNECTION_LOST', retryable: true }])
      await expect.poll(() => publishing!.destroyed && consuming!.destroyed).toBe(true)
      // Late calls are harmless.
      receiver.accept(delivery)
      await receiver.settle(delivery, { kind: 'release', delayMs: 0, unseen: false })
      receiver.flow(0)
      void send(sender)
      expect(await rejection(connection.inspect(node))).toMatchObject({ code: 'CONNECTION_LOST' })
      expect(await rejection(fixture.receiver(node, {}, connection))).toMatchObject({
        code: 'CONNECTION_LOST',
      })
      expect(await rejection(fixture.sender(node, {}, connection))).toMatchObject({ code: 'CONNECTION_LOST' })
      await Promise.all([receiver.close(), sender.close(), connection.close()])
      expect(reports.lost.length).toBe(1)
      expect([...sender.detaches, ...inbox.detaches]).toEqual([])
      // What was unsettled comes back, marked.
      const again = await fixture.receiver(node)
      const back = await again.inbox.next()
      expect(text(back)).toBe('1')
      expect(back.redelivered).toBe(true)
    })
  }

  test('calls under way are answered with CONNECTION_LOST', async () => {
    const { connection } = await fixture.connect()
    const calls = Array.from({ length: 5 }, () =>
      rejection(connection.inspect({ name: fixture.name(), type: 'queue' })),
    )
    sockets(connection.native)[1]!.destroy()
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test.each([
    ['four gigabytes', 0xffff_ffff],
    ['a byte more than was agreed on', 131_065],
  ])('a frame that announces %s is not waited for', async (_, size) => {
    const { proxy, given } = await openProxy()
    const { connection, reports } = await fixture.connect({ url: proxy, heartbeatMs: 0 })
    const frame = Buffer.from([3, 0, 1, 0, 0, 0, 0])
    frame.writeUInt32BE(size, 3)
    given[0]!.write(frame)
    await reports.until(() => reports.lost.length > 0)
    expect(reports.lost).toMatchObject([{ code: 'CONNECTION_LOST', retryable: true }])
    await expect.poll(() => sockets(connection.native).every((socket) => socket.destroyed)).toBe(true)
  })

  test.each(['', '?frame_max=4096'])(
    'a message whose headers have outgrown a frame takes nothing down (%s)',
    async (query) => {
      const node = await fixture.node()
      const waiting = fixture.name('waiting')
      fixture.remove({ name: waiting, type: 'queue' })
      await fixture.channel.assertQueue(waiting, {
        arguments: {
          'x-message-ttl': 1,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': node.name,
        },
      })
      // The broker adds its record of deaths to a header that fills a frame.
      const { ch, connection: bare } = fixture.channel as unknown as {
        ch: number
        connection: { frameMax: number; sendBytes(bytes: Buffer): void }
      }
      const text = 'x'.repeat(bare.frameMax - 100)
      const headerBytes = Buffer.concat([
        Buffer.of(0x20, 0),
        uint32(text.length + 7),
        Buffer.from('\x01aS'),
        uint32(text.length),
        Buffer.from(text),
      ])
      const { connection, reports } = await fixture.connect({}, `${url}${query}`)
      const { receiver, inbox } = await fixture.receiver(node, { credit: 1 }, connection)
      bare.sendBytes(copyFrames(ch, '', waiting, Buffer.from('body'), { headerBytes }, bare.frameMax)!)
      const delivery = await inbox.next()
      expect(delivery.message.properties.a).toHaveLength(text.length)
      expect(delivery.message.annotations?.['x-death']).toMatchObject([{ queue: waiting, reason: 'expired' }])
      receiver.accept(delivery)
      await sendOk(await fixture.sender(node), message('next'))
      expect((await inbox.next()).message.id).not.toBe('')
      expect(reports.lost).toEqual([])
    },
  )

  test('a message that announces a terabyte is not waited for', async () => {
    const { proxy, given } = await openProxy()
    const { connection, reports } = await fixture.connect({ url: proxy, heartbeatMs: 0 })
    await fixture.receiver(await fixture.node(), { credit: 1 }, connection)
    const [, consuming] = sockets(connection.native)
    const { channels } = (connection.native as { consuming: ChannelModel }).consuming
      .connection as unknown as {
      channels: (object | null)[]
    }
    const channel = channels.findLastIndex((one) => one !== null)
    const deliver = [1, 0, channel, 0, 0, 0, 16, 0, 60, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0xce]
    const header = [2, 0, channel, 0, 0, 0, 14, 0, 60, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xce]
    given
      .find((socket) => socket.remotePort === consuming!.localPort)!
      .write(Buffer.from([...deliver, ...header]))
    await reports.until(() => reports.lost.length > 0)
    expect(reports.lost).toMatchObject([
      { code: 'CONNECTION_LOST', message: expect.stringContaining('bytes was announced') },
    ])
  })

  test('a peer that falls silent is noticed by its heartbeats', async () => {
    let silent = false
    const proxy = await speaker((socket) => {
      const to = net.connect(Number(place.port), place.hostname)
      to.on('error', () => {})
      socket.on('data', (data) => to.write(data))
      to.on('data', (data) => silent || socket.write(data))
      socket.on('close', () => to.destroy())
    })
    const { reports } = await fixture.connect({ url: proxy, heartbeatMs: 1000 })
    silent = true
    await reports.until(() => reports.lost.length > 0)
    expect(reports.lost).toMatchObject([
      { code: 'CONNECTION_LOST', message: expect.stringMatching(/[Hh]eartbeat/) },
    ])
  })
})

describe('a broker that takes no more for now', () => {
  /** `connection.blocked(reason)` and `connection.unblocked()` as RabbitMQ writes them, on channel 0. */
  const blocked = Buffer.from([1, 0, 0, 0, 0, 0, 15, 0, 10, 0, 60, 10, ...Buffer.from('low on mem'), 0xce])
  const unblocked = Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 61, 0xce])

  test('holds up what sends and nothing else; a sender that cannot be opened says why, and can be opened afterwards', async () => {
    const clients: net.Socket[] = []
    const brokers: net.Socket[] = []
    const proxy = await speaker((socket) => {
      clients.push(socket)
      const to = net.connect(Number(place.port), place.hostname)
      to.on('error', () => {})
      brokers.push(to)
      socket.pipe(to)
      to.pipe(socket)
    })
    const [first, second] = [await fixture.node(), await fixture.node()]
    await using connection = await api.connect(proxy)
    const told: string[] = []
    connection.on('blocked', () => told.push('blocked'))
    // As the broker does it: it says so, and reads nothing more from who publishes.
    const native = connection.native as { publishing: ChannelModel }
    const publishing = (native.publishing.connection as unknown as { stream: net.Socket }).stream.localPort
    const at = clients.findIndex((client) => client.remotePort === publishing)
    for (const client of clients) client.write(blocked)
    clients[at]!.unpipe(brokers[at]!)
    await expect.poll(() => told).toEqual(['blocked'])
    const one = api.queue(first.name, { create: 'never' })
    await expect(connection.sender(one, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'CAPACITY_EXCEEDED',
      retryable: true,
      context: { adapter: 'rabbitmq', operation: 'open', reason: 'blocked' },
    })
    const asked = connection.request(api.service(second.name, { create: 'never' }), 1, { timeoutMs: 300 })
    await expect(asked).rejects.toMatchObject({ code: 'CAPACITY_EXCEEDED', retryable: true })
    await using receiver = await connection.receiver(one)
    const waiting = connection.send(api.queue(second.name, { create: 'never' }), 'waits')
    clients[at]!.pipe(brokers[at]!)
    for (const client of clients) client.write(unblocked)
    await waiting
    await using sender = await connection.sender(one)
    await sender.send('goes on')
    expect((await receiver.receive({ timeoutMs: 5_000 }))?.body).toBe('goes on')
  })

  test('is reported, and again when it goes on; links stay', async () => {
    const clients: net.Socket[] = []
    const proxy = await speaker((socket) => {
      clients.push(socket)
      const to = net.connect(Number(place.port), place.hostname)
      to.on('error', () => {})
      socket.pipe(to)
      to.pipe(socket)
    })
    const node = await fixture.node()
    const { connection, reports } = await fixture.connect({ url: proxy })
    const sender = await fixture.sender(node, {}, connection)
    // Nothing is under way, so each of these stands between two frames of the broker.
    for (const client of clients) client.write(blocked)
    await reports.until(() => reports.blocks.length > 0)
    for (const client of clients) client.write(unblocked)
    await reports.until(() => reports.blocks.length > 1)
    expect(reports.blocks).toEqual(['blocked: low on mem', 'unblocked'])
    await sendOk(sender)
  })
})

describe('closing', () => {
  test('flushes verdicts, gives the rest back, can be called twice, and later calls fail', async () => {
    const node = await fixture.node()
    const { connection, reports } = await fixture.connect()
    const sender = await fixture.sender(node, {}, connection)
    for (let n = 0; n < 10; n++) await sendOk(sender, message(`${n}`))
    const { receiver, inbox } = await fixture.receiver(node, {}, connection)
    for (const delivery of await inbox.take(4)) receiver.accept(delivery)
    await Promise.all([connection.close(), connection.close()])
    await connection.close()
    expect(reports.lost).toEqual([])
    expect(inbox.detaches).toEqual([])
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 6 })
    await rejection(connection.inspect(node))
  })

  test('what is sent behind the goodbye is not told as sent, with and without confirms', async () => {
    const node = await fixture.node()
    const { connection } = await fixture.connect()
    const settled: string[] = []
    const senders = [
      await fixture.sender(node, {}, connection),
      await fixture.sender(node, { reliability: 'at-most-once' }, connection),
    ]
    for (const sender of senders) await sendOk(sender)
    void (connection.native as { publishing: ChannelModel }).publishing.close()
    for (const [at, sender] of senders.entries())
      void send(sender).then((error) => settled.push(error?.code ?? `sender ${at}: sent`))
    await connection.close()
    expect(settled).toEqual([])
    expect(await fixture.connection.inspect(node)).toMatchObject({ depth: 2 })
  })

  test('takes about a second with a broker that does not answer, for links and connection', async () => {
    let silent = false
    const proxy = await speaker((socket) => {
      const to = net.connect(Number(place.port), place.hostname)
      to.on('error', () => {})
      socket.on('data', (data) => to.write(data))
      to.on('data', (data) => silent || socket.write(data))
      socket.on('close', () => to.destroy())
    })
    const node = await fixture.node()
    const { connection, reports } = await fixture.connect({ url: proxy, heartbeatMs: 0 })
    const sender = await fixture.sender(node, {}, connection)
    const { receiver } = await fixture.receiver(node, {}, connection)
    await fixture.sender(node, {}, connection)
    silent = true
    const started = performance.now()
    await Promise.all([sender.close(), receiver.close()])
    expect(performance.now() - started).toBeLessThan(2000)
    await connection.close()
    expect(performance.now() - started).toBeLessThan(4000)
    expect(sockets(connection.native).every((socket) => socket.destroyed)).toBe(true)
    expect(reports.lost).toEqual([])
  })

  test('the API’s close keeps its time, though sends are open and nothing is read or answered', async () => {
    await using proxy = await FaultProxy.before(url)
    const connection = await api.connect({ url: proxy.urlFor(url), heartbeatMs: 60_000 })
    const node = await fixture.node()
    const sender = await connection.sender(api.queue(node.name, { create: 'never' }))
    await sender.send('first')
    proxy.silence()
    const open = Promise.allSettled([sender.send('in doubt')])
    const started = performance.now()
    await connection.close({ timeoutMs: 300 })
    expect(performance.now() - started).toBeLessThan(3000)
    expect(await open).toMatchObject([{ reason: { code: 'SEND_UNCONFIRMED' } }])
  })

  test('the API’s close keeps its time, though a rejected message still waits for its dead-letter address', async () => {
    await using proxy = await FaultProxy.before(url)
    const connection = await api.connect({ url: proxy.urlFor(url), heartbeatMs: 60_000 })
    const node = await fixture.node()
    const aside = await fixture.node()
    const orders = api.queue(node.name, { create: 'never', deadLetter: api.queue(aside.name) })
    await connection.send(orders, 'bad')
    const receiver = await connection.receiver(orders)
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    proxy.silence()
    const rejecting = Promise.allSettled([delivery!.reject('bad')])
    const started = performance.now()
    await connection.close({ timeoutMs: 300 })
    expect(performance.now() - started).toBeLessThan(4000)
    expect(await rejecting).toMatchObject([{ reason: { code: 'CLOSED' } }])
  })

  test('an attach that is refused leaves the connection as it was', async () => {
    const missing = { name: fixture.name(), type: 'queue' } as const
    for (let n = 0; n < 20; n++) {
      const attach = fixture.connection.attachReceiver(receiverSpec(missing, { credit: 10 }), new Inbox())
      expect(await rejection(attach)).toMatchObject({ code: 'ADDRESS_NOT_FOUND' })
    }
    expect(fixture.reports.lost).toEqual([])
  })
})
