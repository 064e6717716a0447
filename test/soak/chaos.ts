/**
 * Senders, receivers with every kind of verdict, a named subscription, requests and responders, each behind a proxy of its own that is cut
 * and silenced at random. Nothing that a broker accepted may be lost, every call must end, and a duplicate has the id of its original.
 *
 * By hand, with the brokers of `npm run brokers -- up`:
 *
 *     npx tsx test/soak/chaos.ts URL [SECONDS] [SEED]      (default 60 seconds)
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Connection,
  connect,
  type Delivery,
  isMessagingError,
  queue,
  service,
  topic,
} from '../../src/index.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { uniqueName } from '../support/names.ts'

const SENDERS = 2
const RECEIVERS = 3
/** Pause between two sends of one sender. Unit: ms. */
const PACE_MS = 4
/** All must be back and read this long after the last fault. Unit: ms. */
const SETTLE_MS = 60_000

const url = process.argv[2]
if (url === undefined) throw new Error('chaos.ts URL [SECONDS] [SEED]')
const seconds = Number(process.argv[3] ?? 60)
let seed = Number(process.argv[4] ?? Date.now() % 100_000)
const said = `seed ${seed}`

const name = uniqueName('chaos')
const aside = queue<string>(`${name}-aside`)
const orders = queue<string>(name, { deadLetter: aside })
const news = topic<string>(`${name}-news`)
const archive = news.matching('#').subscription('archive')
const echo = service<string, string>(`${name}-echo`)

const proxies: FaultProxy[] = []
const connections: Connection[] = []
const direct = await connect(url)
const accepted = { orders: new Set<string>(), news: new Set<string>() }
const outcomes = new Map<string, number>()
const taken = { orders: new Map<string, number>(), news: new Map<string, number>() }
let sending = true
let receiving = true
let asked = 0
let answered = 0

process.on('unhandledRejection', (error) => {
  console.error('unhandled', error)
  process.exitCode = 1
})

await direct.admin.declare(aside)
await direct.admin.declare(orders)
await direct.admin.declare(news)
await direct.admin.declare(archive)

const senders = times(SENDERS, (at) => send(`s${at}`))
const receivers = times(RECEIVERS, () => receive())
const subscribers = times(2, () => follow())
const responder = (async () => (await open()).respond(echo, async (request) => request.body))()
const askers = times(2, (at) => ask(`r${at}`))
await responder

await fault(performance.now() + seconds * 1000)
sending = false
await within(Promise.all([...senders, ...askers]), 45_000, 'every send and request ends')
const end = performance.now() + SETTLE_MS
while (performance.now() < end && missing() > 0) await sleep(100)
receiving = false
await within(Promise.all([...receivers, ...subscribers]), 20_000, 'every receiver ends')
await letters()
await within(
  Promise.all(connections.map((connection) => connection.close())),
  20_000,
  'every connection closes',
)
for (const proxy of proxies) await proxy[Symbol.asyncDispose]()

const left = (await direct.admin.inspect(orders))?.depth
for (const node of [orders, archive, aside, echo, news]) await direct.admin.delete(node).catch(() => false)
await direct.close()

const lost = [...absent('orders'), ...absent('news')]
const twice = [...taken.orders.values(), ...taken.news.values()].filter((count) => count > 1).length
console.log(
  `${new URL(url).protocol} ${said}: ${accepted.orders.size + accepted.news.size} accepted, ${lost.length} lost, ${twice} twice, ${left ?? '?'} left, ` +
    `${answered} of ${asked} requests answered, ${[...outcomes].map(([code, count]) => `${count} ${code}`).join(', ') || 'no failed send'}`,
)
if (lost.length > 0) {
  console.log('lost:', lost.slice(0, 20).join(' '))
  process.exitCode = 1
}

async function open(): Promise<Connection> {
  const proxy = await FaultProxy.before(url!)
  proxies.push(proxy)
  const connection = await connect({
    url: proxy.urlFor(url!),
    reconnect: { minDelayMs: 20, maxDelayMs: 500 },
  })
  connection.on('warning', () => {})
  connections.push(connection)
  return connection
}

