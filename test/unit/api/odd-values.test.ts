/** Values of every odd type at every argument of the API: a typed error or success, nothing half done, nothing uncaught. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NODE_OPTIONS } from '../../../src/api/address/builder-options.ts'
import { CONNECT_OPTIONS } from '../../../src/api/link/connect-options.ts'
import { KNOWN_OPTIONS } from '../../../src/api/options.ts'
import { SEND_FIELDS } from '../../../src/api/send/outgoing.ts'
import * as sluice from '../../../src/index.ts'
import { type Connection, connect, MessagingError, queue, service, topic } from '../../../src/index.ts'
import { runs, timeoutOf } from '../../foreign/runs.ts'

const url = 'memory:odd-values'
/** What a getter or a Proxy of the application throws: its own error may come through. */
class OwnError extends Error {}
const throwing = (): never => {
  throw new OwnError('own')
}

class Order {
  readonly #id = 7
  get id(): number {
    return this.#id
  }
}

function cyclic(): unknown {
  const value: Record<string, unknown> = { a: 1 }
  value.self = value
  return value
}

/** Node 20 has them, its types do not. */
const Resizable = ArrayBuffer as unknown as new (
  bytes: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(bytes: number): void }

/** Makers, since some of them are used up or changed by a call. */
const makers: Record<string, () => unknown> = {
  null: () => null,
  NaN: () => Number.NaN,
  '-0': () => -0,
  huge: () => Number.MAX_VALUE,
  infinite: () => Number.POSITIVE_INFINITY,
  negative: () => -1,
  fraction: () => 0.5,
  'beyond 32 bits': () => 2 ** 31,
  unsafe: () => 2 ** 53,
  bigint: () => 2n ** 70n,
  symbol: () => Symbol('odd'),
  function: () => () => 1,
  'invalid Date': () => new Date(Number.NaN),
  Date: () => new Date(0),
  'throwing getter': () => ({
    get url(): never {
      return throwing()
    },
    get id(): never {
      return throwing()
    },
    get timeoutMs(): never {
      return throwing()
    },
    get body(): never {
      return throwing()
    },
  }),
  'throwing toString': () => ({ toString: throwing, toJSON: throwing, valueOf: throwing }),
  'throwing Proxy': () =>
    new Proxy({}, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing, has: throwing } as never),
  Proxy: () => new Proxy({ a: 1 }, {}),
  'revoked Proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  'changing getter': () => {
    let reads = 0
    const text = (): unknown => (reads++ === 0 ? 'first' : Symbol('second'))
    const number = (): unknown => (reads++ === 0 ? 1 : 'second')
    return Object.defineProperties(
      {},
      {
        id: { enumerable: true, get: text },
        subject: { enumerable: true, get: text },
        timeoutMs: { enumerable: true, get: number },
        priority: { enumerable: true, get: number },
        createdAt: { enumerable: true, get: () => (reads++ === 0 ? new Date() : 5) },
      },
    )
  },
  frozen: () => Object.freeze({ a: Object.freeze([1]) }),
  cyclic,
  'class instance': () => new Order(),
  'without prototype': () => Object.create(null),
  'Buffer view': () => Buffer.from('abcdef').subarray(1, 3),
  'empty bytes': () => new Uint8Array(0),
  'shared memory': () => new SharedArrayBuffer(8),
  'view of shared memory': () => new Uint8Array(new SharedArrayBuffer(8)),
  'detached bytes': () => {
    const bytes = new Uint8Array(8)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    return bytes
  },
  'resizable bytes': () => {
    const buffer = new Resizable(8, { maxByteLength: 16 })
    return new Uint8Array(buffer)
  },
  'bytes that were cut off': () => {
    const buffer = new Resizable(8, { maxByteLength: 16 })
    const bytes = new Uint8Array(buffer, 4, 4)
    buffer.resize(2)
    return bytes
  },
  'signal of another kind': () => ({ aborted: false, addEventListener() {}, removeEventListener() {} }),
  DataView: () => new DataView(new ArrayBuffer(4)),
  Float64Array: () => new Float64Array([1, Number.NaN]),
  'empty text': () => '',
  'lone surrogate': () => 'a\ud800b',
  'text with NUL': () => 'a\0b',
  'long text': () => 'x'.repeat(10_000_000),
  'boxed text': () => new String('x'),
  'boxed number': () => new Number(5),
  array: () => [1, 2],
  'sparse array': () => new Array(3),
  'deep array': () => {
    let value: unknown = 1
    for (let depth = 0; depth < 20_000; depth++) value = [value]
    return value
  },
  Map: () => new Map([['a', 1]]),
  Set: () => new Set([1]),
  promise: () => Promise.resolve(1),
  'rejected promise': () => {
    const promise = Promise.reject(new OwnError('own'))
    promise.catch(() => {})
    return promise
  },
  thenable: () => Object.fromEntries([['then', throwing]]),
  error: () => new Error('x'),
  regexp: () => /x/,
  iterator: () => [1, 2][Symbol.iterator](),
  'an address': () => queue('odd-target'),
  'aborted signal': () => AbortSignal.abort(),
  '__proto__ key': () => JSON.parse('{"__proto__":{"timeoutMs":5}}'),
  boolean: () => true,
  undefined: () => undefined,
}
const odd = fc.constantFrom(...Object.keys(makers))

