/**
 * What all links of one connection share: the current physical connection, status events, codecs, and the way out for
 * copies. It follows the supervisor: on every new connection it attaches all links anew.
 */
import { channel } from 'node:diagnostics_channel'
import type { Adapter, AdapterConnection, Place } from '../../contract/adapter.ts'
import { settledWithin } from '../../core/aborts.ts'
import { EventFeed } from '../../core/event-feed.ts'
import { countdown } from '../../core/time/countdown.ts'
import { pause } from '../../core/time/waiting.ts'
import type { BodyEncoding, CodecTable } from '../../model/body-codec.ts'
import type { Capabilities } from '../../model/capabilities.ts'
import {
  asMessagingError,
  isMessagingError,
  MessagingError,
  namingAdapter,
  redact,
} from '../../model/errors.ts'
import { type CallOptions, type CloseOptions, checkOptions, DEFAULT_CLOSE_MS } from '../options.ts'
import type { ConnectPlan } from './connect-options.ts'
import { CurrentConnection } from './current-connection.ts'
import type { CopyRoute, Handle, HoldUp, HostedLink } from './hosted-link.ts'
import type { ConnectionState, StatusEvent } from './status.ts'
import { Supervisor, type SupervisorOwner } from './supervisor.ts'

/** Every status event of every connection of the process, as `{ adapter, url, event }`: for monitoring that cannot reach the connections. */
const statusChannel = channel('sluice:status')

/** What the end of the connection may take when all the time of a close is used up. Unit: ms. */
const FAREWELL_MS = 150
/** The same for a broker that has not answered the links within their time: none is expected. */
const SILENT_FAREWELL_MS = 50

export class LinkHost implements SupervisorOwner {
  readonly adapter: Adapter
  readonly codecs: CodecTable
  readonly feed = new EventFeed<StatusEvent>()
  readonly copies: CopyRoute
  /** Those that are open; each takes itself out when it closes. */
  readonly handles = new Set<Handle>()
  readonly #supervisor: Supervisor
  readonly #plan: ConnectPlan
  readonly #links = new Set<HostedLink>()
  readonly #closing = new AbortController()
  readonly #connection: CurrentConnection
  #capabilities: Capabilities
  #bodyEncoding: BodyEncoding
  #state: ConnectionState = 'disconnected'
  #blocked = false
  #url = ''
  #place: Place | undefined
  #everConnected = false
  /** A warning that nobody listened to was told to the process. */
  #warned = false
  /** Warnings that came before the program could listen: of messages that a store cannot read, for example. */
  #early: MessagingError[] | undefined = []

  constructor(adapter: Adapter, plan: ConnectPlan, copiesOver: (host: LinkHost) => CopyRoute) {
    this.adapter = adapter
    this.codecs = plan.codecs
    this.#plan = plan
    this.#capabilities = adapter.capabilities
    this.#bodyEncoding = this.#encodingFor(adapter.capabilities)
    this.#connection = new CurrentConnection(adapter.name)
    this.copies = copiesOver(this)
    this.#supervisor = new Supervisor(adapter, plan.targets, plan.connectTimeoutMs, plan.reconnect, this)
  }

  get capabilities(): Capabilities {
    return this.#capabilities
  }

  get bodyEncoding(): BodyEncoding {
    return this.#bodyEncoding
  }

  get current(): AdapterConnection | undefined {
    return this.#connection.get()
  }

  /** The URL in use, without its password. */
  get url(): string {
    return this.#url
  }

