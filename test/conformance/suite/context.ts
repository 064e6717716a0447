/**
 * What a case works with: a connection of its own, addresses that nobody else uses, and the duty to leave nothing behind.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type AnyAddress,
  type BroadcastAddress,
  broadcast,
  type CapabilityLevel,
  type Connection,
  type ConnectOptions,
  connect,
  type Feature,
  isMessagingError,
  type MailboxAddress,
  type MulticastAddress,
  mailbox,
  multicast,
  type NodeOptions,
  type QueueAddress,
  type ServiceAddress,
  type TopicAddress,
  topic,
} from 'sluice'
import type { BrokerControl, Faults, Harness, Witness } from './harness.ts'
import { Provided } from './provided.ts'

/** Facilities that live for the whole run. */
export interface Shared {
  broker(): Promise<BrokerControl>
  witness(): Promise<Witness>
  /** What is done once for several cases; the first that asks does it. */
  once<T>(key: string, work: () => Promise<T>): Promise<T>
}

let counter = 0

export class CaseContext {
  readonly harness: Harness
  /** Opened before the case, closed after it. */
  readonly connection: Connection
  readonly #shared: Shared
  readonly #target: () => ConnectOptions
  readonly #unique: string
  readonly #provided: Provided
  readonly #opened: Connection[] = []
  readonly #owned: AnyAddress[] = []
  readonly #cleanups: (() => Promise<unknown> | unknown)[] = []

  private constructor(
    harness: Harness,
    shared: Shared,
    target: () => ConnectOptions,
    connection: Connection,
  ) {
    this.harness = harness
    this.#shared = shared
    this.#target = target
    this.#provided = new Provided(harness)
    this.connection = this.#provided.connection(connection)
    this.#unique = `c${(++counter).toString(36)}${randomBytes(4).toString('hex')}`
  }

  static async open(harness: Harness, shared: Shared, target: () => ConnectOptions): Promise<CaseContext> {
    return new CaseContext(harness, shared, target, await connect(target()))
  }

  /** A further connection by the same way as `connection`, closed after the case. */
  async connect(options: Omit<Partial<ConnectOptions>, 'url'> = {}): Promise<Connection> {
    return this.open({ ...this.#target(), ...options })
  }

  /** A connection with these very options, closed after the case. */
  async open(options: ConnectOptions): Promise<Connection> {
    const connection = await connect(options)
    this.#opened.push(connection)
    return this.#provided.connection(connection)
  }

  /** Options of the way that the case's connections take. */
  target(): ConnectOptions {
    return this.#target()
  }

  level(feature: Feature): CapabilityLevel {
    return this.connection.capabilities.features[feature].level
  }

  isNative(feature: Feature): boolean {
    return this.level(feature) === 'native'
  }

  has(feature: Feature): boolean {
    return this.level(feature) !== 'unsupported'
  }

  get faults(): Faults {
    return this.harness.faults!
  }

  broker(): Promise<BrokerControl> {
    return this.#shared.broker()
  }

  /** Resolves when nodes made until now outlive a kill of `broker`. */
  async nodesStand(): Promise<void> {
    const { standsAfterMs = 0 } = await this.broker()
    await delay(standsAfterMs)
  }

  witness(): Promise<Witness> {
    return this.#shared.witness()
  }

  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#shared.once(key, work)
  }

  /** Messages that wait in a queue: as the broker tells, else as the bare client sees them. */
  async depth<Body>(address: QueueAddress<Body>, by = this.connection): Promise<number | undefined> {
    const info = this.has('inspect') ? await by.admin.inspect(address) : { depth: undefined }
    if (info === undefined || info.depth !== undefined || !this.harness.witness) return info?.depth
    return (await this.witness()).depth(address.name)
  }

  /** A name that no other case and no other run uses. */
  name(label: string): string {
    return `${label}-${this.#unique}`
  }

  queue<Body = unknown>(label = 'queue', options?: NodeOptions<Body>): QueueAddress<Body> {
    return this.own(this.#provided.queue<Body>(this.name(label), options))
  }

  mailbox<Body = unknown>(label = 'mailbox', options?: NodeOptions<Body>): MailboxAddress<Body> {
    return this.own(mailbox<Body>(this.name(label), options))
  }

  topic<Body = unknown>(label = 'topic', options?: NodeOptions<Body>): TopicAddress<Body> {
    return this.own(topic<Body>(this.name(label), options))
  }

  broadcast<Body = unknown>(label = 'broadcast', options?: NodeOptions<Body>): BroadcastAddress<Body> {
    return this.own(broadcast<Body>(this.name(label), options))
  }

  multicast<Body = unknown>(label = 'multicast', options?: NodeOptions<Body>): MulticastAddress<Body> {
    return this.own(multicast<Body>(this.name(label), options))
  }

  service<Request = unknown, Response = unknown>(
    label = 'service',
    options?: NodeOptions<Request>,
  ): ServiceAddress<Request, Response> {
    return this.own(this.#provided.service<Request, Response>(this.name(label), options))
  }

  /** Has the node (or the named subscription, or the member) deleted after the case. */
  own<A extends AnyAddress>(address: A): A {
    this.#owned.push(address)
    return address
  }

  /** Runs after the case, before its connections close. */
  after(cleanup: () => Promise<unknown> | unknown): void {
    this.#cleanups.push(cleanup)
  }

  /** Deletes what the case made and closes what it opened. Rejects when something would be left behind. */
  async close(): Promise<void> {
    const problems: unknown[] = []
    const attempt = async (step: () => Promise<unknown> | unknown): Promise<void> => {
      try {
        await step()
      } catch (error) {
        problems.push(error)
      }
    }
    for (const cleanup of this.#cleanups.reverse()) await attempt(cleanup)
    await attempt(() => this.#deleteOwned())
    for (const connection of this.#opened) await attempt(() => connection.close({ timeoutMs: 1000 }))
    await attempt(() => this.connection.close({ timeoutMs: 1000 }))
    if (problems.length > 0)
      throw new AggregateError(problems, `The case could not be cleaned up: ${problems[0]}`)
  }

  async #deleteOwned(): Promise<void> {
    if (this.#owned.length === 0 || !this.has('delete')) return
    // The connections of the case may be closed or broken by design: clean-up has its own.
    const cleaner = await connect(this.#target())
    try {
      for (const address of this.#owned.reverse()) {
        await cleaner.admin.delete(address as never).catch((error: unknown) => {
          if (!isMessagingError(error, 'NOT_SUPPORTED') && !isMessagingError(error, 'ADDRESS_NOT_FOUND'))
            throw error
        })
      }
    } finally {
      await cleaner.close({ timeoutMs: 1000 })
    }
  }
}
