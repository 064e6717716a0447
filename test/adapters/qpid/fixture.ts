/** The Qpid adapter driven through its contract, with bare rhea beside it as a second witness. */
import { randomUUID } from 'node:crypto'
import rhea, { type Connection } from 'rhea'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { qpidAdapter } from '../../../src/adapters/qpid/adapter.ts'
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
import { nodeSpec, receiverSpec, target, url } from './contract.ts'

export * from './contract.ts'

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
    throw new Error('AMQP 1.0 has no leases')
  }
  gap(): void {
    throw new Error('this adapter reports no gaps')
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
  bare!: Connection
  #nodes: NodeRef[] = []
  #closers: (() => Promise<unknown>)[] = []

  constructor() {
    beforeAll(async () => {
      ;({ connection: this.connection, reports: this.reports } = await this.connect())
      this.#closers = []
      this.bare = await bareConnection()
    })
    afterEach(async () => {
      for (const close of this.#closers.splice(0)) await close()
      for (const node of this.#nodes.splice(0)) await this.connection.delete(node)
    })
    afterAll(async () => {
      await this.connection.close()
      await closeBare(this.bare)
    })
  }

  /** Another connection, closed with the test. */
  async connect(
    changes: Partial<ConnectTarget> = {},
  ): Promise<{ connection: AdapterConnection; reports: Reports }> {
    const reports = new Reports()
    const connection = await qpidAdapter.connect(target(changes), reports, AbortSignal.timeout(10_000))
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

/** rhea by itself: what it sees, any AMQP 1.0 client sees. */
export async function bareConnection(at = url): Promise<Connection> {
  const { hostname, port, username, password } = new URL(at)
  const connection = rhea.create_container().connect({
    host: hostname,
    port: Number(port),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    reconnect: false,
  })
  await event(connection, 'connection_open')
  return connection
}

export async function closeBare(connection: Connection): Promise<void> {
  const closed = event(connection, 'connection_close')
  connection.close()
  await closed
}

export function event<T = unknown>(
  emitter: { once(name: string, listener: (context: T) => void): unknown },
  name: string,
): Promise<T> {
  return new Promise((resolve) => {
    emitter.once(name, resolve)
  })
}
