/**
 * The control arms on Redis: ioredis by itself. Queues are a Streams loop (XADD, XREADGROUP, XACK and XDEL), live traffic is
 * PUBLISH, requests are a pair of lists.
 */
import type { Redis } from 'ioredis'
import { clientLibrary } from '../../core/connecting/client-library.ts'
import type { Tier } from '../../index.ts'
import {
  type Arm,
  type ArmEvents,
  type ArmRun,
  bystanderPatterns,
  headersOf,
  isLive,
  type Plan,
  SUBSCRIBER_PATTERN,
  subjectOf,
} from '../arm.ts'

export function ioredisArm(url: string): Arm {
  return {
    library: 'ioredis',
    kind: 'bare',
    adapter: 'redis',
    url,
    patterns: ['point-to-point', 'fan-out', 'topic', 'request-response', 'store-and-forward'],
    async open(plan, events) {
      const clients = new Clients(url, events)
      try {
        await clients.reach()
        if (plan.workload.pattern === 'request-response') return await requests(plan, clients, events)
        if (isLive(plan.workload)) return await live(plan, clients, events)
        return await stream(plan, clients, events)
      } catch (error) {
        clients.end()
        throw error
      }
    },
    async sweep({ name }) {
      const clients = new Clients(url, { failed: () => {} })
      try {
        await (await clients.add()).del(name, `${name}-answers`)
      } finally {
        clients.end()
      }
    },
  }
}

/** Connections of one run. */
class Clients {
  readonly #url: string
  readonly #events: Pick<ArmEvents, 'failed'>
  readonly #open: Redis[] = []
  #ended = false

  constructor(url: string, events: Pick<ArmEvents, 'failed'>) {
    this.#url = url
    this.#events = events
  }

