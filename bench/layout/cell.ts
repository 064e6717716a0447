/**
 * Many of one thing, opened in a process of its own: how long that takes, and what this process and the broker keep for each of them.
 *
 * Arguments: an `Order` as JSON. Prints a `Cost` as JSON.
 */
import { readFileSync } from 'node:fs'
import { type Connection, connect, isMessagingError, queue, topic } from '../../src/index.ts'
import type { Cost, Order, Thing } from './order.ts'

/** Opened at once. */
const AT_ONCE = 16
/** For an orderly end, behind which the broker is as it was. Unit: ms. */
const END_MS = 20_000
/** The first connection of a busy machine. Unit: ms. */
const CONNECT_MS = 60_000

const { url, thing, count, pids, limitMs }: Order = JSON.parse(process.argv[2]!)
const connections: Connection[] = []

const open = async (): Promise<Connection> => {
  const connection = await connect({ url, reconnect: false, connectTimeoutMs: CONNECT_MS })
  connections.push(connection)
  return connection
}
const shared = await open()
const work = queue<string>('layout-work')
const news = topic<string>('layout-news')
if (thing !== 'connection') await shared.admin.declare(work)

const MAKE: Record<Thing, (at: number) => Promise<unknown>> = {
  connection: open,
  sender: () => shared.sender(work),
  receiver: () => shared.receiver(work),
  subscription: (at) => shared.receiver(news.matching(`sort.${at}`)),
  address: (at) => shared.admin.declare(queue(`layout-${count}-${at}`)),
}

// What is made once for all, and the compilers' work.
for (let at = 0; at < AT_ONCE; at++) await MAKE[thing](-1 - at)
const before = { client: clientBytes(), broker: brokerBytes() }
const begun = performance.now()
let [next, made] = [0, 0]
let problem: string | undefined
await Promise.all(Array.from({ length: AT_ONCE }, several))
const ms = performance.now() - begun
const cost: Cost = {
  made,
  ms,
  clientBytes: (clientBytes() - before.client) / made,
  brokerBytes: (brokerBytes() - before.broker) / made,
  problem: problem ?? (made < count ? `${Math.round(limitMs / 1000)} s were over` : undefined),
}
console.log(JSON.stringify(cost))
setTimeout(() => process.exit(), END_MS).unref()
if (thing === 'address') for (let at = 0; at < made; at++) await remove(`layout-${count}-${at}`)
await Promise.allSettled(connections.map((connection) => connection.close()))
process.exit()

async function several(): Promise<void> {
  while (next < count && problem === undefined && performance.now() - begun < limitMs) {
    try {
      await MAKE[thing](next++)
      made++
    } catch (error) {
      problem ??= isMessagingError(error) ? `\`${error.code}\`: ${error.message}` : String(error)
    }
  }
}

async function remove(name: string): Promise<void> {
  await shared.admin.delete(queue(name)).catch(() => {}) // The broker goes with this run.
}

function clientBytes(): number {
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What the system has given to the broker's processes. */
function brokerBytes(): number {
  return pids.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return sum + Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024
  }, 0)
}
