/** What operators do to a Redis Cluster: a fail-over by command, slots that move to another master. */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import type { PrivateBroker } from '../../support/brokers.ts'
import type { Fault } from './place.ts'

const run = promisify(execFile)
/** A new master is seen by everybody after as long. Unit: ms. */
const SETTLED_MS = 2_000

interface Member {
  readonly id: string
  readonly port: number
  readonly isMaster: boolean
}

export const clusterUrls = ({ environment }: PrivateBroker): string[] =>
  [environment.SLUICE_TEST_REDIS_CLUSTER!, environment.SLUICE_TEST_REDIS_CLUSTER_REPLICAS!].flatMap((list) =>
    list.split(','),
  )

export function redisClusterFaults(own: PrivateBroker): Fault[] {
  const [url] = clusterUrls(own)
  const { password } = new URL(url!)
  return [
    {
      name: 'fail-over by command',
      weight: 6,
      run: async (dice) => {
        const replica = dice.of((await members(url!)).filter(({ isMaster }) => !isMaster))
        await using client = node(replica.port, password)
        await client.redis.cluster('FAILOVER')
        await delay(SETTLED_MS)
      },
    },
    {
      name: 'move slots',
      weight: 6,
      run: async (dice) => {
        const masters = (await members(url!)).filter(({ isMaster }) => isMaster)
        const from = dice.of(masters)
        const to = dice.of(masters.filter((master) => master !== from))
        const [begin, slots] = ['--cluster', String(dice.between(50, 400))]
        const place = `127.0.0.1:${from.port}`
        const args = [begin, 'reshard', place, '--cluster-from', from.id, '--cluster-to', to.id]
        await run('redis-cli', [...args, '--cluster-slots', slots, '--cluster-yes'], {
          env: { ...process.env, REDISCLI_AUTH: password },
          maxBuffer: 2 ** 26,
        })
      },
    },
  ]
}

async function members(url: string): Promise<Member[]> {
  await using client = node(Number(new URL(url).port), new URL(url).password)
  const text = String(await client.redis.cluster('NODES'))
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([id, place, flags]) => ({
      id: id!,
      port: Number(/:(\d+)@/.exec(place!)![1]),
      isMaster: flags!.includes('master'),
    }))
}

function node(port: number, password: string): AsyncDisposable & { readonly redis: Redis } {
  const redis = new Redis({ port, password, protocol: 2 })
  return { redis, [Symbol.asyncDispose]: async () => redis.disconnect() }
}
