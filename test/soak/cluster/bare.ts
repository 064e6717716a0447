/**
 * A client without the library, which tries without pause once a majority is there: what it waits is the broker's own part of a first
 * accepted send. It keeps to nodes of its own, whose messages push each other out.
 */
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import amqp from 'amqplib'
import type { Redis } from 'ioredis'
import rhea from 'rhea'
import { type Admin, connect, queue } from '../../../src/index.ts'
import type { PrivateBroker } from '../../support/brokers.ts'
import { openProbing, redisNodeUrls } from './nodes.ts'

/** Unit: ms. */
const AGAIN_MS = 25
/** One try may take as long. Unit: ms. */
const TRY_MS = 2_000

export interface BareClient extends AsyncDisposable {
  /** Resolves when a message to each of some nodes was accepted, wherever they live; `false` when it was ended before. */
  accepted(signal: AbortSignal): Promise<boolean>
  /** Of what it made at the broker. */
  clear(): Promise<void>
}

const QUEUES = ['bare-1', 'bare-2', 'bare-3']
const SMALL = { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-max-length': 10 } }

/** A new connection for each try, to every node at once. */
export async function rabbitmqBare(own: PrivateBroker): Promise<BareClient> {
  const urls = own.url.split(',').map((url) => url.replace('rabbitmq:', 'amqp:'))
  const withChannel = async <T>(url: string, work: (channel: amqp.ConfirmChannel) => Promise<T>) => {
    const connection = await amqp.connect(url, { timeout: TRY_MS })
    connection.on('error', () => {})
    try {
      const channel = await connection.createConfirmChannel()
      channel.on('error', () => {})
      return await work(channel)
    } finally {
      await Promise.race([connection.close().catch(() => {}), delay(TRY_MS)])
    }
  }
  // Leaders are where their queues were declared.
  for (const [at, name] of QUEUES.entries())
    await withChannel(urls[at % urls.length]!, (channel) => channel.assertQueue(name, SMALL))

  const publish = (channel: amqp.ConfirmChannel, name: string) =>
    new Promise<void>((resolve, reject) => {
      channel.sendToQueue(name, Buffer.from('.'), {}, (error) => (error ? reject(error) : resolve()))
    })
  return {
    async accepted(signal) {
      const open = new Set(QUEUES)
      const at = (url: string) =>
        withChannel(url, async (channel) => {
          const all = [...open].map((name) => publish(channel, name).then(() => open.delete(name)))
          await Promise.race([Promise.allSettled(all), delay(TRY_MS)])
        }).catch(() => {})
      const keepTrying = async (url: string) => {
        while (open.size > 0 && !signal.aborted) await Promise.all([at(url), delay(AGAIN_MS)])
      }
      await Promise.any([...urls.map(keepTrying), ended(signal)])
      return open.size === 0
    },
    async clear() {
      await withChannel(urls[0]!, async (channel) => {
        for (const name of QUEUES) await channel.deleteQueue(name)
      })
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** As many keys as make sure that every master has some. */
const KEYS = Array.from({ length: 24 }, (_, at) => `bare-${at}`)
const REPLICA_MS = 500

/** A connection to every node; a write counts when a replica has it. */
export async function redisBare(own: PrivateBroker): Promise<BareClient> {
  const nodes = redisNodeUrls(own).map(openProbing)
  const write = async (redis: Redis, open: Set<string>) => {
    const keys = [...open]
    const writing = keys.map((key) => redis.set(key, '.').then(() => key))
    const written = (await Promise.allSettled(writing)).filter((one) => one.status === 'fulfilled')
    // The others are another's, or the node is away.
    if (written.length === 0) return
    const replicas = await redis.wait(1, REPLICA_MS).catch(() => 0)
    if (replicas > 0) for (const { value } of written) open.delete(value)
  }
  return {
    async accepted(signal) {
      const open = new Set(KEYS)
      const keepTrying = async (redis: Redis) => {
        while (open.size > 0 && !signal.aborted) await Promise.all([write(redis, open), delay(AGAIN_MS)])
      }
      await Promise.any([...nodes.map(keepTrying), ended(signal)])
      return open.size === 0
    },
    async clear() {
      for (const redis of nodes) for (const key of KEYS) await redis.del(key).catch(() => {}) // Another's.
    },
    [Symbol.asyncDispose]: async () => {
      for (const redis of nodes) redis.disconnect()
    },
  }
}

/** Sent with a lifetime, so that they do not pile up. Unit: ms. */
const LIFETIME_MS = 1_000
const CONNECT_MS = 60_000

/** A new connection for each try, to every node at once. Its queue is made by whoever makes queues there. */
export async function amqp10Bare(own: PrivateBroker): Promise<BareClient> {
  const urls = own.url.split(',')
  const node = queue<string>('bare-1')
  const withSluice = async (work: (admin: Admin) => Promise<unknown>) => {
    const connection = await connect({ url: urls, connectTimeoutMs: CONNECT_MS })
    await work(connection.admin)
    await connection.close()
  }
  await withSluice((admin) => admin.declare(node))
  return {
    async accepted(signal) {
      let there = false
      const keepTrying = async (url: string) => {
        while (!there && !signal.aborted) {
          const [ok] = await Promise.all([transferred(url, node.name), delay(AGAIN_MS)])
          there ||= ok
        }
      }
      await Promise.any([...urls.map(keepTrying), ended(signal)])
      return there
    },
    clear: () => withSluice((admin) => admin.delete(node).catch(() => {})), // Artemis deletes it by itself.
    [Symbol.asyncDispose]: async () => {},
  }
}

/** What rhea's types do not tell of a connection. */
interface Hidden {
  readonly socket?: Socket
  readonly heartbeat_in?: NodeJS.Timeout
  readonly heartbeat_out?: NodeJS.Timeout
}

/** Never rejects. */
function transferred(address: string, target: string): Promise<boolean> {
  const { hostname, port, username, password } = new URL(address)
  return new Promise((resolve) => {
    const connection = rhea.create_container().connect({
      host: hostname,
      port: Number(port),
      hostname,
      username,
      password,
      reconnect: false,
    })
    const end = (ok: boolean) => {
      clearTimeout(timer)
      // close() would wait for the peer's answer, and a frozen broker gives none; without it rhea's timers go on.
      const { socket, heartbeat_in, heartbeat_out } = connection as unknown as Hidden
      socket?.destroy()
      clearTimeout(heartbeat_in)
      clearTimeout(heartbeat_out)
      resolve(ok)
    }
    const timer = setTimeout(end, TRY_MS, false)
    connection.once('sendable', ({ sender }) => sender!.send({ body: '.', durable: true, ttl: LIFETIME_MS }))
    connection.on('connection_open', () => connection.open_sender(target))
    connection.on('accepted', () => end(true))
    const failures = ['rejected', 'released', 'connection_error', 'connection_close', 'session_error']
    for (const event of [
      ...failures,
      'sender_error',
      'sender_close',
      'protocol_error',
      'error',
      'disconnected',
    ])
      connection.on(event, () => end(false))
  })
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
