/** RabbitMQ by AMQP 1.0, which makes no queues: they are made by way of AMQP 0-9-1. Bare amqplib and rhea are the second witness. */
import { type Connection, connect, type QueueAddress } from '../../../src/index.ts'
import { brokerUrl, brokerVariable } from '../../support/brokers.ts'
import type { Harness } from '../suite/index.ts'
import { wireFaults } from './faults.ts'
import { atPort, closedPort } from './network.ts'
import { amqplibWitness } from './rabbitmq.ts'
import { rheaWitness } from './rhea-witness.ts'

export async function rabbitmqAmqp10Harness(): Promise<Harness> {
  const url = brokerVariable('rabbitmq', 'SLUICE_TEST_RABBITMQ_AMQP10')
  const dead = await closedPort()
  const faults = await wireFaults({ url })
  const made: QueueAddress[] = []
  let maker: Connection | undefined
  return {
    name: 'rabbitmq-amqp10',
    target: () => ({ url }),
    async start() {
      maker = await connect(brokerUrl('rabbitmq'))
    },
    provide(address) {
      const { maxLength, expiresMs, exclusive } = address.options
      if (maxLength !== undefined || expiresMs !== undefined || exclusive !== undefined) return undefined
      made.push(address)
      return maker!.admin.declare(address)
    },
    defects: {
      'messages.user-id':
        'a user id that is not the login ends the connection, and is told as SEND_UNCONFIRMED',
      'bodies.list': 'RabbitMQ 3.10 gives no answer to a body that is a list',
    },
    faults,
    // Bare rhea gives and takes messages; how many there are only AMQP 0-9-1 tells without taking them.
    async witness() {
      const { depth, close } = await amqplibWitness(brokerUrl('rabbitmq'))
      const four = Number.parseInt(maker!.broker!.version, 10) >= 4
      const wire = (name: string): string =>
        four ? `/queues/${encodeURIComponent(name)}` : `/amq/queue/${name}`
      const peer = await rheaWitness(url, [], wire, four)
      return {
        depth,
        get: async (name) => ((await depth(name)) > 0 ? peer.get(name) : undefined),
        put: peer.put,
        close: async () => {
          await Promise.all([close(), peer.close()])
        },
      }
    },
    inapplicable: {
      'close.settles-one-off-sends':
        'this run makes the queue by other means first: the sends begin after the close',
      'request.requester-gone': 'RabbitMQ accepts an answer to a reply queue that is gone, and drops it',
      ...reasons('the case makes a queue by itself, and RabbitMQ makes none by AMQP 1.0', [
        'store.kept-for-owner',
        'store.owner-comes-and-goes',
        'store.durable',
        'store.witnessed-durable',
        'addresses.odd-names',
        'addresses.long-name',
        'addresses.escapes-kept-apart',
        'process.receives-theirs',
        'process.kept-for-them',
        'process.killed-receiver',
        'process.killed-sender',
        'process.exits',
        'process.request',
        'request.late-answer',
        'request.duplicate-answer',
        'request.foreign-answer',
        'request.declared-anew',
        'bodies.schema-request',
      ]),
    },
    process: () => ({ url }),
    deadAddress: () => ({ url: atPort(url, dead) }),
    wrongLogin: () => ({ url, username: 'nobody-knows' }),
    otherPort: (port) => ({ url: atPort(url, port) }),
    async stop() {
      for (const address of made) await maker!.admin.delete(address)
      await maker!.close()
      await faults.stop()
    },
    without: {
      processRefusal: 'any number of processes may use the broker',
      broker: 'the broker is the one of rabbitmq, whose run restarts and kills it',
    },
  }
}

function reasons(reason: string, cases: readonly string[]): Record<string, string> {
  return Object.fromEntries(cases.map((id) => [id, reason]))
}
