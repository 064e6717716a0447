/** Whether enough of a cluster is there to take a message: looked at from outside, by no more than a few bytes to each node. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { greets } from '../../../scripts/brokers/kinds/tcp-probe.ts'
import type { PrivateBroker } from '../../support/brokers.ts'
import { openProbing, redisNodeUrls } from './nodes.ts'

const LOOK_MS = 50
const SLOTS = 16_384

export interface Probe extends AsyncDisposable {
  /** Never rejects. */
  look(): Promise<boolean>
}

/** Two of three nodes greet who speaks AMQP. */
export const rabbitmqProbe = (own: PrivateBroker) => greeting(own, 'amqp091', 2)
export const qpidProbe = (own: PrivateBroker) => greeting(own, 'amqp10', 2)
/** Of a pair whoever has the store serves alone. */
export const artemisProbe = (own: PrivateBroker) => greeting(own, 'amqp10', 1)

function greeting(own: PrivateBroker, protocol: 'amqp091' | 'amqp10', enough: number): Probe {
  const ports = own.url.split(',').map((url) => Number(new URL(url).port))
  return {
    async look() {
      const there = await Promise.all(ports.map((port) => greets(port, protocol)))
      return there.filter(Boolean).length >= enough
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Every slot has a master that takes writes, with a replica that follows it. */
export function redisClusterProbe(own: PrivateBroker): Probe {
  const nodes = redisNodeUrls(own).map(openProbing)
  return {
    async look() {
      const owned = new Uint8Array(SLOTS)
      await Promise.all(
        nodes.map(async (redis) => {
          try {
            if (!(await isFollowed(redis))) return
            // A master that comes back waits for the others' word.
            if (!String(await redis.cluster('INFO')).includes('cluster_state:ok')) return
            for (const { from, to } of await slotsOf(redis)) owned.fill(1, from, to + 1)
          } catch {
            // Away.
          }
        }),
      )
      return owned.every((one) => one === 1)
    },
    [Symbol.asyncDispose]: async () => {
      for (const redis of nodes) redis.disconnect()
    },
  }
}

/** The master has a replica that follows it. */
export function sentinelProbe(own: PrivateBroker): Probe {
  const nodes = redisNodeUrls(own).map(openProbing)
  return {
    look: async () =>
      (await Promise.all(nodes.map((redis) => isFollowed(redis).catch(() => false)))).some(Boolean),
    [Symbol.asyncDispose]: async () => {
      for (const redis of nodes) redis.disconnect()
    },
  }
}

async function isFollowed(redis: Redis): Promise<boolean> {
  const text = await redis.info('replication')
  return /^role:master/m.test(text) && /state=online/.test(text)
}

async function slotsOf(redis: Redis): Promise<{ from: number; to: number }[]> {
  const text = String(await redis.cluster('NODES'))
  const mine = text.split('\n').find((line) => line.includes('myself'))!
  // Behind eight fields stand its slots; those that are being moved are in brackets.
  const slots = mine
    .split(' ')
    .slice(8)
    .filter((part) => /^[0-9]/.test(part))
  return slots.map((part) => {
    const [from, to = from] = part.split('-').map(Number) as [number, number?]
    return { from, to }
  })
}

/** Looks all the time; `recovered` is called whenever the majority is back after it was away. */
export class MajorityWatch implements AsyncDisposable {
  readonly #probe: Probe
  readonly #recovered: () => void
  #there = true
  #ended = false
  readonly #work: Promise<void>
  lost = 0

  constructor(probe: Probe, recovered: () => void) {
    this.#probe = probe
    this.#recovered = recovered
    this.#work = this.#run()
  }

  get there(): boolean {
    return this.#there
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const there = await this.#probe.look()
      if (there && !this.#there) this.#recovered()
      if (!there && this.#there) this.lost++
      this.#there = there
      await delay(LOOK_MS)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#work
    await this.#probe[Symbol.asyncDispose]()
  }
}
