/** The Redis adapter driven through its contract, on the server that `SLUICE_TEST_REDIS` names, with a bare ioredis beside it. */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { redisAdapter } from '../../../src/adapters/redis/adapter.ts'
import { Keys } from '../../../src/adapters/redis/keys.ts'
import type {
  AdapterConnection,
  AdapterDelivery,
  AdapterReceiver,
  AdapterSender,
  ConnectionEvents,
  ConnectTarget,
  NodeRef,
  NodeSpec,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../../src/api/adapter.ts'
import type { MessagingError } from '../../../src/api/errors.ts'
import { noProperties, type OutgoingMessage } from '../../../src/api/message.ts'
import { brokerUrl } from '../../support/brokers.ts'

export const url = brokerUrl('redis')
export const keys = new Keys('sluice')

export function target(changes: Partial<ConnectTarget> = {}): ConnectTarget {
  return {
    url,
    clientName: 'sluice-test',
    username: undefined,
    password: undefined,
    tls: undefined,
    heartbeatMs: 10_000,
    native: {},
    ...changes,
  }
}

class Waiting {
  #waiting: (() => void)[] = []

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  protected wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Records what a connection reports. */
export class Reports extends Waiting implements ConnectionEvents {
  readonly lost: MessagingError[] = []
  readonly warnings: MessagingError[] = []

  disconnected(cause: MessagingError): void {
    this.lost.push(cause)
    this.wake()
  }
  blocked(reason: string): void {
    throw new Error(`Redis blocks nobody: ${reason}`)
  }
  unblocked(): void {
    throw new Error('Redis blocks nobody')
  }
  warning(error: MessagingError): void {
    this.warnings.push(error)
    this.wake()
  }
}

/** Collects what a receiver hands over. */
export class Inbox extends Waiting implements ReceiverEvents {
  readonly deliveries: AdapterDelivery[] = []
  readonly detaches: MessagingError[] = []
  readonly lostOnes: AdapterDelivery[] = []
  readonly gaps: { reason: string; count: number | undefined }[] = []
  ended = 0
  #taken = 0

  deliver(delivery: AdapterDelivery): void {
    this.deliveries.push(delivery)
    this.wake()
  }
  lost(delivery: AdapterDelivery): void {
    this.lostOnes.push(delivery)
    this.wake()
  }
  gap(reason: string, count: number | undefined): void {
    this.gaps.push({ reason, count })
    this.wake()
  }
  end(): void {
    this.ended++
    this.wake()
  }
  detached(error: MessagingError): void {
    this.detaches.push(error)
    this.wake()
  }

  /** The next delivery not taken yet. */
  async next(): Promise<AdapterDelivery> {
    await this.until(() => this.deliveries.length > this.#taken)
    return this.deliveries[this.#taken++]!
  }

  async take(count: number): Promise<AdapterDelivery[]> {
    await this.until(() => this.deliveries.length >= this.#taken + count)
    const taken = this.deliveries.slice(this.#taken, this.#taken + count)
    this.#taken += count
    return taken
  }

  /** What came and was not taken. */
  get rest(): AdapterDelivery[] {
    return this.deliveries.slice(this.#taken)
  }
}

/** A connection of the adapter and a bare one beside it, for a whole file; nodes and links of a test end with it. */
export class Fixture {
  connection!: AdapterConnection
  reports!: Reports
  bare!: Redis
  readonly #changes: Partial<ConnectTarget>
  #nodes: NodeRef[] = []
  #closers: (() => Promise<unknown> | unknown)[] = []

  constructor(changes: Partial<ConnectTarget> = {}) {
    this.#changes = changes
    beforeAll(async () => {
      ;({ connection: this.connection, reports: this.reports } = await this.connect())
      this.#closers = []
      this.bare = new Redis(url, { protocol: 2 })
    })
    afterEach(async () => {
      for (const close of this.#closers.splice(0).reverse()) await close()
      for (const node of this.#nodes.splice(0)) await this.connection.delete(node)
    })
    afterAll(async () => {
      await this.connection.close()
      this.bare.disconnect()
    })
  }

  /** Another connection, closed with the test. */
  async connect(
    changes: Partial<ConnectTarget> = {},
  ): Promise<{ connection: AdapterConnection; reports: Reports }> {
    const reports = new Reports()
    const connection = await redisAdapter.connect(
      target({ ...this.#changes, ...changes }),
      reports,
      AbortSignal.timeout(10_000),
    )
    this.#closers.push(() => connection.close())
    return { connection, reports }
  }

  atEnd(closer: () => Promise<unknown> | unknown): void {
    this.#closers.push(closer)
  }

  name(prefix = 'test'): string {
    return `${prefix}-${randomUUID()}`
  }

  /** Makes a node that is deleted with the test. */
  async node(changes: Partial<NodeSpec> = {}): Promise<NodeSpec> {
    const spec = nodeSpec({ name: this.name(), ...changes })
    this.remove(spec)
    await this.connection.declare(spec)
    return spec
  }

  remove(node: NodeRef): void {
    this.#nodes.push({ name: node.name, type: node.type, subscription: node.subscription })
  }

  async sender(
    node: NodeRef | undefined,
    changes: Partial<SenderSpec> = {},
    connection = this.connection,
  ): Promise<AdapterSender> {
    const spec: SenderSpec = {
      target: node && { name: node.name, type: node.type },
      capacity: 1000,
      reliability: 'at-least-once',
      link: {},
      ...changes,
    }
    const sender = await connection.attachSender(spec, { detached: () => {} })
    this.#closers.push(() => sender.close())
    return sender
  }

  async receiver(
    source: NodeRef,
    changes: Partial<ReceiverSpec> = {},
    connection = this.connection,
  ): Promise<{ receiver: AdapterReceiver; inbox: Inbox }> {
    const inbox = new Inbox()
    const receiver = await connection.attachReceiver(receiverSpec(source, changes), inbox)
    this.#closers.push(() => receiver.close())
    return { receiver, inbox }
  }

  /** Looks into a queue to its end. */
  async browse(source: NodeRef, changes: Partial<ReceiverSpec> = {}): Promise<AdapterDelivery[]> {
    const { receiver, inbox } = await this.receiver(source, { mode: 'browse', credit: 10, ...changes })
    const seen: AdapterDelivery[] = []
    for (;;) {
      await inbox.until(() => inbox.rest.length > 0 || inbox.ended > 0)
      if (inbox.rest.length === 0) break
      const delivery = await inbox.next()
      seen.push(delivery)
      receiver.accept(delivery)
    }
    await receiver.close()
    return seen
  }

  /** Every key of a node and its content, as the server dumps it. */
  async dump(base: string): Promise<Record<string, string>> {
    const found = await this.bare.keys(`${base.replace(/[\\*?[\]]/g, '\\$&')}*`)
    const content: Record<string, string> = {}
    for (const key of found.sort()) {
      content[key] = ((await this.bare.dumpBuffer(key)) as Buffer | null)?.toString('base64') ?? ''
    }
    return content
  }
}

export function nodeSpec(changes: Partial<NodeSpec> & { name: string }): NodeSpec {
  return {
    type: 'queue',
    durable: true,
    maxDeliveries: undefined,
    deadLetter: undefined,
    maxLength: undefined,
    ttlMs: undefined,
    expiresMs: undefined,
    exclusive: false,
    autoDelete: false,
    bindings: [],
    native: {},
    ...changes,
  }
}

export function receiverSpec(source: NodeRef, changes: Partial<ReceiverSpec> = {}): ReceiverSpec {
  return {
    source: { name: source.name, type: source.type },
    mode: 'consume',
    follow: false,
    credit: 100,
    reliability: 'at-least-once',
    patterns: source.type === 'topic' || source.type === 'broadcast' ? ['#'] : [],
    subscription: undefined,
    exclusive: false,
    limits: {
      maxDeliveries: undefined,
      deadLetter: undefined,
      maxLength: undefined,
      ttlMs: undefined,
      expiresMs: undefined,
      native: {},
    },
    link: {},
    ...changes,
  }
}

export function message(
  body: string | Uint8Array = 'x',
  changes: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return {
    id: randomUUID(),
    to: undefined,
    members: undefined,
    subject: undefined,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    contentType: 'text/plain',
    properties: noProperties(),
    replyTo: undefined,
    correlationId: undefined,
    priority: undefined,
    ttlMs: undefined,
    delayMs: undefined,
    durable: true,
    userId: undefined,
    groupId: undefined,
    createdAt: Date.now(),
    deliveriesBefore: 0,
    ...changes,
  }
}

/** Sends and resolves with the outcome. */
export function send(
  sender: AdapterSender,
  outgoing: OutgoingMessage = message(),
  resend = false,
): Promise<MessagingError | undefined> {
  return new Promise((resolve) => sender.send({ message: outgoing, resend, settle: resolve }))
}

/** Sends and fails unless it was accepted. */
export async function sendOk(sender: AdapterSender, outgoing: OutgoingMessage = message()): Promise<void> {
  const error = await send(sender, outgoing)
  if (error) throw error
}

/** Sends texts, all in one turn. */
export async function sendAll(sender: AdapterSender, bodies: readonly string[]): Promise<void> {
  await Promise.all(bodies.map((body) => sendOk(sender, message(body))))
}

export function text(delivery: AdapterDelivery): string {
  return Buffer.from(delivery.message.body as Uint8Array).toString()
}

export function texts(deliveries: readonly AdapterDelivery[]): string[] {
  return deliveries.map(text)
}

export function range(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at))
}

export async function rejection(promise: Promise<unknown>): Promise<MessagingError> {
  try {
    await promise
  } catch (error) {
    return error as MessagingError
  }
  throw new Error('It did not reject')
}

/** Resolves when the condition holds; fails after a while. */
export async function becomes(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 8_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not become so in ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
