/**
 * One broker of the configuration: connected in the background, tried again when it is away, and asked now and then how long an
 * answer takes. Nothing here waits for it; a call that needs it and finds it away is told so at once.
 */
import { pause } from '../../core/time/waiting.ts'
import { type Capabilities, type Connection, type ConnectOptions, connect, topic } from '../../index.ts'
import { apiError, Refused } from '../errors.ts'
import { NodeBook } from '../nodes/node-book.ts'
import type { ApiError, BrokerView } from '../protocol.ts'
import { shownUrl } from '../session/secrets.ts'

/** After a failed first connection; doubles. A connection that stood once comes back by itself. Unit: ms. */
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000
const PROBE_EVERY_MS = 5_000
const PROBE_TIMEOUT_MS = 10_000
/** Longest time a call of the page waits for the broker. Unit: ms. */
export const CALL_MS = 15_000
/** Looking at a topic that need not be there answers everywhere, changes nothing, and is an error nowhere. */
const PROBED = topic('amq.topic', { create: 'never' })

type State = BrokerView['state']

export class Broker {
  readonly name: string
  readonly options: ConnectOptions
  readonly production: boolean
  readonly nodes: NodeBook
  /** Something that {@link view} shows has changed. */
  readonly #changed: () => void
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #connection: Connection | undefined
  #state: State = 'connecting'
  #error: ApiError | undefined
  #latencyMs: number | undefined

  constructor(name: string, options: ConnectOptions, production: boolean, changed: () => void) {
    this.name = name
    this.options = options
    this.production = production
    this.#changed = changed
    this.nodes = new NodeBook(this)
    this.#running = this.#run()
  }

  /** @throws Refused (503) while the broker is away */
  get connection(): Connection {
    if (this.#connection?.state === 'connected') return this.#connection
    const { message = 'It is being connected to', hint } = this.#error ?? {}
    throw new Refused(503, 'CONNECTION_LOST', `The broker ${this.name} is away. ${message}`, { hint })
  }

  get capabilities(): Capabilities {
    return this.connection.capabilities
  }

  get url(): string {
    return typeof this.options.url === 'string' ? this.options.url : this.options.url[0]!
  }

  get view(): BrokerView {
    const connection = this.#connection
    const { product, version } = connection?.broker ?? {}
    const tiers = connection?.capabilities.tiers
    return {
      name: this.name,
      url: shownUrl(this.url),
      adapter: connection?.adapter ?? this.url.replace(/[:+].*$/s, ''),
      product: product === undefined ? undefined : `${product} ${version}`.trimEnd(),
      state: this.#state,
      error: this.#error,
      tiers: tiers ? [tiers.durable, tiers.transient, tiers.live] : [],
      latencyMs: this.#latencyMs,
      production: this.production,
    }
  }

  async close(): Promise<void> {
    this.nodes.close()
    this.#stop.abort()
    await this.#connection?.close({ timeoutMs: 1_000 }).catch(() => {})
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS)) {
      try {
        this.#connection = await connect({ ...this.options, signal })
        this.#follow(this.#connection)
        this.#is('connected')
        await this.#probe(this.#connection)
        return
      } catch (error) {
        if (signal.aborted) return
        this.#is('failed', apiError(error))
        await pause(retryMs, signal)
      }
    }
  }

  #follow(connection: Connection): void {
    connection.on('disconnected', ({ cause }) => {
      this.#latencyMs = undefined
      this.#is('reconnecting', apiError(cause))
    })
    connection.on('reconnecting', ({ cause }) => this.#is('reconnecting', apiError(cause)))
    connection.on('reconnected', () => this.#is('connected'))
    connection.on('closed', ({ error }) => this.#is('closed', error && apiError(error)))
    // Shown as the state of the broker or by the call that met it; without a listener it would be a warning of the process.
    connection.on('warning', () => {})
  }

  /** Until the end, one after the other: a slow broker is asked less often. */
  async #probe(connection: Connection): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted && connection.state !== 'closed') {
      if (connection.state === 'connected') {
        const start = performance.now()
        const isThere = await connection.admin.inspect(PROBED, { timeoutMs: PROBE_TIMEOUT_MS, signal }).then(
          () => true,
          () => false,
        )
        // A broker that does not answer is as slow as the time it was given.
        this.#latencyMs = connection.state === 'connected' ? rounded(performance.now() - start) : undefined
        if (isThere || connection.state === 'connected') this.#changed()
      }
      await pause(PROBE_EVERY_MS, signal)
    }
  }

  #is(state: State, error?: ApiError): void {
    this.#state = state
    this.#error = error
    this.#changed()
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
