/** The Redis adapter driven through its contract, on the server that `SLUICE_TEST_REDIS` names, with a bare ioredis beside it. */
import { createHash, randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { redisAdapter } from '../../../src/adapters/redis/adapter.ts'
import { Keys } from '../../../src/adapters/redis/keys.ts'
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
import { brokerUrl } from '../../support/brokers.ts'
import { Inbox, nodeSpec, Reports, receiverSpec, target } from '../../support/contract.ts'

export * from '../../support/contract.ts'

export const url = brokerUrl('redis')
export const keys = new Keys('sluice')

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
    to = url,
  ): Promise<{ connection: AdapterConnection; reports: Reports }> {
    const reports = new Reports()
    const connection = await redisAdapter.connect(
      target(to, { ...this.#changes, ...changes }),
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

  /** Every key of a node, with a digest of its content (a hash has no order of its own). */
  async dump(base: string): Promise<Record<string, string>> {
    const found = await this.bare.keys(`${base.replace(/[\\*?[\]]/g, '\\$&')}*`)
    const content: Record<string, string> = {}
    for (const key of found.sort()) {
      const digest = createHash('sha1').update(JSON.stringify(await this.#content(key)))
      content[key] = digest.digest('hex')
    }
    return content
  }

  async #content(key: string): Promise<unknown> {
    switch (await this.bare.type(key)) {
      case 'hash':
        return Object.entries(await this.bare.hgetall(key)).sort()
      case 'zset':
        return this.bare.zrange(key, '0', '-1', 'WITHSCORES')
      case 'set':
        return (await this.bare.smembers(key)).sort()
      case 'list':
        return this.bare.lrange(key, 0, -1)
      default:
        return this.bare.get(key)
    }
  }
}
