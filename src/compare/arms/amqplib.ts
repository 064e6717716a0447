/** The control arm on RabbitMQ: amqplib by itself, with a confirm and an acknowledgement for each message. */
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib'
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
import { negotiated } from './negotiated.ts'

/** As the library under test declares its queues. */
const QUEUE = { durable: true, arguments: { 'x-max-priority': 9 } }

export function amqplibArm(url: string): Arm {
  return {
    library: 'amqplib',
    kind: 'bare',
    adapter: 'rabbitmq',
    url,
    patterns: ['point-to-point', 'fan-out', 'topic', 'request-response', 'store-and-forward'],
    open: (plan, events) => AmqplibRun.open(url, plan, events),
    async sweep(plan) {
      const model = await dial(url)
      await deleteNode(model, plan)
      await model.close()
    },
  }
}

async function dial(url: string): Promise<ChannelModel> {
  const { connect } = await clientLibrary('amqplib', () => import('amqplib'))
  return connect(url.replace(/^rabbitmq/, 'amqp'), { noDelay: true })
}

/** A queue or an exchange; one that is not there is no failure at this broker. */
async function deleteNode(model: ChannelModel, { name, workload }: Plan): Promise<void> {
  const channel = await model.createChannel()
  await (isLive(workload) ? channel.deleteExchange(name) : channel.deleteQueue(name))
  await channel.close()
}

class AmqplibRun implements ArmRun {
  readonly settings: ArmRun['settings']
  readonly tier: Tier
  readonly #plan: Plan
  readonly #events: ArmEvents
  /** One connection each way, as RabbitMQ advises and as the library under test does. */
  readonly #out: ChannelModel
  readonly #into: ChannelModel
  readonly #options: Options.Publish
  readonly #senders: ConfirmChannel[] = []
  #receiver!: Channel
  #requests: Requests | undefined

  static async open(url: string, plan: Plan, events: ArmEvents): Promise<AmqplibRun> {
    const [out, into] = await Promise.all([dial(url), dial(url)])
    for (const connection of [out, into]) {
      connection.on('error', (error: Error) => events.failed(error))
      connection.on('close', (error?: Error) => error && events.failed(error))
    }
    const run = new AmqplibRun(out, into, plan, events)
    try {
      await run.#setUp()
      return run
    } catch (error) {
      await Promise.allSettled([out.close(), into.close()])
      throw error
    }
  }

