/** Redis Cluster: a master that dies among living ones. What they have goes on; what it had waits, and is there when it is back. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Keys } from '../../../../src/adapters/redis/nodes/keys.ts'
import { type Connection, connect, queue } from '../../../../src/index.ts'
import { PrivateBroker } from '../../../support/brokers.ts'
import { ClusterSlot } from '../../../support/cluster-slot.ts'
import { eventually } from '../../../support/eventually.ts'
import { uniqueName } from '../../../support/names.ts'

const keys = new Keys('sluice')
let broker: PrivateBroker
beforeAll(async () => {
  broker = await PrivateBroker.start('redis-cluster')
}, 60_000)
afterAll(() => broker[Symbol.asyncDispose]())

async function open(urls: string): Promise<Connection> {
  const made = await connect({
    url: `${urls.split(',')[1]}?cluster=true`,
    // Behind a Cluster it decides when others get what was on its way to a connection that ended.
    native: { leaseMs: 3_000 },
  })
  made.on('warning', () => {})
  return made
}

/** Names of queues, and the port of the master that has them. */
async function placed(urls: string): Promise<{ name: string; port: number }> {
  const name = uniqueName('placed')
  await using slot = await ClusterSlot.of(urls, keys.queue(name))
  return { name, port: slot.owner.options.port! }
}

/** `master`: the id of the one it is a replica of. */
async function nodeAt(
  url: string,
): Promise<{ client: Redis; id: string; port: number; master: string | undefined }> {
  const client = new Redis(url, { protocol: 2 })
  client.on('error', () => {})
  const nodes = String(await client.cluster('NODES'))
  const [id, , flags, master] = nodes
    .split('\n')
    .find((line) => line.includes('myself'))!
    .split(' ')
  return {
    client,
    id: id!,
    port: Number(new URL(url).port),
    master: flags!.includes('slave') ? master : undefined,
  }
}

async function placedAt(urls: string, isThere: (port: number) => boolean): Promise<string> {
  for (;;) {
    const { name, port } = await placed(urls)
    if (isThere(port)) return name
  }
}

it('nothing accepted is lost; sends to its nodes wait or are told, those to living masters go on, and all of it does with the master', async () => {
  const urls = broker.url
  const all = `${urls},${broker.environment.SLUICE_TEST_REDIS_CLUSTER_REPLICAS}`.split(',')
  const nodes = await Promise.all(all.map((url) => nodeAt(url)))
  const cover = (whether: 'yes' | 'no', at: typeof nodes): Promise<unknown> =>
    Promise.all(at.map(({ client }) => client.config('SET', 'cluster-require-full-coverage', whether)))
  await cover('no', nodes)
  const [dying] = nodes as [(typeof nodes)[number]]
  const family = nodes.flatMap((node, at) =>
    node === dying || node.master === dying.id ? [`node${at + 1}`] : [],
  )
  const [lost, living] = [
    await placedAt(urls, (port) => port === dying.port),
    await placedAt(urls, (port) => port !== dying.port),
  ]
  await using producer = await open(urls)
  await using consumer = await open(urls)
  const seen = new Set<string>()
  const accepted = new Set<string>()
  const send = async (name: string, body: string, timeoutMs: number): Promise<string> => {
    try {
      await producer.send(queue<string>(name), body, { timeoutMs })
      accepted.add(body)
      return 'accepted'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  for (const name of [lost, living]) {
    await consumer.consume(queue<string>(name), ({ body }) => void seen.add(body))
    expect(await send(name, `${name} before`, 10_000)).toBe('accepted')
  }
  const others = nodes.filter((node) => node !== dying && node.master !== dying.id)
  // Nobody takes its place.
  for (const role of family.reverse()) await broker.kill(role)
  expect(['CONNECTION_LOST', 'SEND_UNCONFIRMED', 'SEND_REJECTED']).toContain(
    await send(lost, `${lost} while it is dead`, 500),
  )
  await eventually(async () => (await send(living, `${living} meanwhile`, 2_000)) === 'accepted', {
    timeoutMs: 20_000,
  })
  // As it is by default: CLUSTERDOWN for every slot.
  await cover('yes', others)
  const down = await eventually(async () => {
    const told = await send(living, `${living} while the Cluster is down`, 500)
    return told !== 'accepted' && told
  })
  expect(['CONNECTION_LOST', 'SEND_UNCONFIRMED', 'SEND_REJECTED']).toContain(down)
  const waiting = send(lost, `${lost} waits`, 30_000)
  await broker.start()
  expect(await waiting).toBe('accepted')
  await eventually(async () => (await send(living, `${living} after`, 2_000)) === 'accepted', {
    timeoutMs: 20_000,
  })
  await eventually(() => [...accepted].every((body) => seen.has(body)), { timeoutMs: 20_000 })
  for (const { client } of nodes) client.disconnect()
}, 90_000)

it('a frozen master keeps nobody from connecting, and from sending to nodes of the others', async () => {
  const urls = broker.url
  const all = `${urls},${broker.environment.SLUICE_TEST_REDIS_CLUSTER_REPLICAS}`.split(',')
  const nodes = await Promise.all(all.map((url) => nodeAt(url)))
  await Promise.all(nodes.map(({ client }) => client.config('SET', 'cluster-require-full-coverage', 'no')))
  const frozen = nodes.find(({ master }) => master === undefined)!
  // Its replicas, too: nobody takes its place.
  const family = nodes.flatMap((node, at) =>
    node === frozen || node.master === frozen.id ? [`node${at + 1}`] : [],
  )
  const living = await placedAt(urls, (port) => port !== frozen.port)
  for (const role of family) await broker.pause(role)
  try {
    const reached = nodes.findIndex((node) => node !== frozen && node.master !== frozen.id)
    await using connection = await connect({
      url: `${all[reached]}?cluster=true`,
      // Silence ends nothing.
      heartbeatMs: 0,
      connectTimeoutMs: 40_000,
    })
    await connection.send(queue(living), 1, { timeoutMs: 20_000 })
  } finally {
    for (const role of family) await broker.resume(role)
    for (const { client } of nodes) client.disconnect()
  }
}, 90_000)
