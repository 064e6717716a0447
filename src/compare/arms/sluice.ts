/** The arm through this library, for any broker. */
import { randomBytes } from 'node:crypto'
import {
  type AnyAddress,
  type Browsable,
  broadcast,
  type Connection,
  type ConnectOptions,
  connect,
  multicast,
  queue,
  type Receiver,
  redact,
  type Source,
  service,
  type Target,
  topic,
} from '../../index.ts'
import {
  type Arm,
  type ArmEvents,
  type ArmRun,
  bystanderPattern,
  headersOf,
  SUBSCRIBER_PATTERN,
  subjectOf,
} from '../arm.ts'
import { PATTERNS, type Workload } from '../workload.ts'

interface Places {
  readonly target: Target<Buffer>
  readonly sources: readonly Source<Buffer>[]
  readonly nodes: readonly AnyAddress[]
}

export function sluiceArm(url: string, adapter: string, options: Partial<ConnectOptions> = {}): Arm {
  return {
    library: 'sluice',
    kind: 'sluice',
    adapter,
    broker: redact(url),
    patterns: PATTERNS,
    open: (workload, events) => open({ ...options, url }, workload, events),
  }
}

async function open(options: ConnectOptions, workload: Workload, events: ArmEvents): Promise<ArmRun> {
  const connection = await connect(options)
  const closers: (() => Promise<unknown>)[] = []
  const places = placesOf(workload)
  try {
    const run = await setUp(connection, workload, places, events, closers)
    return {
      ...run,
      async close() {
        await Promise.allSettled(closers.map((close) => close()))
        for (const node of places.nodes) await connection.admin.delete(node).catch(() => false)
        await connection.close()
      },
    }
  } catch (error) {
    for (const node of places.nodes) await connection.admin.delete(node).catch(() => false)
    await connection.close()
    throw error
  }
}

async function setUp(
  connection: Connection,
  workload: Workload,
  { target, sources, nodes }: Places,
  events: ArmEvents,
  closers: (() => Promise<unknown>)[],
): Promise<Omit<ArmRun, 'close'>> {
  const properties = headersOf(workload.headers)
  const { durable } = workload
  const { capabilities } = connection
  const settings = {
    capacity: workload.inFlight,
    credit: workload.credit,
    durable,
    confirmed: true,
    accepted: 'one by one',
    broker: `${connection.broker?.product} ${connection.broker?.version}`,
  }
  const live = workload.pattern === 'fan-out' || workload.pattern === 'topic'
  const tier = live
    ? capabilities.tiers.live
    : durable
      ? capabilities.tiers.durable
      : capabilities.tiers.transient
  if (workload.pattern === 'request-response') {
    const quotes = nodes[0] as ReturnType<typeof service<Buffer, Uint8Array>>
    const responder = await connection.respond(quotes, (request) => request.bytes, { concurrency: 16 })
    closers.push(() => responder.close())
    return {
      settings,
      tier,
      attachReceivers: async () => {},
      async send(_sequence, body) {
        const answer = await connection.request<Buffer, Uint8Array>(quotes, body, { properties })
        events.arrived({ track: 0, receiver: 0, body: answer.bytes, redelivered: false })
      },
    }
  }
  const attachReceivers = async (): Promise<void> => {
    if (workload.pattern === 'browse') return
    for (let index = 0; index < workload.bystanders; index++) {
      const bystander = await connection.receiver(
        (nodes[0] as ReturnType<typeof topic>).matching(bystanderPattern(index)),
      )
      closers.push(() => bystander.close())
    }
    const shared = sources.length === 1
    for (let index = 0; index < workload.receivers; index++) {
      const receiver = await connection.receiver(sources[shared ? 0 : index]!, { credit: workload.credit })
      closers.push(() => receiver.close())
      void read(receiver, shared ? 0 : index, shared ? index : 0, events)
    }
  }
  if (workload.pattern === 'store-and-forward' || workload.pattern === 'browse')
    await connection.admin.declare(nodes[0]!)
  else await attachReceivers()
  const sender = await connection.sender(target, { capacity: workload.inFlight })
  closers.push(() => sender.close())
  const topical = workload.pattern === 'topic'
  return {
    settings,
    tier,
    attachReceivers,
    send: (sequence, body) =>
      sender.send(
        body,
        topical ? { durable, properties, subject: subjectOf(sequence) } : { durable, properties },
      ),
    browse: async () => {
      for await (const message of connection.browse(sources[0] as Browsable, { credit: workload.credit })) {
        events.arrived({ track: 0, receiver: 0, body: message.bytes, redelivered: false })
      }
    },
  }
}

async function read(
  receiver: Receiver<Buffer>,
  track: number,
  index: number,
  events: ArmEvents,
): Promise<void> {
  try {
    for await (const delivery of receiver) {
      events.arrived({ track, receiver: index, body: delivery.bytes, redelivered: delivery.redelivered })
      delivery.accept().catch(() => {})
    }
  } catch (error) {
    events.failed(error as Error)
  }
}

function placesOf({ pattern, receivers, durable }: Workload): Places {
  const name = `sluice-compare-${randomBytes(6).toString('hex')}`
  switch (pattern) {
    case 'fan-out': {
      const node = broadcast<Buffer>(name)
      return { target: node, sources: Array.from({ length: receivers }, () => node), nodes: [node] }
    }
    case 'topic': {
      const node = topic<Buffer>(name)
      return {
        target: node,
        sources: Array.from({ length: receivers }, () => node.matching(SUBSCRIBER_PATTERN)),
        nodes: [node],
      }
    }
    case 'multicast': {
      const node = multicast<Buffer>(name)
      const members = Array.from({ length: receivers }, (_, index) => `member-${index}`)
      const sources = members.map((member) => node.member(member))
      return { target: node.to(...members), sources, nodes: sources }
    }
    case 'request-response': {
      const node = service<Buffer, Uint8Array>(name)
      return { target: name, sources: [], nodes: [node] }
    }
    default: {
      const node = queue<Buffer>(name, { durable })
      return { target: node, sources: [node], nodes: [node] }
    }
  }
}