  /** Where the socket of the current connection goes, or of the last one; `undefined` for a broker in this process. */
  get place(): Place | undefined {
    return this.#place
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Why nothing goes to the broker for now, if so. */
  get holdUp(): HoldUp | undefined {
    if (!this.current) return 'away'
    return this.#blocked ? 'blocked' : undefined
  }

  /** Why no connection comes, while there is none. */
  get keptOut(): MessagingError | undefined {
    return this.#connection.keptOut
  }

  async start(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#supervisor.start(signal)
    } catch (error) {
      const cause = asMessagingError(error)
      if (!this.#plan.waitForBroker || !cause.retryable) throw cause
      await this.#supervisor.startPatiently(cause, signal)
    } finally {
      // `connect()` resolves before that, and whoever awaits it adds listeners in the same turn.
      setImmediate(() => this.#tellEarly())
    }
  }

  emit(event: StatusEvent): void {
    if ('error' in event) this.named(event.error)
    this.feed.emit(event)
    if (statusChannel.hasSubscribers)
      statusChannel.publish({ adapter: this.adapter.name, url: this.#url, event })
  }

  /** Runs `work` on the current connection, waiting for one if there is none, and again if it is lost meanwhile. */
  run<T>(
    operation: string,
    options: CallOptions,
    work: (connection: AdapterConnection) => Promise<T>,
  ): Promise<T> {
    return this.#connection.run(operation, options, work)
  }

  /** Opens a link and keeps it attached from then on. */
  async open(
    link: HostedLink,
    options: CallOptions,
    attach: (connection: AdapterConnection) => Promise<void>,
  ): Promise<void> {
    try {
      await this.run('open', options, attach)
    } catch (error) {
      throw this.#whileBlocked(link, error)
    }
    if (this.#connection.ended) throw this.#connection.ended
    this.#links.add(link)
    if (this.#blocked) link.setBlocked?.(true)
  }

  /** A broker that takes no messages may read nothing at all from who sends: that, and no lost connection, is why a link did not open. */
  #whileBlocked(link: HostedLink, error: unknown): unknown {
    if (!this.#blocked || !link.setBlocked || !isMessagingError(error, 'CONNECTION_LOST')) return error
    if (error.context.reason !== undefined || error.cause !== undefined) return error
    return new MessagingError(
      'CAPACITY_EXCEEDED',
      'open: the broker took no messages for the whole time allowed, so the link was not opened',
      {
        cause: error,
        hint: 'Try again later: an alarm of the broker (memory, disk) holds up all who send; see the events blocked and unblocked.',
        context: { ...error.context, reason: 'blocked' },
      },
    )
  }

  /** Repeats an opening that found no connection, or a broker that takes nothing, for as long as it is wanted. */
  async openWhile(wanted: () => boolean, open: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await open()
        return
      } catch (error) {
        const late = isMessagingError(error, 'CONNECTION_LOST') && error.retryable
        const blocked = isMessagingError(error) && error.context.reason === 'blocked'
        if (!(late || blocked) || !wanted()) throw error
      }
    }
  }

  closed(link: HostedLink): void {
    this.#links.delete(link)
  }

  /** Resolves after `ms`, or at once when the connection is closed. */
  delay(ms: number): Promise<void> {
    return pause(ms, this.#closing.signal)
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    const left = countdown(timeoutMs)
    this.#closing.abort()
    const links = [...this.#links].map((link) => link.close({ timeoutMs }))
    const answered = await settledWithin(Promise.all(links), left())
    await this.copies.close(left())
    const closed = new MessagingError('CLOSED', 'The connection was closed')
    this.#end(closed, undefined)
    // Those that were being opened meanwhile.
    for (const link of [...this.#links]) link.abandoned(closed)
    await this.#supervisor.close(answered ? Math.max(FAREWELL_MS, left()) : SILENT_FAREWELL_MS)
  }

  // ── told by the supervisor ──

  connected(connection: AdapterConnection, url: string): void {
    this.#capabilities = connection.capabilities
    this.#bodyEncoding = this.#encodingFor(connection.capabilities)
    this.#url = url
    this.#place = this.#placeOf(url)
    this.#state = 'connected'
    this.#connection.opened(connection)
    const { broker } = connection
    if (!this.#everConnected) {
      this.#everConnected = true
      this.emit({ type: 'connected', url, broker })
      return
    }
    void Promise.all([...this.#links].map((link) => link.reconnected(connection))).then(() => {
      if (connection === this.current) this.emit({ type: 'reconnected', url: this.#url, broker })
    })
  }

  lost(cause: MessagingError, final: boolean): void {
    if (this.#state === 'closed') return
    const wasConnected = this.#state === 'connected'
    this.#state = 'disconnected'
    this.unblocked()
    this.#connection.lost(cause)
    if (wasConnected) {
      for (const link of [...this.#links]) link.lost(cause)
      this.emit({ type: 'disconnected', cause })
    }
    if (final) {
      const error = new MessagingError(
        'CONNECTION_LOST',
        'The connection was lost and no further attempt is made',
        {
          cause,
          retryable: false,
          hint: 'Reconnecting is off, or its limit is reached: connect again.',
          context: { adapter: this.adapter.name },
        },
      )
      for (const link of [...this.#links]) link.abandoned(error)
      this.#end(error, error)
    }
  }

  attempt(facts: { attempt: number; delayMs: number; url: string; cause: MessagingError }): void {
    this.#connection.attempt(facts.cause)
    this.emit({ type: 'reconnecting', ...facts })
  }

  blocked(reason: string): void {
    this.#blocked = true
    for (const link of this.#links) link.setBlocked?.(true)
    this.emit({ type: 'blocked', reason })
  }

  unblocked(): void {
    if (!this.#blocked) return
    this.#blocked = false
    for (const link of this.#links) link.setBlocked?.(false)
    this.emit({ type: 'unblocked' })
  }

  #tellEarly(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const error of early) this.warning(error)
  }

  warning(error: MessagingError): void {
    this.named(error)
    if (this.#early) {
      this.#early.push(error)
      return
    }
    if (!this.#warned && !this.feed.hasListeners('warning') && !statusChannel.hasSubscribers) {
      this.#warned = true
      process.emitWarning(`${error.message} (further ones: connection.on('warning', …))`, {
        type: 'SluiceWarning',
        code: error.code,
      })
    }
    this.emit({ type: 'warning', error })
  }

  /** A link ended for good. `silent`: nobody will be told by a call of its own. */
  linkEnded(address: string, error: MessagingError, silent: boolean): void {
    if (this.#state === 'closed') return
    this.named(error)
    if (silent && !this.feed.hasListeners('ended') && !statusChannel.hasSubscribers) {
      const text = `What was opened on '${address}' ended for good: ${error.message} (see its promise 'closed')`
      process.emitWarning(text, { type: 'SluiceWarning', code: error.code })
    }
    this.emit({ type: 'ended', address, error })
  }

  /** What a close may take. Unit: ms. @throws `CONFIG_INVALID`, TypeError */
  closeTime(options: CloseOptions): number {
    try {
      return checkOptions('close', options).timeoutMs ?? DEFAULT_CLOSE_MS
    } catch (error) {
      throw this.named(error)
    }
  }

  /** Names the adapter in an error on its way to the application. */
  named<E>(error: E): E {
    return namingAdapter(error, this.adapter.name)
  }

  /** A verdict that nobody waits for failed. Lost or settled meanwhile is no fault: the broker gives the message again. */
  verdictFailed(error: unknown): void {
    const problem = asMessagingError(error)
    if (problem.code !== 'DELIVERY_LOST' && problem.code !== 'ALREADY_SETTLED') this.warning(problem)
  }

  #placeOf(url: string): Place | undefined {
    const target = this.#plan.targets.find((one) => redact(one.url) === url)
    return target && this.adapter.places?.(target)[0]
  }

  #encodingFor({ features, limits }: Capabilities): BodyEncoding {
    return {
      codecs: this.codecs,
      structuredNative: features.structuredBodies.level === 'native',
      maxBodyBytes: limits.maxBodyBytes,
    }
  }

  #end(error: MessagingError, shown: MessagingError | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#connection.end(error)
    this.emit({ type: 'closed', error: shown })
    this.feed.end()
  }
}