async function send(as: string): Promise<void> {
  const connection = await open()
  const toOrders = await connection.sender(orders)
  const toNews = await connection.sender(news)
  const open_: Promise<void>[] = []
  for (let at = 0; sending; at++) {
    const id = `${as}-${at}`
    open_.push(outcome(toOrders.send(id, { id }), id, accepted.orders))
    if (at % 2 === 0)
      open_.push(outcome(toNews.send(id, { id, subject: `a.${as}`, durable: true }), id, accepted.news))
    await sleep(PACE_MS)
  }
  await Promise.all(open_)
}

async function outcome(sent: Promise<unknown>, id: string, into: Set<string>): Promise<void> {
  try {
    await sent
    into.add(id)
  } catch (error) {
    const code = isMessagingError(error) ? error.code : String(error)
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
  }
}

async function receive(): Promise<void> {
  const receiver = await (await open()).receiver(orders, { credit: 20 })
  while (receiving) {
    const delivery = await receiver.receive({ timeoutMs: 200 })
    if (delivery) void settle(delivery)
  }
  await receiver.close()
}

async function settle(delivery: Delivery<string>): Promise<void> {
  if (delivery.body !== delivery.id) throw new Error(`${delivery.id} has the body of ${delivery.body}`)
  const dice = random()
  try {
    if (dice < 0.1) await delivery.release()
    else if (dice < 0.13) await delivery.release({ delayMs: 50 })
    else if (dice < 0.16) {
      await delivery.reject('at random')
      count(taken.orders, delivery.id)
    } else {
      if (dice < 0.2) await sleep(1_500 * random())
      await delivery.accept()
      count(taken.orders, delivery.id)
    }
  } catch (error) {
    if (!isMessagingError(error)) throw error
  }
}

async function follow(): Promise<void> {
  const receiver = await (await open()).receiver(archive, { credit: 20 })
  while (receiving) {
    const delivery = await receiver.receive({ timeoutMs: 200 })
    if (!delivery) continue
    await delivery.accept().then(
      () => count(taken.news, delivery.id),
      () => {},
    )
  }
  await receiver.close()
}

async function ask(as: string): Promise<void> {
  const connection = await open()
  for (let at = 0; sending; at++) {
    asked++
    const body = `${as}-${at}`
    try {
      const answer = await connection.request(echo, body, { timeoutMs: 3_000 })
      if (answer.body !== body) throw new Error(`asked ${body}, got ${answer.body}`)
      answered++
    } catch (error) {
      if (!isMessagingError(error)) throw error
    }
    await sleep(20)
  }
}

/** Rejected messages were counted when the rejection was told; one whose answer was lost is found here. */
async function letters(): Promise<void> {
  const receiver = await direct.receiver(aside)
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 500 })
    if (!delivery) break
    if (!taken.orders.has(delivery.id)) count(taken.orders, delivery.id)
    await delivery.accept()
  }
  await receiver.close()
}

async function fault(until: number): Promise<void> {
  while (performance.now() < until) {
    await sleep(300 + 1_200 * random())
    const proxy = proxies[Math.floor(random() * proxies.length)]!
    if (random() < 0.7) proxy.cut()
    else {
      proxy.silence()
      const silentMs = random() < 0.8 ? 500 : 12_000
      void sleep(silentMs).then(() => proxy.heal())
    }
  }
  for (const proxy of proxies) proxy.heal()
}

function missing(): number {
  return absent('orders').length + absent('news').length
}

function absent(what: 'orders' | 'news'): string[] {
  return [...accepted[what]].filter((id) => !taken[what].has(id))
}

function count(into: Map<string, number>, id: string): void {
  into.set(id, (into.get(id) ?? 0) + 1)
}

function times<T>(many: number, make: (at: number) => Promise<T>): Promise<T>[] {
  return Array.from({ length: many }, (_, at) => make(at))
}

async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => {
    throw new Error(`not within ${ms} ms: ${what}`)
  })
  return Promise.race([work, late])
}

function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff
  return seed / 0x7fff_ffff
}