  async add(): Promise<Redis> {
    const { Redis } = await clientLibrary('ioredis', () => import('ioredis'))
    // One connection, no second attempt: a broker that is lost ends the run, with the reason.
    const client = new Redis(this.#url, { protocol: 2, retryStrategy: () => null, lazyConnect: true })
    this.#open.push(client)
    let cause: Error | undefined
    client.on('error', (error: Error) => {
      cause = error
    })
    await client.connect().catch((error) => {
      throw cause ?? error
    })
    client.on('end', () => {
      if (!this.#ended) this.#events.failed(cause ?? new Error('the connection was lost'))
    })
    return client
  }

  /** First contact, so that an absent server is told as what it is. */
  async reach(): Promise<void> {
    await (await this.add()).ping()
  }

  end(): void {
    this.#ended = true
    for (const client of this.#open) client.disconnect()
  }

  /** What the server writes to its disk before it answers. */
  async facts(): Promise<{ settings: Record<string, string>; tier: Tier }> {
    const client = this.#open[0]!
    const read = async (name: string): Promise<string> =>
      ((await client.config('GET', name).catch(() => [])) as string[])[1] ?? 'unknown'
    const [appendonly, appendfsync] = [await read('appendonly'), await read('appendfsync')]
    const version = /redis_version:(\S+)/.exec(await client.info('server').catch(() => ''))?.[1] ?? ''
    const tier = appendonly !== 'yes' ? 'T1' : appendfsync === 'always' ? 'T3' : 'T2'
    return { settings: { broker: `Redis ${version}`.trim(), appendonly, appendfsync }, tier }
  }
}

async function stream(
  { name: key, role, workload }: Plan,
  clients: Clients,
  events: ArmEvents,
): Promise<ArmRun> {
  const { senders: senderCount, receivers, credit, inFlight } = workload
  const { settings, tier } = await clients.facts()
  const control = await clients.add()
  const senders = await Promise.all(Array.from({ length: senderCount }, () => clients.add()))
  if (role !== 'send') await control.xgroup('CREATE', key, 'group', '0', 'MKSTREAM')
  const headers = JSON.stringify(headersOf(workload.headers) ?? {})
  let stopped = false
  const loop = async (client: Redis, index: number): Promise<void> => {
    while (!stopped) {
      const entries = await nextEntries(client, key, index, credit)
      if (entries.length === 0) continue
      for (const [, fields] of entries) events.arrived(fields[1]!, false, 0, index)
      const ids = entries.map(([id]) => id.toString())
      const settled = control
        .pipeline()
        .xack(key, 'group', ...ids)
        .xdel(key, ...ids)
      settled.exec().catch((error) => stopped || events.failed(error))
    }
  }
  const attachReceivers = async (): Promise<void> => {
    for (let index = 0; index < receivers; index++) {
      const client = await clients.add()
      loop(client, index).catch((error) => stopped || events.failed(error))
    }
  }
  if (workload.pattern !== 'store-and-forward' && role !== 'send') await attachReceivers()
  return {
    settings: {
      capacity: inFlight,
      credit,
      durable: true,
      confirmed: 'each',
      accepted: 'one call for a read',
      ...settings,
    },
    tier,
    attachReceivers,
    send: (_sequence, body, sender) => senders[sender]!.xadd(key, '*', 'body', body, 'headers', headers),
    async close() {
      stopped = true
      try {
        if (role !== 'send') await control.del(key)
      } finally {
        clients.end()
      }
    },
  }
}

type Entry = readonly [id: Buffer, fields: Buffer[]]

/** What a receiver of the group gets next; none after a second without any. */
async function nextEntries(
  client: Redis,
  key: string,
  index: number,
  credit: number,
): Promise<readonly Entry[]> {
  const reader = ['GROUP', 'group', `receiver-${index}`]
  const most = ['COUNT', credit, 'BLOCK', 1000]
  const reply = await client.callBuffer('XREADGROUP', ...reader, ...most, 'STREAMS', key, '>')
  return (reply as [Buffer, Entry[]][] | null)?.[0]?.[1] ?? []
}

async function live({ name, role, workload }: Plan, clients: Clients, events: ArmEvents): Promise<ArmRun> {
  const topical = workload.pattern === 'topic'
  const { settings } = await clients.facts()
  const senders = await Promise.all(Array.from({ length: workload.senders }, () => clients.add()))
  for (let track = 0; track < workload.receivers && role !== 'send'; track++) {
    const client = await clients.add()
    const arrived = (body: Buffer): void => events.arrived(body, false, track, 0)
    if (topical)
      client.on('pmessageBuffer', (_pattern: string, _channel: Buffer, body: Buffer) => arrived(body))
    else client.on('messageBuffer', (_channel: Buffer, body: Buffer) => arrived(body))
    if (topical) await client.psubscribe(`${name}.${SUBSCRIBER_PATTERN}`)
    else await client.subscribe(name)
  }
  if (workload.bystanders > 0 && role !== 'send') {
    const bystander = await clients.add()
    for (const patterns of bystanderPatterns(workload.bystanders))
      await bystander.psubscribe(...patterns.map((pattern) => `${name}.${pattern}`))
  }
  return {
    settings: {
      capacity: workload.inFlight,
      durable: false,
      confirmed: 'each',
      accepted: 'never',
      broker: settings.broker!,
    },
    tier: 'T0',
    attachReceivers: async () => {},
    send: (sequence, body, sender) =>
      senders[sender]!.publish(topical ? `${name}.${subjectOf(sequence)}` : name, body),
    close: async () => clients.end(),
  }
}

/**
 * A hand-written requester: one list for the questions, one for the answers, each answer with its question's number in front. An answer
 * has arrived when whoever asked has it.
 */
async function requests({ name, workload }: Plan, clients: Clients, events: ArmEvents): Promise<ArmRun> {
  const answers = `${name}-answers`
  const waiting = new Map<number, (answer: Buffer) => void>()
  const { settings } = await clients.facts()
  const [asking, answering] = [await clients.add(), await clients.add()]
  const [questionReader, answerReader] = [await clients.add(), await clients.add()]
  let stopped = false
  const loop = async (client: Redis, key: string, take: (entry: Buffer) => void): Promise<void> => {
    while (!stopped) {
      const reply = await client.blpopBuffer(key, 1)
      if (reply) take(reply[1]!)
    }
  }
  const failed = (error: Error): void => {
    if (!stopped) events.failed(error)
  }
  loop(questionReader, name, (entry) => {
    answering.rpush(answers, entry).catch(failed)
  }).catch(failed)
  loop(answerReader, answers, (entry) => {
    const number = entry.readUInt32LE(0)
    const resolve = waiting.get(number)
    waiting.delete(number)
    resolve?.(entry.subarray(4))
  }).catch(failed)
  const ask = (sequence: number, body: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      waiting.set(sequence, resolve)
      const entry = Buffer.allocUnsafe(4 + body.length)
      entry.writeUInt32LE(sequence, 0)
      body.copy(entry, 4)
      asking.rpush(name, entry).catch(reject)
    })
  return {
    settings: {
      capacity: workload.inFlight,
      durable: true,
      confirmed: 'answer',
      accepted: 'on reading',
      ...settings,
    },
    tier: 'T0',
    attachReceivers: async () => {},
    send: async (sequence, body) => events.arrived(await ask(sequence, body), false, 0, 0),
    async close() {
      stopped = true
      try {
        await asking.del(name, answers)
      } finally {
        clients.end()
      }
    },
  }
}
