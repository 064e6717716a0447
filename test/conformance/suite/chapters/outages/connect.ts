/** Connecting: what opens, what is refused and how, and that nothing hangs or tells a secret. */
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { type ConnectOptions, connect, FEATURES, type Feature, MessagingError } from 'sluice'
import { chapter } from '../../case.ts'
import type { CaseContext } from '../../context.ts'
import { Events, fails, take, within } from '../../expect.ts'

const CANARY = 'canary-5e1f'

/** A server of the wrong kind on a loopback port. */
async function strangePeer(c: CaseContext, greet: (socket: Socket) => void): Promise<ConnectOptions> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    greet(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  c.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return c.harness.otherPort!((server.address() as { port: number }).port)
}

function withSecret(options: ConnectOptions): ConnectOptions {
  return { ...options, username: 'somebody', password: CANARY }
}

function assertNoSecret(error: unknown): void {
  const seen: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) seen.push(at.message, String(at.stack))
  if (error instanceof MessagingError) seen.push(JSON.stringify(error), error.hint)
  // As `console.error` and loggers print it, with the native errors behind it.
  seen.push(inspect(error, { depth: 8 }))
  assert.ok(!seen.join('\n').includes(CANARY), 'the password shows in an error')
}

export const connectChapter = chapter('connect', [
  {
    id: 'opens',
    title: 'connect() resolves with a connection that names its adapter and is usable at once',
    async run(c) {
      const connection = await c.connect()
      assert.equal(typeof connection.adapter, 'string')
      assert.ok(connection.adapter.length > 0, 'the adapter has a name')
      const queue = c.queue()
      await connection.send(queue, 'hello')
      const receiver = await connection.receiver<unknown>(queue)
      assert.equal((await take(receiver)).body, 'hello')
    },
  },
  {
    id: 'status-connected',
    title: 'the status of a new connection begins with "connected" and the broker it met',
    async run(c) {
      const events = new Events(c.connection)
      const event = await events.waitFor('connected')
      assert.ok(event.broker.product.length > 0, 'the broker has a name')
      assert.equal(typeof event.broker.version, 'string')
      await events.stop()
    },
  },
  {
    id: 'reopen',
    title: 'a connection can be opened, closed and opened again',
    async run(c) {
      for (let round = 0; round < 3; round++) {
        const connection = await c.connect()
        await connection.close()
      }
    },
  },
  {
    id: 'many',
    title: 'ten connections made at once all work',
    async run(c) {
      const queue = c.queue<number>()
      const connections = await Promise.all(Array.from({ length: 10 }, () => c.connect()))
      await Promise.all(connections.map((connection, at) => connection.send(queue, at)))
      const receiver = await c.connection.receiver(queue)
      const seen = new Set<number>()
      for (let count = 0; count < 10; count++) {
        const delivery = await take(receiver)
        seen.add(delivery.body)
        await delivery.accept()
      }
      assert.equal(seen.size, 10)
    },
  },
  {
    id: 'capabilities-complete',
    title: 'every feature is declared; emulations name their side effects and refusals their reason',
    async run(c) {
      const { features, limits, tiers } = c.connection.capabilities
      for (const feature of Object.keys(FEATURES) as Feature[]) {
        const capability = features[feature]
        assert.ok(capability, `${feature} is not declared`)
        assert.ok(
          ['native', 'emulated', 'unsupported'].includes(capability.level),
          `${feature}: ${capability.level}`,
        )
        if (capability.level !== 'native')
          assert.ok(capability.note, `${feature} is ${capability.level} without a word why`)
      }
      assert.deepEqual(Object.keys(features).sort(), Object.keys(FEATURES).sort())
      for (const [name, value] of Object.entries(limits)) assert.equal(typeof value, 'number', name)
      for (const kind of ['durable', 'transient', 'live'] as const) assert.match(tiers[kind], /^T[0-4]$/)
    },
  },
  {
    id: 'capabilities-constant',
    title: 'capabilities do not change while a connection is used',
    async run(c) {
      const before = JSON.stringify(c.connection.capabilities)
      await c.connection.send(c.queue(), 'x')
      assert.equal(JSON.stringify(c.connection.capabilities), before)
    },
  },
  {
    id: 'native',
    title: "the client library's own object can be reached",
    async run(c) {
      assert.notEqual(c.connection.native, undefined)
    },
  },
  {
    id: 'await-using',
    title: 'a connection closes at the end of its `await using` block',
    async run(c) {
      let kept: Awaited<ReturnType<typeof c.connect>> | undefined
      {
        await using connection = await c.connect()
        kept = connection
      }
      await fails(kept.send(c.name('queue'), 'x'), 'CLOSED')
    },
  },
  {
    id: 'unknown-option',
    title: 'a misspelt option is CONFIG_INVALID, naming it and the nearest known one',
    async run(c) {
      const error = await fails(
        () => connect({ ...c.target(), usernam: 'x' } as ConnectOptions),
        'CONFIG_INVALID',
      )
      assert.match(error.message, /usernam/)
      assert.match(`${error.message} ${error.hint}`, /username/)
    },
  },
  {
    id: 'unknown-scheme',
    title: 'an unknown URL scheme is CONFIG_INVALID, naming it',
    async run() {
      const error = await fails(() => connect({ url: 'rabitmq://127.0.0.1' }), 'CONFIG_INVALID')
      assert.match(error.message, /rabitmq/)
    },
  },
  {
    id: 'malformed-url',
    title: 'text that is no URL is CONFIG_INVALID',
    async run() {
      await fails(() => connect('://'), 'CONFIG_INVALID')
      await fails(() => connect('no scheme'), 'CONFIG_INVALID')
    },
  },
  {
    id: 'aborted-before',
    title: 'a signal that is aborted already ends connect() with ABORTED',
    async run(c) {
      await fails(connect({ ...c.target(), signal: AbortSignal.abort() }), 'ABORTED')
    },
  },
  {
    id: 'dead-address',
    title: 'a first connect() to a dead address fails with CONNECT_FAILED within 10 s and carries the cause',
    uses: ['deadAddress'],
    async run(c) {
      const error = await fails(connect(withSecret(c.harness.deadAddress!())), 'CONNECT_FAILED', 10_000)
      assert.equal(error.retryable, true)
      assertNoSecret(error)
    },
  },
  {
    id: 'wrong-login',
    title: 'a wrong login is UNAUTHENTICATED, is not tried for ever and tells no password',
    uses: ['wrongLogin'],
    async run(c) {
      const options = c.harness.wrongLogin!()
      const error = await fails(connect({ ...options, password: CANARY }), 'UNAUTHENTICATED', 10_000)
      assert.equal(error.retryable, false)
      assertNoSecret(error)
    },
  },
  {
    id: 'failover-list',
    title: 'with a list of addresses the first that answers is taken',
    uses: ['deadAddress'],
    async run(c) {
      const dead = c.harness.deadAddress!().url
      const { url, ...rest } = c.target()
      const connection = await c.open({ ...rest, url: [dead, url].flat().filter((one) => one !== undefined) })
      await connection.send(c.queue(), 'x')
    },
  },
  {
    id: 'silent-peer',
    title: 'a peer that accepts and says nothing ends as CONNECT_FAILED at the connect timeout',
    uses: ['otherPort'],
    async run(c) {
      const options = await strangePeer(c, () => {})
      await fails(connect({ ...options, connectTimeoutMs: 500 }), 'CONNECT_FAILED', 5_000)
    },
  },
  {
    id: 'abort-during',
    title: 'connect() ends with ABORTED as soon as its signal is aborted',
    uses: ['otherPort'],
    async run(c) {
      const abort = new AbortController()
      const options = await strangePeer(c, () => abort.abort())
      await fails(connect({ ...options, signal: abort.signal }), 'ABORTED', 5_000)
    },
  },
  {
    id: 'garbage-peer',
    title: 'a peer that speaks something else is a typed error, never a crash or a hang',
    uses: ['otherPort'],
    async run(c) {
      const options = await strangePeer(c, (socket) =>
        socket.write(Buffer.alloc(64, 'HTTP/1.1 400 Bad Request\r\n')),
      )
      const error = await fails(connect({ ...options, connectTimeoutMs: 2_000 }), 'CONNECT_FAILED', 10_000)
      assertNoSecret(error)
    },
  },
  {
    id: 'closing-peer',
    title: 'a peer that closes at once is CONNECT_FAILED',
    uses: ['otherPort'],
    async run(c) {
      const options = await strangePeer(c, (socket) => socket.destroy())
      await fails(connect({ ...options, connectTimeoutMs: 2_000 }), 'CONNECT_FAILED', 10_000)
    },
  },
  {
    id: 'one-fails-others-live',
    title: 'a connection that fails to open disturbs no other',
    async run(c) {
      await fails(() => connect({ url: 'nothing://x' }), 'CONFIG_INVALID')
      await within(c.connection.send(c.queue(), 'x'), 5_000, 'the send on the other connection')
    },
  },
])
