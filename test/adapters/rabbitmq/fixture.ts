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
  ConnectTarget,
  NodeRef,
  NodeSpec,
  ReceiverSpec,
  SenderSpec,
} from '../../../src/api/adapter.ts'
import type { MessagingError } from '../../../src/api/errors.ts'
import * as contract from '../../support/contract.ts'

export * from '../../support/contract.ts'

export const url = process.env.SLUICE_TEST_RABBITMQ ?? ''
if (url === '') {
  throw new Error(
    'SLUICE_TEST_RABBITMQ is not set: give the URL of a real RabbitMQ, e.g. rabbitmq://127.0.0.1:5672 (npm run brokers -- up rabbitmq)',
  )
}
export const amqpUrl = url.replace(/^rabbitmq/, 'amqp')

export function target(changes: Partial<ConnectTarget> = {}): ConnectTarget {
  return contract.target(url, changes)
}

/** RabbitMQ has neither leases nor gaps to tell of. */
export class Inbox extends contract.Inbox {
  override lost(): void {
    throw new Error('RabbitMQ has no leases')
  }
  override gap(): void {
    throw new Error('RabbitMQ reports no gaps')
  }
}

/** A connection of the adapter and a bare one beside it, for a whole file; nodes and links of a test end with it. */
export class Fixture {
  connection!: AdapterConnection
  reports!: contract.Reports
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
  ): Promise<{ connection: AdapterConnection; reports: contract.Reports }> {
    const reports = new contract.Reports()
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
    const spec = contract.nodeSpec({ name: this.name(), ...changes })
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
    const receiver = await connection.attachReceiver(contract.receiverSpec(source, changes), inbox)
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
