/** The Qpid adapter driven through its contract, with bare rhea beside it as a second witness. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import rhea, { type Connection, type EventContext, type Message } from 'rhea'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { qpidAdapter } from '../../../src/adapters/qpid/adapter.ts'
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

/** The Broker-J that the tests share. */
export const url = brokerUrl('SLUICE_TEST_QPID', 'qpid')

/** @throws when the environment does not name the broker */
export function brokerUrl(variable: string, broker: string): string {
  const found = process.env[variable]
  if (found) return found
  throw new Error(`${variable} is not set. Run npm test, or first: npm run brokers -- up ${broker}`)
}

/** AMQP 1.0 has neither leases nor gaps to tell of. */
export class Inbox extends contract.Inbox {
  override lost(): void {
    throw new Error('AMQP 1.0 has no leases')
  }
  override gap(): void {
    throw new Error('this adapter reports no gaps')
  }
}

/** A connection of the adapter and a bare one beside it, for a whole file; nodes and links of a test end with it. */
export class Fixture {
  readonly url: string
  connection!: AdapterConnection
  reports!: contract.Reports
  bare!: Connection
  #nodes: NodeRef[] = []
  #closers: (() => Promise<unknown>)[] = []

  constructor(at = url) {
    this.url = at
    beforeAll(async () => {
      ;({ connection: this.connection, reports: this.reports } = await this.connect())
      this.#closers = []
      this.bare = await bareConnection(at)
    })
    afterEach(async () => {
      for (const close of this.#closers.splice(0)) await close()
      for (const node of this.#nodes.splice(0)) await this.connection.delete(node)
    })
    afterAll(async () => {
      await this.connection.close()
      this.bare.close()
      await once(this.bare, 'connection_close')
    })
  }

  /** Another connection, closed with the test. */
  async connect(
    changes: Partial<ConnectTarget> = {},
  ): Promise<{ connection: AdapterConnection; reports: contract.Reports }> {
    const reports = new contract.Reports()
    const target = contract.target(this.url, changes)
    const connection = await qpidAdapter.connect(target, reports, AbortSignal.timeout(10_000))
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

  /** Sends by bare rhea: a message as rhea knows it, or the bytes of one. */
  async bareSend(address: string, sent: Message | Buffer): Promise<void> {
    const sender = this.bare.open_sender(address)
    await once(sender, 'sendable')
    const answered = Promise.race(
      ['accepted', 'rejected', 'released'].map((outcome) => once(sender, outcome).then(() => outcome)),
    )
    if (Buffer.isBuffer(sent)) sender.send(sent, undefined, 0)
    else sender.send(sent)
    const outcome = await answered
    // rhea throws at large when the broker ends a link that nobody listens to.
    const closed = once(sender, 'sender_close')
    sender.close()
    await closed
    if (outcome !== 'accepted') throw new Error(`The broker has ${outcome} it`)
  }

  /** Takes one message by bare rhea. */
  async bareReceive(address: string): Promise<Message> {
    const receiver = this.bare.open_receiver({ source: address, credit_window: 0 })
    receiver.add_credit(1)
    const [{ message }] = (await once(receiver, 'message')) as [EventContext]
    receiver.close()
    await once(receiver, 'receiver_close')
    return message!
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
  await once(connection, 'connection_open')
  return connection
}
