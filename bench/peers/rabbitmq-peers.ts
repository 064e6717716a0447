/** Other RabbitMQ wrappers on the same point-to-point work: confirmed sends, one acknowledgement per message, the same queue. */
import { connect as managed } from 'amqp-connection-manager'
import amqp from 'amqplib'
import { Connection } from 'rabbitmq-client'
import rascal from 'rascal'
import type { Arm, ArmEvents, ArmRun, Plan } from '../../src/compare/arm.ts'
import type { Workload } from '../../src/compare/load/workload.ts'

/** What the other arms send as well, with a message that nobody takes coming back. */
function fieldsOf(sequence: number) {
  return {
    contentType: 'application/octet-stream',
    messageId: String(sequence),
    priority: 4,
    timestamp: Math.floor(Date.now() / 1000),
  }
}

type Open = (
  url: string,
  queue: string,
  workload: Workload,
  events: ArmEvents,
) => Promise<Pick<ArmRun, 'send' | 'close'>>

export function rabbitmqPeers(url: string): Arm[] {
  const peers: Record<string, Open> = {
    'amqp-connection-manager': connectionManager,
    'rabbitmq-client': rabbitmqClient,
    rascal: openRascal,
  }
  return Object.entries(peers).map(([library, open]) => ({
    library,
    kind: 'peer',
    adapter: 'rabbitmq',
    url,
    patterns: ['point-to-point'],
    open: (plan, events) => withQueue(amqpUrl(url), plan, events, open),
    sweep: ({ name }) => deleteQueue(amqpUrl(url), name),
  }))
}

function amqpUrl(url: string): string {
  return url.replace(/^rabbitmq/, 'amqp')
}

async function deleteQueue(url: string, name: string): Promise<void> {
  const admin = await amqp.connect(url)
  await (await admin.createChannel()).deleteQueue(name)
  await admin.close()
}

/** The queue is the same for every arm: durable, with priorities. */
const QUEUE = { durable: true, arguments: { 'x-max-priority': 9 } }

async function withQueue(
  url: string,
  { name, workload }: Plan,
  events: ArmEvents,
  open: Open,
): Promise<ArmRun> {
  const admin = await amqp.connect(url)
  const channel = await admin.createChannel()
  await channel.assertQueue(name, QUEUE)
  const { send, close } = await open(url, name, workload, events)
  return {
    settings: {
      capacity: workload.inFlight,
      credit: workload.credit,
      durable: workload.durable,
      confirmed: 'each',
      accepted: 'each',
    },
    tier: workload.durable ? 'T3' : 'T1',
    attachReceivers: async () => {},
    send,
    async close() {
      await close()
      await channel.deleteQueue(name)
      await admin.close()
    },
  }
}

const connectionManager: Open = async (url, queue, workload, events) => {
  const connection = managed([url])
  const sender = connection.createChannel({ confirm: true })
  const receiver = connection.createChannel({ confirm: false })
  await Promise.all([sender.waitForConnect(), receiver.waitForConnect()])
  await receiver.consume(
    queue,
    (message) => {
      events.arrived(message.content, message.fields.redelivered, 0, 0)
      receiver.ack(message)
    },
    { prefetch: workload.credit },
  )
  return {
    send: (sequence, body) =>
      sender.sendToQueue(queue, body, {
        ...fieldsOf(sequence),
        persistent: workload.durable,
        mandatory: true,
      }),
    close: () => connection.close(),
  }
}

const rabbitmqClient: Open = async (url, queue, workload, events) => {
  const connection = new Connection(url)
  connection.on('error', (error) => events.failed(error as Error))
  const publisher = connection.createPublisher({ confirm: true })
  const consumer = connection.createConsumer(
    { queue, queueOptions: QUEUE, qos: { prefetchCount: workload.credit } },
    async (message) => {
      events.arrived(message.body, message.redelivered, 0, 0)
    },
  )
  consumer.on('error', (error) => events.failed(error as Error))
  await new Promise<void>((resolve) => consumer.once('ready', () => resolve()))
  return {
    send: (sequence, body) =>
      publisher.send(
        { ...fieldsOf(sequence), routingKey: queue, durable: workload.durable, mandatory: true },
        body,
      ),
    async close() {
      await consumer.close()
      await publisher.close()
      await connection.close()
    },
  }
}

const openRascal: Open = async (url, queue, workload, events) => {
  const broker = await rascal.BrokerAsPromised.create(
    rascal.withDefaultConfig({
      vhosts: {
        '/': {
          connection: { url },
          queues: { [queue]: { check: true, assert: false } },
          publications: {
            out: { queue, confirm: true, options: { persistent: workload.durable, mandatory: true } },
          },
          subscriptions: { in: { queue, prefetch: workload.credit } },
        },
      },
    }),
  )
  broker.on('error', (error: Error) => events.failed(error))
  const subscription = await broker.subscribe('in')
  subscription.on('message', (message, content, ackOrNack) => {
    events.arrived(content as Buffer, message.fields.redelivered, 0, 0)
    ackOrNack()
  })
  return {
    async send(sequence, body) {
      const publication = await broker.publish('out', body, { options: fieldsOf(sequence) })
      await new Promise<void>((resolve, reject) => {
        publication.on('success', () => resolve())
        publication.on('error', reject)
        publication.on('return', () => reject(new Error('returned')))
      })
    },
    close: () => broker.shutdown(),
  }
}