/** Calls by name; `odd` stands where an argument, or one option, would. */
type At = { connection: Connection; name: string }
type Call = (odd: never, at: At) => unknown
const option = (name: string) => (odd: unknown) => ({ [name]: odd }) as never
/** Beside a body, and one that there is not. */
const FIELDS = [...SEND_FIELDS, 'nonsense']

const one = (name: string) => queue(name)
async function use(address: never, { connection }: { connection: Connection }): Promise<void> {
  await connection.send(address, 'x')
}
async function delivered(connection: Connection, name: string) {
  await connection.send(one(name), 'given')
  const receiver = await connection.receiver(one(name))
  return { receiver, delivery: (await receiver.receive({ timeoutMs: 2_000 }))! }
}

const calls: Record<string, Call> = {
  connect: async (odd) => (await connect(odd)).close(),
  ...Object.fromEntries(
    CONNECT_OPTIONS.map((name) => [
      `connect ${name}`,
      async (odd: unknown) => (await connect({ url, ...(option(name)(odd) as object) })).close(),
    ]),
  ),
  'queue name': (odd, at) => use(queue(odd) as never, at),
  'topic name': (odd, at) => use(topic(odd) as never, at),
  matching: (odd, { connection }) =>
    connection.receiver(topic('odd-topic').matching(odd)).then((r) => r.close()),
  subscription: (odd, { connection }) =>
    connection.receiver(topic('odd-topic').subscription(odd)).then((r) => r.close()),
  member: (odd, { connection }) =>
    connection.receiver(sluice.multicast('odd-list').member(odd)).then((r) => r.close()),
  members: (odd, { connection }) => connection.send(sluice.multicast('odd-list').to(odd), 'x'),
  'queue options': (odd, { connection, name }) => connection.admin.declare(queue(name, odd)),
  ...Object.fromEntries(
    NODE_OPTIONS.map((key) => [
      `queue ${key}`,
      (odd: unknown, { connection, name }: { connection: Connection; name: string }) =>
        connection.receiver(queue(name, option(key)(odd))).then((r) => r.close()),
    ]),
  ),
  'address text': (odd, { connection }) => connection.receiver(odd).then((r) => r.close()),
  parseAddress: (odd) => sluice.parseAddress(odd),
  formatAddress: (odd) => sluice.formatAddress(odd),
  'connect further': async (odd) =>
    (await (connect as (...all: unknown[]) => Promise<Connection>)(url, odd)).close(),
  'address()': (odd) => sluice.address(odd),
  'send target': (odd, { connection }) => connection.send(odd, 'x'),
  'send body': (odd, { connection, name }) => connection.send(one(name), odd),
  'send fields': (odd, { connection, name }) => connection.send(one(name), 'x', odd),
  ...Object.fromEntries(
    FIELDS.map((key) => [
      `send ${key}`,
      (odd: unknown, { connection, name }: { connection: Connection; name: string }) =>
        connection.send(one(name), 'x', option(key)(odd)),
    ]),
  ),
  'send property': (odd, { connection, name }) => connection.send(one(name), 'x', { properties: { odd } }),
  'send typed body': (odd, { connection, name }) =>
    connection.send(one(name), odd, { contentType: 'amqp/map' }),
  'send typed value': (odd, { connection, name }) =>
    connection.send(one(name), { odd } as never, { contentType: 'amqp/map' }),
  'sender options': (odd, { connection, name }) => connection.sender(one(name), odd).then((s) => s.close()),
  'sender.forward': async (odd, { connection, name }) => (await connection.sender(one(name))).forward(odd),
  'sender.close': async (odd, { connection, name }) => (await connection.sender(one(name))).close(odd),
  'receiver options': (odd, { connection, name }) =>
    connection.receiver(one(name), odd).then((r) => r.close()),
  'receive options': async (odd, { connection, name }) => {
    const { receiver, delivery } = await delivered(connection, name)
    await delivery.accept()
    await connection.send(one(name), 'another')
    await receiver.receive(odd)
    await receiver.close()
  },
  'release options': async (odd, { connection, name }) =>
    (await delivered(connection, name)).delivery.release(odd),
  'release delayMs': async (odd, { connection, name }) =>
    (await delivered(connection, name)).delivery.release({ delayMs: odd }),
  'reject reason': async (odd, { connection, name }) =>
    (await delivered(connection, name)).delivery.reject(odd),
  'reject options': async (odd, { connection, name }) =>
    (await delivered(connection, name)).delivery.reject('x', odd),
  'consume handler': async (odd, { connection, name }) => (await connection.consume(one(name), odd)).close(),
  'consume options': async (odd, { connection, name }) =>
    (await connection.consume(one(name), () => {}, odd)).close(),
  ...Object.fromEntries(
    KNOWN_OPTIONS.consumeBatch.map((key) => [
      `consumeBatch ${key}`,
      async (odd: unknown, { connection, name }: { connection: Connection; name: string }) =>
        (await connection.consumeBatch(one(name), () => {}, option(key)(odd))).close(),
    ]),
  ),
  'handler throws': async (odd, { connection, name }) => {
    let ran: () => void = () => {}
    const once = new Promise<void>((resolve) => {
      ran = resolve
    })
    await connection.send(one(name), 'x')
    const consumer = await connection.consume(one(name), () => {
      ran()
      throw odd
    })
    await once
    await consumer.close()
  },
  'request body': async (odd, { connection, name }) => {
    const asked = service(`s-${name}`)
    await using _ = await connection.respond(
      asked as never,
      (request: { body: unknown }) => request.body as never,
    )
    await connection.request(asked as never, odd, { timeoutMs: 2_000 })
  },
  'request options': async (odd, { connection, name }) => {
    const asked = service<string, string>(`s-${name}`)
    await using _ = await connection.respond(asked, (request) => request.body)
    await connection.request(asked, 'x', odd)
  },
  response: async (odd, { connection, name }) => {
    const asked = service<string, never>(`s-${name}`)
    await using _ = await connection.respond(asked, () => odd)
    await connection.request(asked, 'x', { timeoutMs: 2_000 })
  },
  'respond options': async (odd, { connection, name }) =>
    (await connection.respond(service(`s-${name}`), () => 1, odd)).close(),
  'browse options': async (odd, { connection, name }) => {
    await connection.send(one(name), 'x')
    for await (const _ of connection.browse(one(name), odd)) break
  },
  'replay options': (odd, { connection, name }) => connection.replay(one(name), odd),
  'admin.declare': (odd, { connection }) => connection.admin.declare(odd),
  'admin.delete': (odd, { connection }) => connection.admin.delete(odd),
  'admin.purge': (odd, { connection }) => connection.admin.purge(odd),
  'admin.inspect': (odd, { connection }) => connection.admin.inspect(odd),
  'admin.inspect options': (odd, { connection, name }) => connection.admin.inspect(one(name), odd),
  'admin.list': (odd, { connection }) => connection.admin.list(odd),
  'on type': (odd, { connection }) => connection.on(odd, () => {})(),
  'on listener': (odd, { connection }) => connection.on('warning', odd)(),
  'connection.close': async (odd) => (await connect(url)).close(odd),
  restoredMessage: (odd) => sluice.restoredMessage(odd, odd, odd),
  messageExtras: (odd) => sluice.messageExtras(odd, odd),
  restoredSend: (odd) => sluice.restoredSend(odd),
  savedSend: (odd, { name }) => sluice.savedSend(one(name) as never, odd),
  redact: (odd) => sluice.redact(odd),
  isMessagingError: (odd) => sluice.isMessagingError(odd),
  MessagingError: (odd) => new MessagingError('INTERNAL', odd, odd),
  defineConfig: (odd) => sluice.defineConfig(odd),
  registerAdapter: (odd) => sluice.registerAdapter(odd),
  adapterFor: (odd) => sluice.adapterFor(odd),
}

