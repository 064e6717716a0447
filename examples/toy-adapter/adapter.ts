/** An adapter for the toy broker: what must be written for a broker of your own, and no more. docs/adapters.md explains it. */
import { randomUUID } from 'node:crypto'
import type * as contract from '../../src/contract/adapter.ts'
import { carriedAnnotations, MessagingError, nodeFull } from '../../src/contract/adapter.ts'
import { type Capability, FEATURES, type Feature, parseAddress } from '../../src/index.ts'
import { type Entry, type Taker, ToyQueue } from './broker.ts'

type Message = contract.OutgoingMessage
/** Queues by name. */
type Broker = Map<string, ToyQueue<Message>>

// ── what the broker can do ──

const yes: Capability = { level: 'native' }
const bySluice: Capability = { level: 'emulated', note: 'By a copy, which Sluice makes.' }
const no: Capability = { level: 'unsupported', note: 'The toy broker has queues, and nothing else.' }
const nothing = Object.fromEntries(Object.keys(FEATURES).map((feature) => [feature, no]))

const capabilities: contract.Capabilities = {
  features: {
    ...(nothing as Record<Feature, Capability>),
    ...{ queue: yes, request: yes, maxLength: yes, unroutable: yes },
    ...{ deliveryCount: yes, orderedRelease: yes, deadLetter: bySluice, maxDeliveries: bySluice },
    ...{ declare: yes, delete: yes, purge: yes, inspect: yes, list: yes },
  },
  limits: { maxBodyBytes: Number.POSITIVE_INFINITY, priorityLevels: 1, maxNameBytes: 1024 },
  tiers: { durable: 'T1', transient: 'T1', live: 'T0', note: 'Everything lives as long as the process.' },
}

export const toyAdapter: contract.Adapter = {
  name: 'toy',
  schemes: ['toy'],
  capabilities,
  validate({ native }) {
    for (const option of Object.keys(native))
      throw new MessagingError('CONFIG_INVALID', `connect(): native.${option} is no option of the toy`)
  },
  async connect({ url }) {
    const broker = brokers.get(url) ?? new Map()
    brokers.set(url, broker)
    return new ToyConnection(broker)
  },
}

/** By URL. They live as long as this process. */
const brokers = new Map<string, Broker>()
/** Begins the names of queues that answers come to; they are nobody's business. */
const REPLY = 'toy-reply-'

// ── a connection: nodes, and links to them ──

class ToyConnection implements contract.AdapterConnection {
  readonly broker = { product: 'Toy', version: '1' }
  readonly capabilities = capabilities
  readonly native: Broker
  readonly #links = new Set<{ close(): Promise<void> }>()

  constructor(native: Broker) {
    this.native = native
  }

  async declare({ name, maxLength }: contract.NodeSpec): Promise<void> {
    const wanted = new ToyQueue<Message>(maxLength)
    const there = this.native.get(name)
    if (there && there.maxLength !== wanted.maxLength)
      throw new MessagingError('ADDRESS_MISMATCH', `Queue '${name}' has another maxLength`)
    this.native.set(name, there ?? wanted)
  }

  async delete({ name }: contract.NodeRef): Promise<boolean> {
    const queue = this.native.get(name)
    for (const taker of queue?.takers ?? []) taker.gone()
    return this.native.delete(name)
  }

  async purge({ name }: contract.NodeRef): Promise<number> {
    return this.#queue(name).waiting.splice(0).length
  }

  async inspect({ name, type = 'queue' }: contract.NodeRef): Promise<contract.NodeInfo | undefined> {
    const queue = type === 'queue' ? this.native.get(name) : undefined
    if (!queue) return undefined
    const [depth, receivers] = [queue.waiting.length, queue.takers.size]
    return { name, type, depth, receivers, durable: undefined, details: {} }
  }

  async list(): Promise<contract.NodeInfo[]> {
    const infos = [...this.native.keys()].map((name) => this.inspect({ name, type: 'queue' }))
    return (await Promise.all(infos)).filter(
      (info) => info && !info.name.startsWith(REPLY),
    ) as contract.NodeInfo[]
  }

  async attachSender({ target }: contract.SenderSpec) {
    if (target) this.#queue(target.name)
    return this.#opened(new ToySender(this.native, target?.name))
  }

  async attachRequester({ target }: contract.SenderSpec, events: contract.ReceiverEvents) {
    return this.#opened(new ToyRequester(this.native, target?.name, events))
  }

