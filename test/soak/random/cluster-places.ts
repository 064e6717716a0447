/** Several nodes of one broker, that are killed, frozen and restarted one after another, and two at a time. */
import { setTimeout as delay } from 'node:timers/promises'
import { type BrokerName, PrivateBroker } from '../../support/brokers.ts'
import type { Dice } from './dice.ts'
import type { Fault, Place } from './place.ts'
import { rabbitmqClusterFaults } from './rabbitmq-cluster-faults.ts'
import { clusterUrls, redisClusterFaults } from './redis-cluster-faults.ts'

interface Cluster {
  readonly broker: BrokerName
  /** Its nodes, as `PrivateBroker` names their processes. */
  readonly roles: readonly string[]
  urls(broker: PrivateBroker): readonly string[]
  native(broker: PrivateBroker): Readonly<Record<string, unknown>>
  password?(broker: PrivateBroker): string | undefined
  /** Beside what is done to nodes of any cluster. */
  faults?(broker: PrivateBroker): Fault[]
}

const CLUSTERS: Readonly<Record<string, Cluster>> = {
  'rabbitmq-cluster': {
    broker: 'rabbitmq-cluster',
    roles: ['node1', 'node2', 'node3'],
    urls: (broker) => broker.url.split(','),
    native: () => ({ queueType: 'quorum' }),
    faults: rabbitmqClusterFaults,
  },
  'redis-cluster': {
    broker: 'redis-cluster',
    roles: ['node1', 'node2', 'node3', 'node4', 'node5', 'node6'],
    urls: (broker) => clusterUrls(broker).slice(0, 1),
    native: (broker) => ({
      cluster: true,
      nodes: clusterUrls(broker)
        .slice(1)
        .map((url) => new URL(url).host),
      waitReplicas: 1,
      waitMs: 500,
    }),
    faults: redisClusterFaults,
  },
  'redis-sentinel': {
    broker: 'redis-sentinel',
    roles: ['master', 'replica'],
    urls: (broker) => sentinelUrls(broker).slice(0, 1),
    native: (broker) => ({
      sentinel: broker.environment.SLUICE_TEST_REDIS_SENTINEL_MASTER,
      nodes: sentinelUrls(broker)
        .slice(1)
        .map((url) => new URL(url).host),
      waitReplicas: 1,
      waitMs: 500,
    }),
    password: (broker) => broker.environment.SLUICE_TEST_REDIS_SENTINEL_PASSWORD,
  },
  'qpid-ha': {
    broker: 'qpid-ha',
    roles: ['node1', 'node2', 'node3'],
    urls: (broker) => broker.url.split(','),
    native: () => ({}),
  },
  'artemis-pair': {
    broker: 'artemis-pair',
    roles: ['primary', 'backup'],
    urls: (broker) => broker.url.split(','),
    native: () => ({}),
  },
}

const sentinelUrls = ({ environment }: PrivateBroker) => environment.SLUICE_TEST_REDIS_SENTINEL!.split(',')

export const CLUSTER_PLACES = Object.keys(CLUSTERS)

export interface ClusterPlace extends Place {
  readonly own: PrivateBroker
}

/** `undefined`: no cluster of that name. */
export async function openCluster(name: string): Promise<ClusterPlace | undefined> {
  const cluster = CLUSTERS[name]
  if (cluster === undefined) return undefined
  const own = await PrivateBroker.start(cluster.broker)
  return {
    own,
    url: cluster.urls(own),
    native: cluster.native(own),
    password: cluster.password?.(own),
    remote: false,
    faults: [...faultsOf(own, cluster.roles), ...(cluster.faults?.(own) ?? [])],
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  }
}

function faultsOf(own: PrivateBroker, roles: readonly string[]): Fault[] {
  const some = (dice: Dice) => dice.of([...roles])
  return [
    {
      name: 'kill a node',
      weight: 6,
      run: async (dice) => {
        await own.kill(some(dice))
        // Some are back before anybody has missed them; where others take over, they have.
        await delay(dice.between(0, 8_000))
        await own.start()
      },
    },
    {
      name: 'freeze a node',
      weight: 6,
      run: async (dice) => {
        const role = some(dice)
        await own.pause(role)
        // Long enough to be missed by the others, or hardly noticed.
        await delay(dice.chance(0.4) ? dice.between(3_000, 15_000) : dice.between(200, 3_000))
        await own.resume(role)
        await own.start()
      },
    },
    {
      name: 'stop a node',
      weight: 3,
      run: async (dice) => {
        await own.stop(some(dice))
        await own.start()
      },
    },
    {
      name: 'kill all but one',
      weight: 2,
      run: async (dice) => {
        const left = some(dice)
        await Promise.all(roles.filter((role) => role !== left).map((role) => own.kill(role)))
        await delay(dice.between(0, 3_000))
        await own.start()
      },
    },
    {
      name: 'restart node by node',
      weight: 1,
      run: async () => {
        for (const role of roles) {
          await own.stop(role)
          await own.start()
        }
      },
    },
  ]
}
