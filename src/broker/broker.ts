/**
 * The embedded broker: puts its parts together, recovers what a store holds, and opens sessions.
 *
 * ```text
 * session ── sender-link ──▶ router ──▶ queue ──▶ consumer | browser ──▶ session
 *                              │          │
 *                            topic      store
 * ```
 *
 * Everything runs in the calls of its clients and in microtasks; nothing waits but for the store.
 */
import { MessagingError } from '../model/errors.ts'
import { Nodes } from './nodes/nodes.ts'
import { Router } from './nodes/router.ts'
import { Kernel } from './queue/kernel.ts'
import { Resends } from './queue/resends.ts'
import type { EntryQueue } from './queue/waiting/entry.ts'
import { BrokerSession } from './session/broker-session.ts'
import type { Session, SessionEvents, SessionOptions } from './session/session.ts'
import { recover } from './store/recovery.ts'
import type { Store } from './store/store.ts'

/** Warnings kept for the next session. */
const MOST_UNTOLD = 1_000

/** Of this package. */
export const VERSION = '0.1.0'

/** Options of `Broker.open()`. */
export interface BrokerOptions {
  /** Keeps durable messages of durable nodes. The broker owns it from here on. Default: none, all lives in memory. */
  readonly store?: Store
}

/**
 * An embedded message broker: queues, topics and subscriptions in this process, on a store or in memory.
 *
 * @example
 * ```ts
 * const broker = await Broker.open({ store: await openLmdbStore('/var/lib/queues') })
 * await broker.close()
 * ```
 */
export class Broker {
  /** Shown to clients, with the version. */
  readonly product = 'Sluice broker'
  readonly version = VERSION
  readonly #store: Store | undefined
  readonly #kernel: Kernel
  readonly #nodes: Nodes
  readonly #router: Router
  readonly #resends: Resends
  readonly #sessions = new Set<BrokerSession>()
  readonly #clients = new Map<string, BrokerSession>()
  /** What was to be told while there was no session; the next one hears it. */
  #untold: MessagingError[] = []
  #closing: Promise<void> | undefined

  private constructor(store: Store | undefined) {
    this.#store = store
    this.#kernel = new Kernel(store, {
      deadLetter: (entry, reason, target, error) => this.#router.deadLetter(entry, reason, target, error),
      warn: (queue, error) => this.#warn(queue, error),
    })
    this.#nodes = new Nodes(this.#kernel)
    this.#router = new Router(this.#kernel, this.#nodes)
    this.#resends = new Resends(this.#kernel.timers)
    this.#untold.push(...(store?.warnings ?? []))
    if (store) store.failed = (error) => this.#storeFailed(error)
  }

  /**
   * Opens a broker on `store` and recovers what it holds.
   *
   * @throws `CONNECT_FAILED` when the store is damaged; the store is closed then
   */
  static async open(options: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(options.store)
    if (options.store) {
      try {
        recover(options.store, broker.#kernel, broker.#nodes, broker.#resends)
        await options.store.flushed()
      } catch (error) {
        broker.#kernel.timers.close()
        await options.store.close()
        throw error
      }
    }
    return broker
  }

  /** Opens a session for one client. Cheap; any number. */
  session(events: SessionEvents, options: SessionOptions = {}): Session {
    if (this.#closing) throw new MessagingError('CONNECT_FAILED', 'The broker was closed')
    const { client } = options
    if (client !== undefined) {
      this.#clients
        .get(client)
        ?.end(new MessagingError('CONNECTION_LOST', 'The same client opened another connection'))
    }
    const { product, version } = this
    const session = new BrokerSession(
      { product, version },
      { kernel: this.#kernel, nodes: this.#nodes, router: this.#router, resends: this.#resends },
      events,
      () => this.#ended(session, client),
    )
    this.#sessions.add(session)
    if (client !== undefined) this.#clients.set(client, session)
    this.#kernel.timers.holdProcess(true)
    if (this.#untold.length > 0) queueMicrotask(() => this.#tell(session))
    return session
  }

  /** `close()` was called. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Ends every session (`CONNECTION_LOST`), writes what is not written and closes the store. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const error = new MessagingError('CONNECTION_LOST', 'The broker was closed')
    for (const session of [...this.#sessions]) session.end(error)
    await this.#store?.close()
    this.#kernel.timers.close()
  }

  #ended(session: BrokerSession, client: string | undefined): void {
    this.#sessions.delete(session)
    if (client !== undefined && this.#clients.get(client) === session) this.#clients.delete(client)
    if (this.#sessions.size === 0) this.#kernel.timers.holdProcess(false)
  }

  /** To those who receive from the queue, else to everybody. */
  #warn(queue: EntryQueue, error: MessagingError): void {
    let told = false
    for (const session of this.#sessions) {
      if (!session.receivesFrom(queue)) continue
      session.events.warning(error)
      told = true
    }
    if (!told) this.#warnAll(error)
  }

  #warnAll(error: MessagingError): void {
    if (this.#sessions.size === 0 && this.#untold.length < MOST_UNTOLD) this.#untold.push(error)
    for (const session of this.#sessions) session.events.warning(error)
  }

  #tell(session: BrokerSession): void {
    for (const error of this.#untold.splice(0)) session.events.warning(error)
  }

  #storeFailed(cause: Error): void {
    this.#warnAll(
      new MessagingError('STORE_FAILED', `The store cannot write: ${cause.message}`, {
        cause,
        hint: 'Make room on the disk of the store; what could not be written is tried again.',
        context: { operation: 'store' },
      }),
    )
  }
}