  private constructor(out: ChannelModel, into: ChannelModel, plan: Plan, events: ArmEvents) {
    this.#out = out
    this.#into = into
    this.#plan = plan
    this.#events = events
    const { workload } = plan
    this.tier =
      isLive(workload) || workload.pattern === 'request-response' ? 'T0' : workload.durable ? 'T3' : 'T1'
    const { product, version } = (out.connection as { serverProperties?: Record<string, string> })
      .serverProperties ?? { product: 'RabbitMQ', version: '' }
    this.settings = {
      broker: `${product} ${version}`.trim(),
      capacity: workload.inFlight,
      credit: workload.credit,
      durable: workload.durable,
      confirmed: 'each',
      accepted: 'each',
      ...negotiated('rabbitmq', out as unknown),
    }
    this.#options = {
      persistent: workload.durable,
      mandatory: !isLive(workload),
      contentType: 'application/octet-stream',
      priority: 4,
      headers: headersOf(workload.headers),
    }
  }

  async #setUp(): Promise<void> {
    const { workload, role, name } = this.#plan
    this.#receiver = await this.#channel(await this.#into.createChannel())
    await this.#receiver.prefetch(workload.credit)
    for (let at = 0; at < workload.senders; at++)
      this.#senders.push(await this.#channel(await this.#out.createConfirmChannel()))
    if (workload.pattern === 'request-response') {
      this.#requests = new Requests(this.#senders[0]!, this.#receiver, name, this.#events)
      return this.#requests.setUp()
    }
    if (role === 'send') return
    if (!isLive(workload)) await this.#receiver.assertQueue(name, QUEUE)
    else await this.#receiver.assertExchange(name, workload.pattern === 'topic' ? 'topic' : 'fanout')
    if (workload.pattern !== 'store-and-forward') await this.attachReceivers()
  }

  async #channel<C extends Channel>(channel: C): Promise<C> {
    channel.on('error', (error: Error) => this.#events.failed(error))
    return channel
  }

  async attachReceivers(): Promise<void> {
    const { name, workload } = this.#plan
    const channel = this.#receiver
    const own = async (...patterns: string[]): Promise<string> => {
      const { queue } = await channel.assertQueue('', { exclusive: true })
      await Promise.all(patterns.map((pattern) => channel.bindQueue(queue, name, pattern)))
      return queue
    }
    for (const patterns of bystanderPatterns(workload.bystanders))
      await channel.consume(await own(...patterns), () => {})
    for (let index = 0; index < workload.receivers; index++) {
      if (!isLive(workload)) await this.#consume(name, 0, index)
      else await this.#consume(await own(workload.pattern === 'topic' ? SUBSCRIBER_PATTERN : ''), index, 0)
    }
  }

  #consume(queue: string, track: number, index: number): Promise<unknown> {
    const channel = this.#receiver
    return channel.consume(queue, (message) => {
      if (!message) return
      this.#events.arrived(message.content, message.fields.redelivered, track, index)
      channel.ack(message)
    })
  }

  send(sequence: number, body: Buffer, sender: number): Promise<void> {
    const { name, workload } = this.#plan
    const options = this.#publishOptions(sequence)
    if (this.#requests) return this.#requests.send(sequence, body, options)
    const channel = this.#senders[sender]!
    const exchange = isLive(workload) ? name : ''
    const key = workload.pattern === 'topic' ? subjectOf(sequence) : exchange === '' ? name : ''
    return new Promise((resolve, reject) => {
      channel.publish(exchange, key, body, options, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The fields that the library under test sends as well. */
  #publishOptions(sequence: number): Options.Publish {
    return {
      ...this.#options,
      messageId: `${this.#plan.name}-${sequence}`,
      timestamp: Math.floor(Date.now() / 1000),
    }
  }

  async close(): Promise<void> {
    try {
      if (this.#plan.role !== 'send') await deleteNode(this.#into, this.#plan)
    } finally {
      await Promise.allSettled([this.#out.close(), this.#into.close()])
    }
  }
}

/** A hand-written requester on direct reply-to, and its responder. An answer has arrived when whoever asked has it. */
class Requests {
  readonly #sender: Channel
  readonly #receiver: Channel
  readonly #queue: string
  readonly #events: ArmEvents
  readonly #waiting = new Map<string, (answer: Buffer) => void>()

  constructor(sender: Channel, receiver: Channel, queue: string, events: ArmEvents) {
    this.#sender = sender
    this.#receiver = receiver
    this.#queue = queue
    this.#events = events
  }

  async setUp(): Promise<void> {
    const answered = (message: ConsumeMessage | null): void => {
      const id: string = message?.properties.correlationId ?? ''
      const done = this.#waiting.get(id)
      if (!message || !done) return
      this.#waiting.delete(id)
      done(message.content)
    }
    await this.#sender.consume('amq.rabbitmq.reply-to', answered, { noAck: true })
    await this.#receiver.assertQueue(this.#queue, QUEUE)
    await this.#receiver.consume(this.#queue, (message) => {
      if (!message) return
      const { replyTo, correlationId } = message.properties
      this.#receiver.publish('', replyTo, message.content, { correlationId })
      this.#receiver.ack(message)
    })
  }

  async send(sequence: number, body: Buffer, options: Options.Publish): Promise<void> {
    this.#events.arrived(await this.#ask(sequence, body, options), false, 0, 0)
  }

  #ask(sequence: number, body: Buffer, options: Options.Publish): Promise<Buffer> {
    return new Promise((resolve) => {
      const correlationId = String(sequence)
      this.#waiting.set(correlationId, resolve)
      this.#sender.publish('', this.#queue, body, {
        ...options,
        correlationId,
        replyTo: 'amq.rabbitmq.reply-to',
        expiration: '30000',
        persistent: false,
      })
    })
  }
}
