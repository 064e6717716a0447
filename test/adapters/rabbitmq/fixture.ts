/** The RabbitMQ adapter driven through its contract, on the broker that `SLUICE_TEST_RABBITMQ` names. */
import { randomUUID } from 'node:crypto'
import amqp, { type ChannelModel, type ConfirmChannel } from 'amqplib'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { rabbitmqAdapter } from '../../../src/adapters/rabbitmq/adapter.ts'
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

export const url = process.env.SLUICE_TEST_RABBITMQ ?? ''
if (url === '') {
  throw new Error(
    'SLUICE_TEST_RABBITMQ is not set: give the URL of a real RabbitMQ, e.g. rabbitmq://127.0.0.1:5672 (npm run brokers -- up rabbitmq)',
  )
}
export const amqpUrl = url.replace(/^rabbitmq/, 'amqp')

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

/** Records what a connection reports. */
export class Reports implements ConnectionEvents {
  readonly lost: MessagingError[] = []
  readonly warnings: MessagingError[] = []
  readonly blocks: string[] = []
  #waiting: (() => void)[] = []

  disconnected(cause: MessagingError): void {
    this.lost.push(cause)
    this.#wake()
  }
  blocked(reason: string): void {
    this.blocks.push(`blocked: ${reason}`)
    this.#wake()
  }
  unblocked(): void {
    this.blocks.push('unblocked')
    this.#wake()
  }
  warning(error: MessagingError): void {
    this.warnings.push(error)
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Collects what a receiver hands over. */
export class Inbox implements ReceiverEvents {
  readonly deliveries: AdapterDelivery[] = []
  readonly detaches: MessagingError[] = []
  ended = 0
  #taken = 0
  #waiting: (() => void)[] = []

  deliver(delivery: AdapterDelivery): void {
    this.deliveries.push(delivery)
    this.#wake()
  }
  lost(): void {
    throw new Error('RabbitMQ has no leases')
  }
  gap(): void {
    throw new Error('RabbitMQ reports no gaps')
  }
  end(): void {
    this.ended++
    this.#wake()
  }
  detached(error: MessagingError): void {
    this.detaches.push(error)
    this.#wake()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
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

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** A connection of the adapter and a bare one beside it, for a whole file; nodes and links of a test end with it. */
export class Fixture {
  connection!: AdapterConnection
  reports!: Reports
  bare!: ChannelModel
  channel!: ConfirmChannel
  #nodes: NodeRef[] = []
  #closers: (() => Promise<unknown>)[] = []

  constructor() {
    beforeAll(async () => {
      ;({ connection: this.connection, reports: this.reports } = await this.connect())
      this.#closers = []
      this.bare = await amqp.connect(amqpUrl)
      this.channel = await this.bare.createConfirmChannel()
    })
    afterEach(async () => {
      for (const close of this.#closers.splice(0)) await close()
      for (const node of this.#nodes.splice(0)) await this.connection.delete(node)
    })
    afterAll(async () => {
      await this.connection.close()
      await this.bare.close()
    })
  }

  /** Another connection, closed with the test. */
  async connect(
    changes: Partial<ConnectTarget> = {},
  ): Promise<{ connection: AdapterConnection; reports: Reports }> {
    const reports = new Reports()
    const connection = await rabbitmqAdapter.connect(target(changes), reports, AbortSignal.timeout(10_000))
    this.#closers.push(() => connection.close())
    return { connection, reports }
  }

  atEnd(closer: () => Promise<unknown>): void {
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
  ): Promise<AdapterSender & { detaches: MessagingError[] }> {
    const detaches: MessagingError[] = []
    const spec: SenderSpec = {
      target: node,
      capacity: 1000,
      reliability: 'at-least-once',
      link: {},
      ...changes,
    }
    const sender = await connection.attachSender(spec, { detached: (error) => void detaches.push(error) })
    this.#closers.push(() => sender.close())
    return Object.assign(sender, { detaches })
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
    contentType: undefined,
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
): Promise<MessagingError | undefined> {
  return new Promise((resolve) => sender.send({ message: outgoing, resend: false, settle: resolve }))
}

/** Sends and fails unless it was accepted. */
export async function sendOk(sender: AdapterSender, outgoing: OutgoingMessage = message()): Promise<void> {
  const error = await send(sender, outgoing)
  if (error) throw error
}

export function text(delivery: AdapterDelivery): string {
  return Buffer.from(delivery.message.body as Uint8Array).toString()
}

export function texts(deliveries: readonly AdapterDelivery[]): string[] {
  return deliveries.map(text)
}

export async function rejection(promise: Promise<unknown>): Promise<MessagingError> {
  try {
    await promise
  } catch (error) {
    return error as MessagingError
  }
  throw new Error('It did not reject')
}
