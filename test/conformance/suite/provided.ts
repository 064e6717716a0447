/** Queues that the harness makes by other means, and connections whose calls wait for them. */
import {
  type Connection,
  type NodeOptions,
  type QueueAddress,
  queue,
  type ServiceAddress,
  service,
} from 'sluice'
import type { Harness } from './harness.ts'

export class Provided {
  readonly #harness: Harness
  #made: Promise<unknown> = Promise.resolve()

  constructor(harness: Harness) {
    this.#harness = harness
  }

  /** The queue as a case is to name it: made elsewhere where there is such a way, and then used as it is. */
  queue<Body>(name: string, options: NodeOptions<Body> | undefined): QueueAddress<Body> {
    return queue<Body>(name, this.#make(name, options))
  }

  /** As `queue`: a service is a queue of its name. */
  service<Request, Response>(
    name: string,
    options: NodeOptions<Request> | undefined,
  ): ServiceAddress<Request, Response> {
    return service<Request, Response>(name, this.#make(name, options))
  }

  /** What is to be said of a queue that is made elsewhere, or may be. */
  #make<Body>(name: string, options: NodeOptions<Body> | undefined): NodeOptions<Body> | undefined {
    if (!this.#harness.provide || options?.create !== undefined) return options
    const made = this.#harness.provide(queue<Body>(name, options))
    if (!made) return options
    this.#made = Promise.all([this.#made, made])
    this.#made.catch(() => {})
    return { ...options, create: 'never' }
  }

  /** The same connection; what is opened or sent by it waits until every queue named so far is there. */
  connection(connection: Connection): Connection {
    return this.#harness.provide ? this.#waiting(connection) : connection
  }

  #waiting<T extends object>(object: T): T {
    return new Proxy(object, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (name === 'admin') return this.#waiting(value as object)
        if (typeof value !== 'function') return value
        if (!WAITING.has(String(name))) return value.bind(target)
        return async (...given: unknown[]) => {
          await this.#made
          return value.apply(target, given)
        }
      },
    })
  }
}

const WAITING: ReadonlySet<string> = new Set([
  'sender',
  'receiver',
  'requester',
  'respond',
  'consume',
  'consumeBatch',
  'send',
  'request',
  'inspect',
  'purge',
])
