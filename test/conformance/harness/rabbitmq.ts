/** RabbitMQ, with amqplib as the second witness. */
import { connect } from 'amqplib'
import type { ConnectOptions } from '../../../src/index.ts'
import { brokerUrl, brokerVariable } from '../../support/brokers.ts'
import type { ForeignFacts, Harness, Witness } from '../suite/index.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'
import { ownBroker } from './own-broker.ts'

/** RabbitMQ 3.10 answers a declaration before it is on disk: killed within 0.3 s, it forgot every sixth queue; after 3 s, none of 23. */
const STANDS_AFTER_MS = 3_000

export async function rabbitmqHarness(): Promise<Harness> {
  const url = brokerUrl('rabbitmq')
  // Listing goes by the management plugin, where the environment tells of one.
  const managementUrl = process.env.SLUICE_TEST_RABBITMQ_MANAGEMENT
  const target: ConnectOptions & { url: string } = {
    url,
    ...(managementUrl ? { native: { managementUrl } } : {}),
  }
  const dead = await closedPort()
  const faults = await wireFaults(target)
  return {
    name: 'rabbitmq',
    target: () => target,
    faults,
    broker: () => ownBroker('rabbitmq', STANDS_AFTER_MS),
    witness: () => amqplibWitness(url),
    process: () => target,
    deadAddress: () => ({ url: atPort(url, dead) }),
    wrongLogin: () => ({ url, username: 'nobody-knows' }),
    otherPort: (port) => ({ url: atPort(url, port) }),
    stop: () => faults.stop(),
    without: { processRefusal: 'any number of processes may use the broker' },
  }
}

const MORE_THAN_ITS_LIMIT = 'a quorum queue takes some more messages before it refuses'

/** Three nodes, every durable queue on each of them; what breaks connections and servers is tried on a single one. */
export function rabbitmqClusterHarness(): Harness {
  const url = brokerUrl('rabbitmq-cluster').split(',')
  const managementUrl = brokerVariable('rabbitmq-cluster', 'SLUICE_TEST_RABBITMQ_CLUSTER_MANAGEMENT').split(
    ',',
  )[0]
  const single = 'tried on a single RabbitMQ'
  return {
    name: 'rabbitmq-cluster',
    target: () => ({ url, native: { queueType: 'quorum', managementUrl } }),
    witness: () => amqplibWitness(url[0]!),
    process: () => ({ url, native: { queueType: 'quorum', managementUrl } }),
    inapplicable: {
      'queue.exclusive': 'a quorum queue is nobody’s alone: NOT_SUPPORTED',
      'limits.max-length': MORE_THAN_ITS_LIMIT,
      'limits.max-length-concurrent': MORE_THAN_ITS_LIMIT,
    },
    defects: {
      'queue.loops-in-order':
        'a receiver that begins again at once may get younger messages before those that it has just given back',
      'replay.more-than-a-window':
        'one passed letter after another comes over the wire, which takes quorum queues several milliseconds each',
    },
    without: {
      faults: single,
      broker: single,
      deadAddress: single,
      wrongLogin: single,
      otherPort: single,
      processRefusal: 'any number of processes may use the broker',
    },
  }
}

export async function amqplibWitness(url: string): Promise<Witness> {
  const connection = await connect(url.replace(/^rabbitmq/, 'amqp'))
  connection.on('error', () => {})
  const channel = await connection.createConfirmChannel()
  return {
    depth: async (queue) => (await channel.checkQueue(queue)).messageCount,
    async get(queue) {
      const message = await channel.get(queue, { noAck: true })
      if (!message) return undefined
      const { contentType, headers, deliveryMode } = message.properties
      return { body: message.content, contentType, properties: headers ?? {}, durable: deliveryMode === 2 }
    },
    async put(queue, body, { contentType, properties }: ForeignFacts) {
      channel.sendToQueue(queue, Buffer.from(body), { contentType, headers: properties })
      await channel.waitForConfirms()
    },
    close: () => connection.close(),
  }
}
