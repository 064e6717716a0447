/** The arm through this library, for any broker. */
import {
  type Browsable,
  type Connection,
  connect,
  type Receiver,
  type ServiceAddress,
  type Tier,
  type TopicAddress,
} from '../../index.ts'
import { type Arm, type ArmEvents, type ArmRun, headersOf, isLive, type Plan, subjectOf } from '../arm.ts'
import { PATTERNS, type Workload } from '../load/workload.ts'
import { negotiated } from './negotiated.ts'
import { attachBystanders, deleteAll, type Places, placesOf, SWEEP_CONNECT_MS } from './places.ts'

/** Whatever is unsettled at the end of a run is in the books: nobody waits long for it. */
const CLOSE = { timeoutMs: 1_000 } as const
/** Handlers of the responder that run at once. */
const RESPONDERS = 16

export function sluiceArm(url: string, adapter: string): Arm {
  return {
    library: 'sluice',
    kind: 'sluice',
    adapter,
    url,
    patterns: PATTERNS,
    async open(plan, events) {
      const connection = await connect(url)
      const run = new SluiceRun(connection, plan, events)
      try {
        await run.setUp()
        return run
      } catch (error) {
        await run.close().catch(() => {})
        throw error
      }
    },
    async sweep(plan) {
      await using connection = await connect({ url, connectTimeoutMs: SWEEP_CONNECT_MS })
      await deleteAll(connection, placesOf(plan).nodes)
    },
  }
}

class SluiceRun implements ArmRun {
  readonly settings: ArmRun['settings']
  readonly tier: Tier
  readonly #connection: Connection
  readonly #plan: Plan
  readonly #events: ArmEvents
  readonly #places: Places
  readonly #closers: (() => Promise<unknown>)[] = []
  #send: ArmRun['send'] = () => Promise.reject(new Error('This side does not send'))

  constructor(connection: Connection, plan: Plan, events: ArmEvents) {
    this.#connection = connection
    this.#plan = plan
    this.#events = events
    this.#places = placesOf(plan)
    this.settings = settingsOf(connection, plan.workload)
    this.tier = tierOf(connection, plan.workload)
    for (const type of ['disconnected', 'reconnected', 'blocked', 'unblocked'] as const)
      connection.on(type, () => events.noted(type))
    connection.on('gap', ({ reason }) => events.noted(`gap: ${reason}`))
  }

  async setUp(): Promise<void> {
    const { role, workload } = this.#plan
    if (workload.pattern === 'request-response') return this.#setUpRequests()
    if (role !== 'send') {
      if (workload.pattern === 'store-and-forward' || workload.pattern === 'browse')
        await this.#connection.admin.declare(this.#places.nodes[0]!)
      else await this.attachReceivers()
    }
    if (role !== 'receive') await this.#setUpSenders()
  }

  async #setUpSenders(): Promise<void> {
    const { senders: count, inFlight, pattern, durable, headers } = this.#plan.workload
    const properties = headersOf(headers)
    const senders = await Promise.all(
      Array.from({ length: count }, () =>
        this.#connection.sender(this.#places.target, { capacity: Math.max(1, Math.ceil(inFlight / count)) }),
      ),
    )
    for (const sender of senders) this.#closers.push(() => sender.close(CLOSE))
    const fields = { durable, properties }
    this.#send =
      pattern === 'topic'
        ? (sequence, body, sender) => senders[sender]!.send(body, { ...fields, subject: subjectOf(sequence) })
        : (_sequence, body, sender) => senders[sender]!.send(body, fields)
  }

  async #setUpRequests(): Promise<void> {
    const quotes = this.#places.nodes[0] as ServiceAddress<Buffer, Uint8Array>
    const responder = await this.#connection.respond(quotes, (request) => request.bytes, {
      concurrency: RESPONDERS,
    })
    this.#closers.push(() => responder.close(CLOSE))
    const properties = headersOf(this.#plan.workload.headers)
    this.#send = async (_sequence, body) => {
      const answer = await this.#connection.request<Buffer, Uint8Array>(quotes, body, { properties })
      this.#events.arrived(answer.bytes, false, 0, 0)
    }
  }

  send(sequence: number, body: Buffer, sender: number): Promise<unknown> {
    return this.#send(sequence, body, sender)
  }

  async attachReceivers(): Promise<void> {
    const { bystanders, receivers, credit } = this.#plan.workload
    const { nodes, sources } = this.#places
    const beside = await attachBystanders(this.#connection, nodes[0] as TopicAddress, bystanders, CLOSE)
    this.#closers.push(...beside)
    const compete = sources.length === 1
    for (let index = 0; index < receivers; index++) {
      const receiver = await this.#connection.receiver(sources[compete ? 0 : index]!, { credit })
      this.#closers.push(() => receiver.close(CLOSE))
      void this.#read(receiver, compete ? 0 : index, compete ? index : 0)
    }
  }

  async browse(): Promise<void> {
    const { credit } = this.#plan.workload
    for await (const message of this.#connection.browse(this.#places.sources[0] as Browsable, { credit }))
      this.#events.arrived(message.bytes, false, 0, 0)
  }

  async #read(receiver: Receiver<Buffer>, track: number, index: number): Promise<void> {
    try {
      for await (const delivery of receiver) {
        this.#events.arrived(delivery.bytes, delivery.redelivered, track, index)
        // A verdict lost with its connection means another delivery, which the books show.
        delivery.accept().catch(ignore)
      }
    } catch (error) {
      this.#events.failed(error as Error)
    }
  }

  async close(): Promise<void> {
    try {
      await Promise.allSettled(this.#closers.map((close) => close()))
      if (this.#plan.role !== 'send') await deleteAll(this.#connection, this.#places.nodes)
    } finally {
      await this.#connection.close(CLOSE)
    }
  }
}

function ignore(): void {}

function settingsOf(connection: Connection, { inFlight, credit, durable }: Workload): ArmRun['settings'] {
  const { note } = connection.capabilities.tiers
  return {
    broker: `${connection.broker?.product} ${connection.broker?.version}`,
    capacity: inFlight,
    credit,
    durable,
    confirmed: 'each',
    accepted: 'each',
    ...negotiated(connection.adapter, connection.native),
    ...(note === undefined ? {} : { storage: note }),
  }
}

function tierOf({ capabilities: { tiers } }: Connection, workload: Workload): Tier {
  if (isLive(workload)) return tiers.live
  if (workload.pattern === 'request-response') return 'T0'
  return workload.durable ? tiers.durable : tiers.transient
}
