/** Redis for the conformance suite, with ioredis as the second witness: it reads and writes the documented keys by itself. */
import { Redis } from 'ioredis'
import { brokerUrl } from '../../support/brokers.ts'
import type { ForeignFacts, Harness, Witness, WitnessedMessage } from '../suite/index.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'
import { ownBroker } from './own-broker.ts'

export async function redisHarness(): Promise<Harness> {
  const url = brokerUrl('redis')
  const dead = await closedPort()
  const faults = await wireFaults({ url })
  return {
    name: 'redis',
    target: () => ({ url }),
    faults,
    broker: () => ownBroker('redis'),
    witness: () => redisWitness(url),
    process: () => ({ url }),
    deadAddress: () => ({ url: atPort(url, dead) }),
    wrongLogin: () => ({ url, username: 'nobody-knows' }),
    otherPort: (port) => ({ url: atPort(url, port) }),
    stop: () => faults.stop(),
    without: { processRefusal: 'any number of processes may use the broker' },
  }
}

const OTHER_SLOT = 'names of this case lie in different slots: the binding is refused, with that reason'

/** Three masters, and a send is accepted when a replica has it; what breaks connections and servers is tried on a single Redis. */
export function clusterHarness(): Harness {
  const [first, ...others] = brokerUrl('redis-cluster').split(',')
  const nodes = others.map((url) => new URL(url).host)
  return {
    name: 'redis-cluster',
    target: () => ({ url: `${first}?cluster=true`, native: { nodes, waitReplicas: 1, waitMs: 10_000 } }),
    inapplicable: {
      'addresses.bindings': OTHER_SLOT,
      'address-options.binding-queue': OTHER_SLOT,
    },
    without: {
      faults: 'tried on a single Redis',
      broker: 'tried on a single Redis',
      witness: 'tried on a single Redis',
      deadAddress: 'tried on a single Redis',
      wrongLogin: 'tried on a single Redis',
      otherPort: 'tried on a single Redis',
      process: 'tried on a single Redis',
      processRefusal: 'any number of processes may use the broker',
    },
  }
}

/** What a program does that knows the README and no library. */
export async function redisWitness(url: string): Promise<Witness> {
  const client = new Redis(url, { protocol: 2 })
  const key = (queue: string, part = ''): string =>
    `sluice:q:{${queue.replace(/[%{}#]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)}}${part}`
  return {
    depth: (queue) => client.zcard(key(queue, '#ready')),
    async get(queue) {
      const [rank] = await client.zpopmin(key(queue, '#ready'))
      if (rank === undefined) return undefined
      const payload = await client.hgetBuffer(key(queue, '#msg'), rank)
      await client.hdel(key(queue, '#msg'), rank)
      return unpack(payload!)
    },
    async put(queue, body, { contentType, properties }: ForeignFacts) {
      await client.rpush(key(queue, '#in'), pack(body, { contentType, properties }))
    },
    close: async () => client.disconnect(),
  }
}

const MAGIC = Buffer.from([0xff, 0x53, 0x4c, 0x31])

function unpack(payload: Buffer): WitnessedMessage {
  if (!payload.subarray(0, 4).equals(MAGIC)) {
    return { body: payload, contentType: undefined, properties: {}, durable: undefined }
  }
  const end = 8 + payload.readUInt32BE(4)
  const header = JSON.parse(payload.subarray(8, end).toString())
  return {
    body: payload.subarray(end),
    contentType: header.contentType,
    properties: header.properties ?? {},
    durable: header.durable ?? true,
  }
}

function pack(body: Uint8Array, header: Record<string, unknown>): Buffer {
  if (Object.values(header).every((value) => value === undefined)) return Buffer.from(body)
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([MAGIC, length, text, body])
}
