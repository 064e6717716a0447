/** The control arm on AMQP 1.0: rhea by itself, one session per link, credit by hand, every outcome awaited. */
import type { Connection, ConnectionOptions, EventContext, Message, Receiver, Sender } from 'rhea'
import { clientLibrary } from '../../core/connecting/client-library.ts'
import { connect, MessagingError, type Tier, type TopicAddress } from '../../index.ts'
import {
  type Arm,
  type ArmEvents,
  type ArmRun,
  headersOf,
  isLive,
  type Plan,
  SUBSCRIBER_PATTERN,
  subjectOf,
} from '../arm.ts'
import { negotiated } from './negotiated.ts'
import { attachBystanders, deleteAll, placesOf, SWEEP_CONNECT_MS } from './places.ts'

type Rhea = typeof import('rhea')

/** apache.org:legacy-amqp-topic-binding:string: an attach with it makes a queue that is bound by this pattern, and ends with its link. */
const TOPIC_BINDING = 0x468c00000001

export function rheaArm(url: string): Arm {
  return {
    library: 'rhea',
    kind: 'bare',
    adapter: 'qpid',
    url,
    patterns: ['point-to-point', 'fan-out', 'topic', 'store-and-forward', 'request-response'],
    async open(plan, events) {
      // AMQP 1.0 has no word for making a node: that is done through the library, and measured without it.
      if (plan.role !== 'send') await declare(url, plan)
      try {
        return await RheaRun.open(url, plan, events)
      } catch (error) {
        if (plan.role !== 'send') await sweep(url, plan)
        throw error
      }
    },
    sweep: (plan) => sweep(url, plan),
  }
}

async function declare(url: string, plan: Plan): Promise<void> {
  await using connection = await connect(url)
  await connection.admin.declare(placesOf(plan).nodes[0]!)
}

async function sweep(url: string, plan: Plan): Promise<void> {
  await using connection = await connect({ url, connectTimeoutMs: SWEEP_CONNECT_MS })
  await deleteAll(connection, placesOf(plan).nodes)
}

interface Waiting<T> {
  resolve(value: T): void
  reject(error: Error): void
}

class RheaRun implements ArmRun {
  readonly settings: ArmRun['settings']
  readonly tier: Tier
  readonly #url: string
  readonly #rhea: Rhea
  readonly #connection: Connection
  readonly #plan: Plan
  readonly #events: ArmEvents
  readonly #headers: ReturnType<typeof headersOf>
  readonly #senders: Sender[] = []
  readonly #pending = new Map<unknown, Waiting<void>>()
  /** Requests by correlation id. */
  readonly #asked = new Map<unknown, Waiting<Buffer>>()
  #replyTo: string | undefined
  #beside: Awaited<ReturnType<typeof connect>> | undefined

