/** An adapter driven through its contract: one connection for a whole test file; nodes and links of a test end with it. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type {
  Adapter,
  AdapterConnection,
  AdapterDelivery,
  AdapterReceiver,
  AdapterSender,
  ConnectTarget,
  NodeRef,
  NodeSpec,
  ReceiverSpec,
  SenderSpec,
} from '../../src/contract/adapter.ts'
import type { MessagingError } from '../../src/model/errors.ts'
import { Inbox, nodeSpec, Reports, receiverSpec, target } from './contract.ts'

export abstract class AdapterFixture {
  readonly url: string
  connection!: AdapterConnection
  reports!: Reports
  readonly #adapter: Adapter
  readonly #changes: Partial<ConnectTarget>
  #nodes: NodeRef[] = []
  #closers: (() => unknown)[] = []

  constructor(adapter: Adapter, url: string, changes: Partial<ConnectTarget> = {}) {
    this.#adapter = adapter
    this.url = url
    this.#changes = changes
    beforeAll(async () => {
      ;({ connection: this.connection, reports: this.reports } = await this.connect())
      this.#closers = []
      await this.openBare()
    })
    afterEach(async () => {
      for (const close of this.#closers.splice(0).reverse()) await close()
      for (const node of this.#nodes.splice(0)) await this.connection.delete(node)
    })
    afterAll(async () => {
      await this.connection.close()
      await this.closeBare()
    })
  }

  /** Connects the bare client, the second witness. */
  protected abstract openBare(): Promise<void>
  protected abstract closeBare(): Promise<void>

  protected newInbox(): Inbox {
    return new Inbox()
  }

  /** Another connection, closed with the test. */
  async connect(
    changes: Partial<ConnectTarget> = {},
    url = this.url,
  ): Promise<{ connection: AdapterConnection; reports: Reports }> {
    const reports = new Reports()
    const connection = await this.#adapter.connect(
      target(url, { ...this.#changes, ...changes }),
      reports,
      AbortSignal.timeout(10_000),
    )
    this.#closers.push(() => connection.close())
    return { connection, reports }
  }

  /** Runs `closer` when the test ends, before what it opened earlier is closed. */
  atEnd(closer: () => unknown): void {
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

  /** Deletes a node that the test makes itself, with the test. */
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
      target: node && { name: node.name, type: node.type },
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
    const inbox = this.newInbox()
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