  async attachReceiver({ source, credit }: contract.ReceiverSpec, events: contract.ReceiverEvents) {
    return this.#opened(new ToyReceiver(this.#queue(source.name), events, credit))
  }

  async close(): Promise<void> {
    for (const link of this.#links) await link.close()
  }

  #queue(name: string): ToyQueue<Message> {
    const queue = this.native.get(name)
    if (!queue) throw new MessagingError('ADDRESS_NOT_FOUND', `There is no queue '${name}'`)
    return queue
  }

  /** A link ends with its connection. */
  #opened<Link extends { close(): Promise<void> }>(link: Link): Link {
    this.#links.add(link)
    return link
  }
}

// ── sending ──

class ToySender implements contract.AdapterSender {
  protected readonly broker: Broker
  readonly #target: string | undefined

  constructor(broker: Broker, target: string | undefined) {
    this.broker = broker
    this.#target = target
  }

  send(transfer: contract.Transfer): void {
    transfer.settle(this.#problem(transfer.message))
  }

  /** Stores the message, or tells why not. */
  #problem(message: Message): MessagingError | undefined {
    const name = this.#target ?? parseAddress(message.to ?? '').name
    const queue = this.broker.get(name)
    if (!queue) return new MessagingError('SEND_UNROUTABLE', `There is no queue '${name}'`)
    return queue.put(message) ? undefined : nodeFull(`Queue '${name}' is full`)
  }

  async close(): Promise<void> {}
}

/** Answers come to a queue of its own. */
class ToyRequester extends ToySender implements contract.AdapterRequester {
  readonly replyTo = REPLY + randomUUID()

  constructor(broker: Broker, target: string | undefined, events: contract.ReceiverEvents) {
    super(broker, target)
    const answers = new ToyQueue<Message>()
    broker.set(this.replyTo, answers)
    answers.takers.add({
      hasRoom: () => true,
      take: ({ message }) => events.deliver(delivery(message, 1)),
      gone: () => events.detached(new MessagingError('DETACHED', 'The queue of the answers was deleted')),
    })
  }

  override async close(): Promise<void> {
    this.broker.delete(this.replyTo)
  }
}

// ── receiving ──

/** What Sluice gets, and hands back with the verdict. */
function delivery(sent: Message, deliveryCount: number): contract.AdapterDelivery {
  // Another receiver must not see what this one does to the bytes.
  const body = sent.body instanceof Uint8Array ? sent.body.slice() : sent.body
  const message = { ...sent, body, annotations: carriedAnnotations(sent) }
  return { message, deliveryCount, redelivered: deliveryCount > 1 }
}

class ToyReceiver implements contract.AdapterReceiver, Taker<Message> {
  readonly #queue: ToyQueue<Message>
  readonly #events: contract.ReceiverEvents
  readonly #unsettled = new Map<contract.AdapterDelivery, Entry<Message>>()
  #credit = 0

  constructor(queue: ToyQueue<Message>, events: contract.ReceiverEvents, credit: number) {
    this.#queue = queue
    this.#events = events
    queue.takers.add(this)
    this.flow(credit)
  }

  hasRoom(): boolean {
    return this.#unsettled.size < this.#credit
  }

  take(entry: Entry<Message>): void {
    const handed = delivery(entry.message, entry.deliveries)
    this.#unsettled.set(handed, entry)
    this.#events.deliver(handed)
  }

  gone(): void {
    this.#unsettled.clear()
    this.#queue.takers.delete(this)
    this.#events.detached(new MessagingError('ADDRESS_NOT_FOUND', 'The queue was deleted'))
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#queue.serve()
  }

  accept(handed: contract.AdapterDelivery): void {
    this.#unsettled.delete(handed)
    this.#queue.serve()
  }

  async settle(handed: contract.AdapterDelivery, verdict: contract.Verdict): Promise<void> {
    const entry = this.#unsettled.get(handed)
    if (!entry || verdict.kind === 'reject') return this.accept(handed)
    if (verdict.unseen) entry.deliveries--
    // order: it is back at its place before the next one is handed out.
    this.#unsettled.delete(handed)
    this.#queue.putBack(entry)
  }

  /** All that can be handed over has been. */
  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#queue.takers.delete(this)
    for (const entry of this.#unsettled.values()) this.#queue.putBack(entry)
    this.#unsettled.clear()
  }
}