/** Each option of each call by itself: a wrong one is refused beside right ones. */
const byOption: Partial<Record<keyof typeof KNOWN_OPTIONS, (options: never, at: At) => unknown>> = {
  declare: (options, { connection, name }) => connection.admin.declare(one(name), options),
  inspect: (options, { connection, name }) => connection.admin.inspect(one(name), options),
  sender: async (options, { connection, name }) => (await connection.sender(one(name), options)).close(),
  receiver: async (options, { connection, name }) => (await connection.receiver(one(name), options)).close(),
  receive: async (options, { connection, name }) => {
    await connection.send(one(name), 'given')
    await using receiver = await connection.receiver(one(name))
    await receiver.receive(options)
  },
  browse: async (options: object, { connection, name }) => {
    await connection.send(one(name), 'given')
    for await (const _ of connection.browse(one(name), options)) break
  },
  consume: async (options, { connection, name }) =>
    (await connection.consume(one(name), () => {}, options)).close(),
  respond: async (options, { connection, name }) =>
    (await connection.respond(service(`s-${name}`), () => 1, options)).close(),
  replay: (options, { connection, name }) => connection.replay(one(name), options),
  close: async (options, { connection, name }) => (await connection.sender(one(name))).close(options),
}
for (const [call, work] of Object.entries(byOption)) {
  for (const key of KNOWN_OPTIONS[call as keyof typeof KNOWN_OPTIONS])
    calls[`${call} ${key}`] = (odd, at) => work(option(key)(odd), at)
}

