/**
 * Users who lack one command each, of all that the adapter uses: what needs it ends with one error that names it, all else is done, and
 * nobody else's messages suffer.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { scriptsFor } from '../../../../src/adapters/redis/scripts/index.ts'
import {
  type Connection,
  connect,
  isMessagingError,
  multicast,
  queue,
  service,
  topic,
} from '../../../../src/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { RedisServer } from '../redis-server.ts'

const orders = queue<number>('orders', { maxLength: 1_000, deadLetter: 'orders:dead' })
const news = topic<string>('news')
const fleet = multicast<string>('fleet')
const adder = service<string, string>('adder')
/** Users at once: most of the time each of them waits. */
const TOGETHER = 12
const WITHIN = { timeoutMs: 5_000 }
let server: RedisServer
const open: (() => unknown)[] = []

beforeAll(async () => {
  server = await RedisServer.start()
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})
afterAll(() => server[Symbol.asyncDispose]())

async function as(user: string, prefix: string, ...rules: string[]): Promise<Connection> {
  const url = await server.user(user, '~*', '&*', '+@all', ...rules)
  const connection = await connect({ url, native: { prefix, pollMs: 200, leaseMs: 10_000 } })
  open.push(() => connection.close({ timeoutMs: 1_000 }))
  connection.on('warning', () => {})
  return connection
}

/** Everything that a program does, step by step. */
const STEPS: Record<string, (c: Connection) => Promise<unknown>> = {
  declare: (c) => c.admin.declare(orders, WITHIN),
  send: (c) => c.send(orders, 1, WITHIN),
  'send later': (c) => c.send(orders, 2, { delayMs: 1, ttlMs: 60_000, priority: 7, ...WITHIN }),
  receive: async (c) => {
    await using receiver = await c.receiver(orders, WITHIN)
    for (let n = 0; ; n++) {
      const delivery = await receiver.receive({ timeoutMs: 200 })
      if (!delivery) return
      if (delivery.deliveryCount === 1 && n === 0) await delivery.release({ delayMs: 1 })
      else if (n === 1) await delivery.reject('bad')
      else await delivery.accept()
    }
  },
  browse: async (c) => {
    await using browser = await c.receiver(orders, { mode: 'browse', ...WITHIN })
    await browser.receive({ timeoutMs: 200 })
  },
  inspect: (c) => c.admin.inspect(orders, WITHIN),
  purge: (c) => c.admin.purge(orders, WITHIN),
  list: (c) => c.admin.list(WITHIN),
  'live subscription': async (c) => (await c.receiver(news.matching('#'), WITHIN)).close(),
  publish: (c) => c.send(news, 'x', { subject: 'a', ...WITHIN }),
  'named subscription': async (c) => {
    await using receiver = await c.receiver(news.matching('#').subscription('kept'), WITHIN)
    await c.send(news, 'y', { subject: 'b', ...WITHIN })
    await (await receiver.receive(WITHIN))?.accept()
  },
  unsubscribe: (c) => c.admin.delete(news.subscription('kept'), WITHIN),
  multicast: async (c) => {
    await using receiver = await c.receiver(fleet.member('one'), WITHIN)
    await c.send(fleet.to('one'), 'x', WITHIN)
    await (await receiver.receive(WITHIN))?.accept()
  },
  request: (c) => c.request(adder, 'x', WITHIN),
  delete: (c) => c.admin.delete(orders, WITHIN),
}

/** Commands and subcommands that the server has seen of this adapter, and those its scripts hold. */
async function used(): Promise<string[]> {
  await server.admin.config('RESETSTAT')
  const c = await as('all', 'all')
  await c.respond(adder, ({ body }) => `${body}!`)
  for (const step of Object.values(STEPS)) await step(c)
  const seen = [...(await server.admin.info('commandstats')).matchAll(/^cmdstat_([^:]+):/gm)].map(
    ([, name]) => name!,
  )
  const written = Object.values(scriptsFor({ prefix: 'all', cluster: false, flags: true })).flatMap(
    ({ lua }) =>
      [...lua.matchAll(/(?:call|each|pcall)\((?:each, )?'([A-Z]+)'/g)].map(([, name]) => name!.toLowerCase()),
  )
  const ours = new Set([...seen, ...written])
  // What this test says by itself, and what nobody may be without who logs in.
  for (const name of ['acl|setuser', 'config|resetstat', 'auth']) ours.delete(name)
  return [...ours].sort()
}

async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error) => {
      if (!isMessagingError(error)) throw error
      return `${error.code} ${error.hint}`
    },
  )
}

/** What is not as it should be for a user without this command. */
async function oddities(command: string, at: number): Promise<string[]> {
  const odd: string[] = []
  const prefix = `lacks${at}`
  const boss = await as(`boss${at}`, prefix)
  await boss.respond(adder, ({ body }) => `${body}!`)
  const held = await boss.receiver(orders, { credit: 1 })
  await boss.send(orders, -1)
  const delivery = (await held.receive(WITHIN))!
  const weak = await as(`weak${at}`, prefix, `-${command}`)
  weak.on('disconnected', ({ cause }) => odd.push(`without ${command} the connection was lost: ${cause}`))
  const attempt = async (name: string): Promise<void> => {
    const got = await outcome(STEPS[name]!(weak))
    const told = `UNAUTHORIZED The user needs the command: ACL SETUSER NAME +${command}`
    if (got !== 'done' && got !== told) odd.push(`without ${command}, ${name}: ${got}`)
  }
  for (const name of Object.keys(STEPS)) if (name !== 'delete') await attempt(name)
  // Whatever that user did, the other one's delivery is its own, and its queue goes on.
  if (delivery.signal.aborted) odd.push(`without ${command}: another user's delivery was lost`)
  await delivery.accept()
  await held.close()
  await boss.admin.declare(orders)
  const seen = new Set<number>()
  await boss.consume(orders, ({ body }) => void seen.add(body))
  await boss.send(orders, 99)
  await eventually(() => seen.has(99), {
    timeoutMs: 10_000,
    what: `without ${command}: another user's queue`,
  })
  await attempt('delete')
  return odd
}

it('each of them', async () => {
  const commands = await used()
  expect(commands.length).toBeGreaterThan(45)
  const odd: string[] = []
  for (let first = 0; first < commands.length; first += TOGETHER) {
    const some = commands.slice(first, first + TOGETHER)
    odd.push(...(await Promise.all(some.map((command, at) => oddities(command, first + at)))).flat())
    for (const close of open.splice(0).reverse()) await close()
  }
  expect(odd).toEqual([])
}, 120_000)