  static async open(url: string, plan: Plan, events: ArmEvents): Promise<RheaRun> {
    const { default: rhea } = await clientLibrary('rhea', () => import('rhea'))
    const { protocol, hostname, port, username, password } = new URL(url)
    const secure = /^(qpids|amqp10s):$/.test(protocol)
    const place = {
      transport: secure ? 'tls' : 'tcp',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (secure ? 5671 : 5672)),
    } as ConnectionOptions
    const connection = rhea.create_container().connect({
      ...place,
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password) || undefined,
      reconnect: false,
      ...{ tcp_no_delay: true },
    })
    connection.on('disconnected', ({ error }: EventContext) => {
      events.failed((error as Error | undefined) ?? new Error('the connection was lost'))
    })
    connection.on('connection_error', ({ connection: { error } }: EventContext) => {
      events.failed(new Error(String((error as { description?: string } | undefined)?.description ?? error)))
    })
    await opened(connection, 'connection_open', ['disconnected', 'connection_error'])
    const run = new RheaRun(url, rhea, connection, plan, events)
    await run.#setUp()
    return run
  }

  private constructor(url: string, rhea: Rhea, connection: Connection, plan: Plan, events: ArmEvents) {
    this.#url = url
    this.#rhea = rhea
    this.#connection = connection
    this.#plan = plan
    this.#events = events
    const { inFlight, credit, durable, headers, pattern } = plan.workload
    this.#headers = headersOf(headers)
    this.tier = pattern === 'request-response' ? 'T0' : durable && !isLive(plan.workload) ? 'T2' : 'T1'
    const { product, version } = (connection.properties ?? {}) as { product?: string; version?: string }
    this.settings = {
      broker: `${product ?? 'AMQP 1.0'} ${version ?? ''}`.trim(),
      capacity: inFlight,
      credit,
      durable,
      confirmed: 'each',
      accepted: 'each',
      ...negotiated('qpid', connection),
    }
  }

  async #setUp(): Promise<void> {
    const { name, workload, role } = this.#plan
    const requests = workload.pattern === 'request-response'
    if (requests) await this.#answerRequests()
    else if (role !== 'send' && workload.pattern !== 'store-and-forward') await this.attachReceivers()
    if (role === 'receive') return
    for (let at = 0; at < workload.senders; at++)
      this.#senders.push(await this.#openSender({ address: name }))
    if (requests) await this.#takeAnswers()
  }

  async attachReceivers(): Promise<void> {
    const { workload } = this.#plan
    // A link has one pattern here, and a connection has not as many links as there may be bystanders: they come through the library.
    if (workload.bystanders > 0) {
      this.#beside = await connect(this.#url)
      const node = placesOf(this.#plan).nodes[0] as TopicAddress
      await attachBystanders(this.#beside, node, workload.bystanders, {})
    }
    const copies = isLive(workload)
    for (let index = 0; index < workload.receivers; index++) {
      const [track, place] = copies ? [index, 0] : [0, index]
      const receiver = await this.#openReceiver(this.#source(SUBSCRIBER_PATTERN), ({ message, delivery }) => {
        this.#events.arrived(bytesOf(message!.body), (message!.delivery_count ?? 0) > 0, track, place)
        delivery!.accept()
        receiver.add_credit(1)
      })
      receiver.add_credit(workload.credit)
    }
  }

  /** The queue, or a subscription of the exchange. */
  #source(pattern: string): object {
    const { name, workload } = this.#plan
    if (workload.pattern !== 'topic') return { address: name }
    return { address: name, filter: { binding: this.#rhea.types.wrap_described(pattern, TOPIC_BINDING) } }
  }

  send(sequence: number, body: Buffer, sender: number): Promise<void> {
    if (this.#replyTo !== undefined) return this.#request(sequence, body)
    return this.#confirmed(this.#write(sequence, body, sender))
  }

  /** An answer has arrived when whoever asked has it. */
  async #request(sequence: number, body: Buffer): Promise<void> {
    this.#events.arrived(await this.#ask(sequence, body), false, 0, 0)
  }

  #confirmed(delivery: unknown): Promise<void> {
    return new Promise((resolve, reject) => this.#pending.set(delivery, { resolve, reject }))
  }

  #ask(sequence: number, body: Buffer): Promise<Buffer> {
    const id = String(sequence)
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#write(sequence, body, 0, { reply_to: this.#replyTo!, correlation_id: id, ttl: 30_000 })
    })
  }

  #write(sequence: number, body: Buffer, sender: number, more: Partial<Message> = {}): unknown {
    return this.#senders[sender]!.send({
      message_id: `${this.#plan.name}-${sequence}`,
      subject: this.#plan.workload.pattern === 'topic' ? subjectOf(sequence) : undefined,
      durable: this.#plan.workload.durable,
      content_type: 'application/octet-stream',
      creation_time: new Date(),
      application_properties: this.#headers,
      body: this.#rhea.message.data_section(body),
      ...more,
    } as Message)
  }

  async #openSender(target: object): Promise<Sender> {
    const sender = this.#session().open_sender({ target, autosettle: true } as never)
    const settled = ({ delivery }: EventContext, error?: Error): void => {
      const waiting = this.#pending.get(delivery)
      this.#pending.delete(delivery)
      if (error) waiting?.reject(error)
      else waiting?.resolve()
    }
    sender.on('accepted', (context: EventContext) => settled(context))
    for (const outcome of ['rejected', 'released', 'modified'])
      sender.on(outcome, (context: EventContext) =>
        settled(context, new MessagingError('SEND_REJECTED', outcome)),
      )
    await opened(sender, 'sender_open', ['sender_error', 'sender_close'])
    return sender
  }

  async #openReceiver(source: object, message: (context: EventContext) => void): Promise<Receiver> {
    const receiver = this.#session().open_receiver({ source, autoaccept: false, credit_window: 0 } as never)
    receiver.on('message', message)
    await opened(receiver, 'receiver_open', ['receiver_error', 'receiver_close'])
    return receiver
  }

  /** One for each link, with room for all that may be in flight. */
  #session(): { open_sender(options: never): Sender; open_receiver(options: never): Receiver } {
    const { inFlight, credit } = this.#plan.workload
    const room = 2 * Math.max(inFlight, credit) + 100
    const session = (
      this.#connection as unknown as { create_session(options: object): Session }
    ).create_session({
      incoming: room,
      outgoing: room,
    })
    session.begin()
    return session
  }

  /** A hand-written responder. */
  async #answerRequests(): Promise<void> {
    const answers = await this.#openSender({})
    const requests = await this.#openReceiver({ address: this.#plan.name }, ({ message, delivery }) => {
      answers.send({ to: message!.reply_to, correlation_id: message!.correlation_id, body: message!.body })
      delivery!.accept()
      requests.add_credit(1)
    })
    requests.add_credit(this.#plan.workload.credit)
  }

  async #takeAnswers(): Promise<void> {
    const answers = await this.#openReceiver({ dynamic: true }, ({ message, delivery }) => {
      delivery!.accept()
      answers.add_credit(1)
      const waiting = this.#asked.get(message!.correlation_id)
      this.#asked.delete(message!.correlation_id)
      waiting?.resolve(bytesOf(message!.body))
    })
    answers.add_credit(this.#plan.workload.credit)
    this.#replyTo = answers.source.address
  }

  async close(): Promise<void> {
    await this.#beside?.close({ timeoutMs: 1_000 }).catch(() => {})
    this.#connection.removeAllListeners('disconnected')
    const closed = opened(this.#connection, 'connection_close', ['disconnected', 'connection_error'])
    this.#connection.close()
    await closed.catch(() => {})
    if (this.#plan.role !== 'send') await sweep(this.#url, this.#plan)
  }
}

interface Session {
  begin(): void
  open_sender(options: never): Sender
  open_receiver(options: never): Receiver
}

interface Emitter {
  once(event: string, listener: (context: EventContext) => void): unknown
}

/** Settles at the event, or with what came instead. */
function opened(emitter: unknown, event: string, failures: readonly string[]): Promise<void> {
  const from = emitter as Emitter
  return new Promise((resolve, reject) => {
    from.once(event, () => resolve())
    for (const failure of failures)
      from.once(failure, (context) => {
        const { error } = context as { error?: Error }
        reject(error instanceof Error ? error : new Error(`${failure} instead of ${event}`))
      })
  })
}

function bytesOf(body: unknown): Buffer {
  return (body as { content?: Buffer }).content ?? (body as Buffer)
}
