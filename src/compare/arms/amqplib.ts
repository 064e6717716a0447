/** The control arm on RabbitMQ: amqplib by itself, with confirms per message and one acknowledgement per message. */
import { randomBytes } from 'node:crypto'
import type { Channel, ConsumeMessage, Options } from 'amqplib'
import { clientLibrary } from '../../core/client-library.ts'
import { redact } from '../../index.ts'
import {
  type Arm,
  type ArmEvents,
  type ArmRun,
  bystanderPattern,
  headersOf,
  SUBSCRIBER_PATTERN,
  subjectOf,
} from '../arm.ts'
import type { Workload } from '../workload.ts'

export function amqplibArm(url: string): Arm {
  return {
    library: 'amqplib',
    kind: 'bare',
    adapter: 'rabbitmq',
    broker: redact(url),
    patterns: ['point-to-point', 'fan-out', 'topic', 'request-response', 'store-and-forward'],
    open: (workload, events) => open(url.replace(/^rabbitmq/, 'amqp'), workload, events),
  }
}

async function open(url: string, workload: Workload, events: ArmEvents): Promise<ArmRun> {
  const amqp = await clientLibrary('amqplib', () => import('amqplib'))
  const name = `sluice-compare-${randomBytes(6).toString('hex')}`
  // One connection each way, as RabbitMQ advises and as the library under test does.
  const [out, into] = await Promise.all([
    amqp.connect(url, { noDelay: true }),
    amqp.connect(url, { noDelay: true }),
  ])
  for (const connection of [out, into]) connection.on('error', (error: Error) => events.failed(error))
  const sender = await out.createConfirmChannel()
  const receiver = await into.createChannel()
  for (const channel of [sender, receiver]) channel.on('error', (error: Error) => events.failed(error))
  await receiver.prefetch(workload.credit)
  const { pattern, durable } = workload
  const exchange = pattern === 'fan-out' || pattern === 'topic'
  const options: Options.Publish = {
    persistent: durable,
    mandatory: !exchange,
    contentType: 'application/octet-stream',
    priority: 4,
    headers: headersOf(workload.headers),
  }
  const ids = `${name}-`
  const publishOptions = (sequence: number): Options.Publish => ({
    ...options,
    messageId: ids + sequence,
    timestamp: Math.floor(Date.now() / 1000),
  })
  const confirmed = (to: string, key: string, body: Buffer, sequence: number): Promise<void> =>
    new Promise((resolve, reject) => {
      sender.publish(to, key, body, publishOptions(sequence), (error) => (error ? reject(error) : resolve()))
    })
  const consume = (queue: string, track: number, index: number): Promise<unknown> =>
    receiver.consume(queue, (message) => message && take(receiver, message, track, index, events))
  const close = async (): Promise<void> => {
    const cleaner = await into.createChannel()
    await (exchange ? cleaner.deleteExchange(name) : cleaner.deleteQueue(name)).catch(() => {})
    await Promise.allSettled([out.close(), into.close()])
  }
  const settings = {
    capacity: workload.inFlight,
    credit: workload.credit,
    durable,
    confirmed: true,
    accepted: 'one by one',
  }
  const tier = durable && !exchange ? 'T2' : 'T1'
  if (pattern === 'request-response')
    return { settings, tier, close, ...(await requests(sender, receiver, name, publishOptions, events)) }
  const arguments_ = { 'x-max-priority': 9 }
  if (!exchange) await sender.assertQueue(name, { durable: true, arguments: arguments_ })
  else await sender.assertExchange(name, pattern === 'topic' ? 'topic' : 'fanout')
  const attachReceivers = async (): Promise<void> => {
    for (let index = 0; index < workload.bystanders; index++) {
      const { queue } = await receiver.assertQueue('', { exclusive: true })
      await receiver.bindQueue(queue, name, bystanderPattern(index))
      await receiver.consume(queue, () => {})
    }
    for (let index = 0; index < workload.receivers; index++) {
      if (!exchange) {
        await consume(name, 0, index)
        continue
      }
      const { queue } = await receiver.assertQueue('', { exclusive: true })
      await receiver.bindQueue(queue, name, pattern === 'topic' ? SUBSCRIBER_PATTERN : '')
      await consume(queue, index, 0)
    }
  }
  if (pattern !== 'store-and-forward') await attachReceivers()
  return {
    settings,
    tier,
    close,
    attachReceivers,
    send: (sequence, body) =>
      exchange
        ? confirmed(name, pattern === 'topic' ? subjectOf(sequence) : '', body, sequence)
        : confirmed('', name, body, sequence),
  }
}

function take(
  channel: Channel,
  message: ConsumeMessage,
  track: number,
  receiver: number,
  events: ArmEvents,
): void {
  events.arrived({ track, receiver, body: message.content, redelivered: message.fields.redelivered })
  channel.ack(message)
}

/** A hand-written requester on direct reply-to. */
async function requests(
  sender: Channel,
  receiver: Channel,
  name: string,
  publishOptions: (sequence: number) => Options.Publish,
  events: ArmEvents,
): Promise<Pick<ArmRun, 'send' | 'attachReceivers'>> {
  const waiting = new Map<string, (body: Buffer) => void>()
  await sender.consume(
    'amq.rabbitmq.reply-to',
    (message) => {
      const id: string = message?.properties.correlationId ?? ''
      waiting.get(id)?.(message!.content)
      waiting.delete(id)
    },
    { noAck: true },
  )
  await receiver.assertQueue(name, { durable: true, arguments: { 'x-max-priority': 9 } })
  await receiver.consume(name, (message) => {
    if (!message) return
    receiver.publish('', message.properties.replyTo, message.content, {
      correlationId: message.properties.correlationId,
    })
    receiver.ack(message)
  })
  return {
    attachReceivers: async () => {},
    send: (sequence, body) =>
      new Promise<void>((resolve) => {
        const correlationId = String(sequence)
        waiting.set(correlationId, (answer) => {
          events.arrived({ track: 0, receiver: 0, body: answer, redelivered: false })
          resolve()
        })
        sender.publish('', name, body, {
          ...publishOptions(sequence),
          correlationId,
          replyTo: 'amq.rabbitmq.reply-to',
          expiration: '30000',
          persistent: false,
        })
      }),
  }
}