const uncaught: unknown[] = []
const note = (problem: unknown): void => void uncaught.push(problem)
beforeAll(() => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
})
afterAll(() => {
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
})

function typed(error: unknown): boolean {
  return error instanceof MessagingError || error instanceof TypeError || error instanceof OwnError
}

let count = 0
async function tried(what: string, value: string): Promise<string | undefined> {
  await using connection = await connect(url)
  connection.on('warning', () => {})
  const name = `odd-${++count}`
  const thrown = makers[value]!()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no end within 20 s'), 20_000)
  })
  let problem: string | undefined
  try {
    problem = await Promise.race([
      (async () => {
        await calls[what]!(thrown as never, { connection, name })
        return undefined
      })(),
      late,
    ])
  } catch (error) {
    if (!typed(error)) problem = `not typed: ${(error as Error)?.stack ?? typeof error}`
    else if (
      error instanceof MessagingError &&
      error.code === 'INTERNAL' &&
      !(error.cause instanceof OwnError)
    )
      problem = `INTERNAL: ${error.stack}`
  } finally {
    clearTimeout(timer)
  }
  await connection.send(queue(`${name}-alive`), 'alive', { timeoutMs: 20_000 })
  await new Promise((resolve) => setImmediate(resolve))
  if (uncaught.length > 0)
    problem = `uncaught: ${uncaught.splice(0).map((e) => (e as Error)?.stack ?? typeof e)}`
  return problem
}

test(
  'is taken or refused with a typed error; nothing is left uncaught, and the connection lives on',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(calls)), odd, async (what, value) => {
        expect({ what, value, problem: await tried(what, value) }).toEqual({
          what,
          value,
          problem: undefined,
        })
      }),
      runs(80),
    )
  },
  timeoutOf(80, 500),
)
