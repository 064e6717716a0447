/** What the broker still holds of clients that have closed everything. */
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { PrivateBroker } from '../../support/brokers.ts'
import { manage } from '../random/rabbitmq-cluster-faults.ts'
import { redisNodeUrls } from './nodes.ts'

/** Brokers notice an end, and count it, a little later. Unit: ms. */
const PATIENCE_MS = 30_000

export interface Leftovers {
  readonly connections: number
  /** Receivers that the broker still serves, where it tells of them. */
  readonly receivers: number
  readonly nodes: number
}

/** Looks until nothing is left, or until it has taken too long for that. */
export async function leftovers(own: PrivateBroker, ...which: (keyof Leftovers)[]): Promise<Leftovers> {
  const look = LOOKS[own.name] ?? sockets
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look(own)
    if (which.every((one) => found[one] === 0) || performance.now() > end) return found
    await delay(500)
  }
}

const LOOKS: Partial<Record<PrivateBroker['name'], (own: PrivateBroker) => Promise<Leftovers>>> = {
  'rabbitmq-cluster': rabbitmq,
  'redis-cluster': redis,
  'redis-sentinel': redis,
}

/** What the system knows: connections to the ports for clients. */
async function sockets(own: PrivateBroker): Promise<Leftovers> {
  const ports = new Set(own.url.split(',').map((url) => Number(new URL(url).port)))
  const lines = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1)
  const open = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === ESTABLISHED)
  const theirs = open.filter(([, , remote]) => ports.has(Number.parseInt(remote!.split(':')[1]!, 16)))
  return { connections: theirs.length, receivers: 0, nodes: 0 }
}

const ESTABLISHED = '01'

async function rabbitmq(own: PrivateBroker): Promise<Leftovers> {
  const [url] = own.environment.SLUICE_TEST_RABBITMQ_CLUSTER_MANAGEMENT!.split(',')
  const count = async (what: string) => ((await manage(url!, what)) as unknown[]).length
  return {
    connections: await count('connections'),
    receivers: await count('consumers'),
    nodes: await count('queues'),
  }
}

async function redis(own: PrivateBroker): Promise<Leftovers> {
  const urls = redisNodeUrls(own)
  let connections = 0
  let nodes = 0
  for (const url of urls) {
    const client = new Redis(url, { protocol: 2 })
    const id = String(await client.client('ID'))
    const all = String(await client.client('LIST'))
      .trim()
      .split('\n')
    // Masters, replicas and sentinels are clients of each other.
    const own = all.filter((line) => !line.startsWith(`id=${id} `) && !/ flags=[^ ]*[MS]/.test(line))
    connections += own.filter((line) => !/ name=sentinel/.test(line)).length
    if (/^role:master/m.test(await client.info('replication'))) nodes += await client.dbsize()
    client.disconnect()
  }
  return { connections, receivers: 0, nodes }
}
