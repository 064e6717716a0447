import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'

let server: Server
let proxy: FaultProxy
let received: Buffer
let atServer: Socket[]

/** Echoes, and keeps what came. */
beforeEach(async () => {
  received = Buffer.alloc(0)
  atServer = []
  server = createServer({ allowHalfOpen: true }, (socket) => {
    atServer.push(socket)
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      socket.write(bytes)
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.before(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  server.close()
})

class Client {
  readonly socket: Socket
  bytes = Buffer.alloc(0)
  error: NodeJS.ErrnoException | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => {
      this.bytes = Buffer.concat([this.bytes, bytes])
    })
    socket.on('error', (error) => {
      this.error = error
    })
  }

  static async open(): Promise<Client> {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    const client = new Client(socket)
    await once(socket, 'connect')
    return client
  }

  async echoes(text: string): Promise<void> {
    const before = this.bytes.length
    this.socket.write(text)
    await eventually(() => this.bytes.subarray(before).toString() === text)
  }
}

test('a megabyte passes both ways unchanged, and an end of one side reaches the other', async () => {
  const client = await Client.open()
  const body = randomBytes(1_000_000)
  client.socket.end(body)
  await once(client.socket, 'end')
  expect(client.bytes.equals(body)).toBe(true)
  await eventually(() => proxy.connections === 0)
})

test('the URL for a client differs in host and port only', () => {
  expect(proxy.urlFor('rabbitmq://user:p%40ss@localhost:5672/vhost?heartbeat=5')).toBe(
    `rabbitmq://user:p%40ss@127.0.0.1:${proxy.port}/vhost?heartbeat=5`,
  )
})

test('cut resets the open connections, on both sides, and the next one works', async () => {
  const client = await Client.open()
  await client.echoes('before')
  proxy.cut()
  await eventually(() => client.error?.code === 'ECONNRESET')
  await eventually(() => atServer[0]?.destroyed)
  await (await Client.open()).echoes('after')
})

test('a cut at the very moment in which an end is passed on leaves no connection behind', async () => {
  const client = await Client.open()
  await client.echoes('before')
  const { end } = Socket.prototype
  const spy = vi.spyOn(Socket.prototype, 'end').mockImplementation(function (this: Socket) {
    Reflect.apply(end, this, [])
    if (this !== client.socket) proxy.cut()
    return this
  })
  client.socket.end()
  await eventually(() => spy.mock.calls.length > 1 && proxy.connections === 0).finally(() =>
    spy.mockRestore(),
  )
})

test('a black hole keeps connections open and swallows; healed, it gives out what it held', async () => {
  const client = await Client.open()
  await client.echoes('before')
  proxy.silence()
  client.socket.write('held')
  const late = await Client.open()
  late.socket.write('too')
  // Bytes that went another way show that time was given to those that must not come.
  await eventually(() => proxy.accepted === 2)
  await otherWay()
  expect(received.toString()).toBe('before')
  expect(client.socket.destroyed).toBe(false)
  await proxy.heal()
  await eventually(() => client.bytes.toString() === 'beforeheld' && late.bytes.toString() === 'too')
})

test('cutAfter lets exactly that many bytes through, in that direction', async () => {
  const client = await Client.open()
  const done = proxy.cutAfter('toBroker', 5)
  client.socket.write('hello world')
  await done
  await eventually(() => client.error !== undefined && atServer[0]?.destroyed)
  expect(received.toString()).toBe('hello')
})

test('cutAfter counts answers apart from requests', async () => {
  const client = await Client.open()
  const done = proxy.cutAfter('toClient', 3)
  client.socket.write('hello')
  await done
  // A reset that comes along with data is seen as an end of the stream.
  await eventually(() => client.socket.readableEnded || client.socket.destroyed)
  expect(received.toString()).toBe('hello')
  expect(client.bytes.toString()).toBe('hel')
})

test('refuse turns new connections away and leaves the open ones; allow takes them on the same port', async () => {
  const client = await Client.open()
  const { port } = proxy
  await proxy.refuse()
  await expect(Client.open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await client.echoes('still there')
  await proxy.allow()
  expect(proxy.port).toBe(port)
  await (await Client.open()).echoes('again')
})

test('latency delays each way and keeps the order', async () => {
  const client = await Client.open()
  proxy.degrade({ latencyMs: 60 })
  const begun = performance.now()
  client.socket.write('one')
  setTimeout(() => client.socket.write('two'), 5)
  await eventually(() => client.bytes.toString() === 'onetwo')
  expect(performance.now() - begun).toBeGreaterThanOrEqual(118)
})

test('slicing hands bytes out in pieces with a pause between', async () => {
  const client = await Client.open()
  proxy.degrade({ sliceBytes: 100, sliceGapMs: 5 })
  const begun = performance.now()
  await client.echoes('x'.repeat(1000))
  expect(performance.now() - begun).toBeGreaterThanOrEqual(45)
})

test('what is held back is bounded: a silent proxy stops reading', async () => {
  const client = await Client.open()
  proxy.silence()
  // Far more than the proxy's mark and all socket buffers together.
  client.socket.write(Buffer.alloc(64 * 1024 * 1024))
  await otherWay()
  expect(client.socket.writableLength).toBeGreaterThan(0)
  expect(received.length).toBe(0)
})

test('half-open: bytes of one direction are held, those of the other pass', async () => {
  const client = await Client.open()
  await client.echoes('before')
  proxy.silence('toClient')
  client.socket.write('asked')
  await eventually(() => received.toString() === 'beforeasked')
  await otherWay()
  expect(client.bytes.toString()).toBe('before')
  await proxy.heal()
  await eventually(() => client.bytes.toString() === 'beforeasked')
})

test('a slow line carries so many bytes a second, in its direction alone', async () => {
  const client = await Client.open()
  await client.echoes('before')
  proxy.degrade({ bytesPerSecond: 100_000 }, 'toBroker')
  const begun = performance.now()
  await client.echoes('x'.repeat(30_000))
  const took = performance.now() - begun
  // The last piece is on its way as soon as those before it have passed.
  expect(took).toBeGreaterThan(250)
  expect(took).toBeLessThan(2_000)
})

test('corruptAfter turns one bit of one byte over, and says when', async () => {
  const client = await Client.open()
  const done = proxy.corruptAfter('toBroker', 6)
  client.socket.write('hello ')
  client.socket.write('world')
  await done
  await eventually(() => client.bytes.toString() === 'hello vorld')
})

/** A round trip past the proxy. */
async function otherWay(): Promise<void> {
  const direct = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const before = received
  direct.resume().end('x')
  await once(direct, 'close')
  received = before
}
