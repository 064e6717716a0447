/** The sending side of a link: checks and encodes, then hands over to the pipeline. */

import type { AdapterConnection, AdapterSender } from '../../contract/adapter.ts'
import { settledWithin, within } from '../../core/aborts.ts'
import { countdown } from '../../core/countdown.ts'
import { Ending } from '../../core/ending.ts'
import { asMessagingError, isMessagingError, MessagingError } from '../../model/errors.ts'
import type { MessageFields, OutgoingMessage, Properties } from '../../model/message.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { DISPOSE_MS, disposeNode, prepareNode } from '../address/node-policy.ts'
import { refuseUnsupported } from '../address/refusal.ts'
import { Attachment } from '../link/attachment.ts'
import type { HostedLink } from '../link/hosted-link.ts'
import type { LinkHost } from '../link/link-host.ts'
import {
  type CallOptions,
  type CloseOptions,
  checkOptions,
  DEFAULT_CAPACITY,
  DEFAULT_CLOSE_MS,
  DEFAULT_TIMEOUT_MS,
  type SenderOptions,
  type SendOptions,
} from '../options.ts'
import type { ReceivedMessage } from '../receive/received-message.ts'
import { checkOutgoing } from '../schema.ts'
import { inject } from '../tracing/carrier.ts'
import { channels, Operation, placeOf } from '../tracing/operation.ts'
import type { Trace } from '../tracing/trace.ts'
import { forwardedMessage, type MessageDefaults, outgoingMessage, readFields } from './outgoing.ts'
import { type Outcome, SendPipeline } from './send-pipeline.ts'

const NODE_FEATURE = {
  queue: 'queue',
  topic: 'topic',
  broadcast: 'broadcast',
  multicast: 'multicast',
} as const

/** Sends to one address. Opened by `connection.sender()`; stays attached over reconnects until closed. */
export class Sender<Body = unknown> implements AsyncDisposable {
  readonly #host: LinkHost
  readonly #plan: NodePlan | undefined
  readonly #options: SenderOptions
  readonly #pipeline: SendPipeline
  readonly #attachment: Attachment<AdapterSender>
  readonly #hosted: HostedLink
  #closing: Promise<void> | undefined
  /** The node is not there and must not be made, or was deleted under this link: every send looks again. */
  #missing = false
  /** It was there and is to stay deleted. */
  #deleted = false
  #failed = false
  readonly #ending = new Ending()

  private constructor(host: LinkHost, plan: NodePlan | undefined, options: SenderOptions) {
    this.#host = host
    this.#plan = plan
    this.#options = options
    this.#pipeline = new SendPipeline({
      label: plan?.label ?? '',
      adapter: host.adapter.name,
      capacity: this.capacity,
      resend: options.inDoubt !== 'fail' && this.#reliability === 'at-least-once',
    })
    this.#attachment = new Attachment<AdapterSender>({
      attach: (connection, detached) => this.#attach(connection, detached),
      up: (link) => this.#pipeline.up(link),
      down: (cause) => this.#pipeline.down(cause),
      failed: (error) => this.#detached(error),
      detached: (error) => host.emit({ type: 'detached', address: this.#pipeline.label, error }),
      reattached: () => host.emit({ type: 'reattached', address: this.#pipeline.label }),
    })
    this.#hosted = {
      reconnected: (connection) =>
        this.#missing ? Promise.resolve() : this.#attachment.reconnected(connection),
      lost: (cause) => this.#attachment.lost(cause),
      abandoned: (error) => this.#fail(error),
      setBlocked: (blocked) => this.#pipeline.setBlocked(blocked),
      close: (options) => this.close(options),
    }
  }

  /** Opens a sender; used by `connection.sender()`. */
  static async open<Body>(host: LinkHost, plan: NodePlan, options: SenderOptions): Promise<Sender<Body>> {
    checkOptions('sender', options)
    refuseUnsupported(host.capabilities, NODE_FEATURE[plan.spec.type], plan)
    const sender = new Sender<Body>(host, plan, options)
    await sender.#openWithin(options)
    return sender
  }

  /** A sender without target: every message says where to. */
  static async openAnonymous(host: LinkHost, options: CallOptions = {}): Promise<Sender> {
    const sender = new Sender(host, undefined, {})
    await sender.#openWithin(options)
    return sender
  }

  /** For one-off sends: takes messages at once and opens meanwhile, so that each waits no longer than its own time. */
  static opening(host: LinkHost, plan: NodePlan): Sender {
    refuseUnsupported(host.capabilities, NODE_FEATURE[plan.spec.type], plan)
    const sender = new Sender(host, plan, {})
    void sender.#openMeanwhile()
    return sender
  }

  /** Sends a message of the contract as it is; for parts of this library that pass messages on. */
  static submit(
    sender: Sender,
    message: OutgoingMessage,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    return sender.#submit(message, timeoutMs, signal)
  }

  /** {@link submit} of a message that is new, and not a copy that this library makes by itself: traced as a send. */
  static submitNew(sender: Sender, message: OutgoingMessage, timeoutMs: number): Promise<Outcome> {
    return sender.#submitTraced(message, timeoutMs, undefined)
  }

  /** What is submitted now is written before `submit` returns. */
  static writesAtOnce(sender: Sender): boolean {
    return sender.#pipeline.writesAtOnce
  }

  /** Passes a received message on with other properties; for parts of this library. */
  static forwardWith(
    sender: Sender,
    message: ReceivedMessage,
    properties: Properties,
    timeoutMs: number,
  ): Promise<Outcome> {
    return sender.#forward(message, undefined, properties, timeoutMs)
  }

  /** Sends to these members instead of those the sender was opened for. */
  static sendTo(
    sender: Sender,
    members: readonly string[] | undefined,
    body: unknown,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome> {
    return sender.#send(body, fields, members)
  }

  /** Sends that may be unsettled at the broker at once; further ones wait. */
  get capacity(): number {
    return this.#options.capacity ?? DEFAULT_CAPACITY
  }

  /**
   * Nothing can be sent any more.
   *
   * @internal
   */
  get ended(): boolean {
    return this.#closing !== undefined || this.#failed
  }

  /** Resolves when it was closed by this program; rejects with the error that ended it for good otherwise. Nobody has to listen to it. */
  get closed(): Promise<void> {
    return this.#ending.promise
  }

  /** Sends without an outcome yet, waiting ones included. */
  get unsettled(): number {
    return this.#pipeline.unsettled
  }

  /**
   * Sends one message. Resolves when the broker has taken responsibility for it.
   *
   * The body is encoded at once: what the caller changes afterwards does not matter. With a `schema` the address refuses what its
   * receivers would throw away: the schema is asked about the body as it will arrive, encoded and decoded, so that a `Date` in JSON is text
   * for it. The body goes out as it was given; what the schema turns it into is for the receiver alone. While disconnected, or beyond
   * `capacity`, the send waits (`timeoutMs`, default 30 s); awaiting it is the back-pressure. Concurrent sends are pipelined in the
   * order of the calls.
   *
   * @throws `SEND_UNROUTABLE`, `SEND_REJECTED`, `SEND_UNCONFIRMED`, `CONNECTION_LOST`, `CAPACITY_EXCEEDED`, `MESSAGE_TOO_LARGE`,
   * `ENCODE_FAILED`, `NOT_SUPPORTED`, `ABORTED`, `CLOSED`, `CONFIG_INVALID`; `TypeError` on a wrong type
   */
  send(body: Body, fields?: MessageFields & SendOptions): Promise<Outcome> {
    return this.#send(body, fields, this.#plan?.members)
  }

  /**
   * Sends many, pipelined up to `capacity`. Resolves when the broker has all of them, to their outcomes in the order of the bodies;
   * rejects with the first failure once all have ended. Keeps one promise per body.
   *
   * @throws as {@link send} does, and what reading `bodies` throws
   */
  async sendAll(
    bodies: Iterable<Body> | AsyncIterable<Body>,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome[]> {
    const outcomes: Promise<Outcome>[] = []
    for await (const body of bodies) {
      const outcome = this.send(body, fields)
      outcome.catch(() => {})
      outcomes.push(outcome)
      if (this.unsettled >= this.capacity) await outcome.catch(() => {})
    }
    await Promise.allSettled(outcomes)
    return Promise.all(outcomes)
  }

  /**
   * Passes a received message on: same id, body bytes, fields and properties; the remaining time to live. `fields` replace single
   * ones; what is `undefined` there stays as it came.
   *
   * @throws as {@link send} does
   */
  forward(message: ReceivedMessage, fields?: MessageFields & SendOptions): Promise<Outcome> {
    return this.#forward(message, fields, undefined, undefined)
  }

  /**
   * Nothing more will be sent: closes once everything has its outcome.
   *
   * @internal
   */
  retire(): void {
    void this.#pipeline.idle().then(() => this.close())
  }

  /** Waits for open sends up to `timeoutMs` (default 5 s), then ends the link. Idempotent. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(checkOptions('close', options).timeoutMs ?? DEFAULT_CLOSE_MS)
    return this.#closing
  }

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── sending ──

  #forward(
    message: ReceivedMessage,
    fields: (MessageFields & SendOptions) | undefined,
    properties: Properties | undefined,
    timeoutMs: number | undefined,
  ): Promise<Outcome> {
    let copy: OutgoingMessage
    let given: MessageFields & SendOptions
    try {
      given = readFields(fields)
      copy = forwardedMessage(message, given, this.#defaults())
      if (properties) copy.properties = properties
      copy.members = this.#plan?.members
      this.#refuseFields(copy)
    } catch (error) {
      return Promise.reject(this.#host.named(error))
    }
    return this.#submitTraced(copy, timeoutMs ?? given.timeoutMs ?? DEFAULT_TIMEOUT_MS, given.signal)
  }

  #send(
    body: unknown,
    fields: (MessageFields & SendOptions) | undefined,
    members: readonly string[] | undefined,
  ): Promise<Outcome> {
    let message: OutgoingMessage
    let given: MessageFields & SendOptions
    let checking: unknown
    try {
      given = readFields(fields)
      message = this.#message(body, given, members)
      const schema = this.#plan?.options.schema
      if (schema) checking = checkOutgoing(schema, message, this.#host.codecs)
    } catch (error) {
      return Promise.reject(this.#host.named(error))
    }
    const submit = (): Promise<Outcome> =>
      this.#submitTraced(message, given.timeoutMs ?? DEFAULT_TIMEOUT_MS, given.signal)
    if (!(checking instanceof Promise)) return submit()
    return checking.then(submit, (error) => Promise.reject(this.#host.named(error)))
  }

  #message(body: unknown, fields: MessageFields, members: readonly string[] | undefined): OutgoingMessage {
    const message = outgoingMessage(body, fields, this.#defaults())
    message.members = members
    this.#refuseFields(message)
    return message
  }

  #defaultsCache: MessageDefaults | undefined
  #defaults(): MessageDefaults {
    if (this.#defaultsCache) return this.#defaultsCache
    this.#defaultsCache = {
      subject: this.#plan?.subject,
      durable: this.#plan?.durableMessages ?? true,
      ttlMs: this.#plan?.spec.type === 'queue' ? undefined : this.#plan?.options.ttlMs,
      encoding: this.#host.bodyEncoding,
    }
    return this.#defaultsCache
  }

  #refuseFields(message: OutgoingMessage): void {
    const { capabilities } = this.#host
    if (message.delayMs !== undefined) refuseUnsupported(capabilities, 'delay', this.#plan)
    if (message.ttlMs !== undefined) refuseUnsupported(capabilities, 'ttl', this.#plan)
    if (message.priority !== undefined) refuseUnsupported(capabilities, 'priority', this.#plan)
  }

  #submitTraced(
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    if (!channels.send.hasSubscribers) return this.#submit(message, timeoutMs, signal)
    const place = this.#plan ? placeOf(this.#plan) : { address: undefined, subscription: undefined }
    const operation = new Operation('send', this.#host, place).of([message])
    return operation.promise(() => {
      inject(operation.trace.carrier, message)
      return this.#submit(message, timeoutMs, signal, operation.trace)
    })
  }

  #submit(
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    trace?: Trace,
  ): Promise<Outcome> {
    if (this.#closing) return Promise.reject(this.#host.named(closedError(this.#plan)))
    if (this.#missing) return this.#submitToMissing(message, timeoutMs, signal, trace)
    return this.#pipeline.submit(message, timeoutMs, signal, trace)
  }

  async #submitToMissing(
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    trace: Trace | undefined,
  ): Promise<Outcome> {
    try {
      await this.#host.run('send', { timeoutMs, signal }, (connection) => this.#attachment.open(connection))
      this.#missing = false
      this.#deleted = false
    } catch (error) {
      throw this.#host.named(unroutable(this.#plan!, error))
    }
    return this.#pipeline.submit(message, timeoutMs, signal, trace)
  }

  // ── life of the link ──

  get #reliability(): 'at-most-once' | 'at-least-once' {
    return this.#options.reliability ?? this.#plan?.reliability ?? 'at-least-once'
  }

  async #openWithin(options: CallOptions): Promise<void> {
    try {
      await this.#open(options)
    } catch (error) {
      if (!isMessagingError(error, 'ADDRESS_NOT_FOUND') || this.#plan?.fromText || !this.#plan) {
        void this.#attachment.stop()
        throw error
      }
      this.#missing = true
    }
  }

  async #openMeanwhile(): Promise<void> {
    // A close of the connection waits for the messages taken meanwhile, too.
    this.#host.handles.add(this)
    const wanted = (): boolean => !this.ended && this.unsettled > 0
    try {
      await this.#host.openWhile(wanted, () => this.#open({}))
    } catch (error) {
      void this.#attachment.stop()
      this.#fail(asMessagingError(unroutable(this.#plan!, error)))
    } finally {
      this.#host.handles.delete(this)
    }
  }

  #open(options: CallOptions): Promise<void> {
    return this.#host.open(this.#hosted, options, (connection) => this.#attachment.open(connection))
  }

  async #attach(
    connection: AdapterConnection,
    detached: (error: MessagingError) => void,
  ): Promise<AdapterSender> {
    this.#defaultsCache = undefined
    const plan = this.#plan && this.#deleted ? { ...this.#plan, create: 'never' as const } : this.#plan
    const target = plan && (await prepareNode(connection, plan, 'sender'))
    return connection.attachSender(
      { target, capacity: this.capacity, reliability: this.#reliability, link: this.#plan?.link ?? {} },
      { detached },
    )
  }

  /** The link ended for good; by the end of its node only until there is one again. */
  #detached(error: MessagingError): void {
    if (!this.#plan || error.code !== 'ADDRESS_NOT_FOUND') {
      this.#fail(error)
      return
    }
    this.#missing = true
    this.#deleted = true
    this.#pipeline.refuse(asMessagingError(unroutable(this.#plan, error)))
  }

  #fail(error: MessagingError): void {
    if (this.#failed) return
    this.#failed = true
    this.#host.named(error)
    this.#pipeline.fail(error)
    this.#host.closed(this.#hosted)
    if (error.code === 'CLOSED') this.#ending.closed()
    else this.#ending.failed(error)
    this.#host.linkEnded(this.#pipeline.label, error, false)
  }

  async #close(timeoutMs: number): Promise<void> {
    const left = countdown(timeoutMs)
    await settledWithin(this.#pipeline.idle(), left())
    this.#pipeline.fail(closedError(this.#plan))
    this.#host.closed(this.#hosted)
    await settledWithin(this.#attachment.stop(), left())
    const connection = this.#host.current
    if (connection && this.#plan)
      await within(disposeNode(connection, this.#plan, 'sender'), Math.max(DISPOSE_MS, left()))
    this.#ending.closed()
  }
}

/** A node that is missing, told to whoever sends to it. */
export function unroutable(plan: NodePlan, error: unknown): unknown {
  if (!(error instanceof MessagingError) || error.code !== 'ADDRESS_NOT_FOUND') return error
  return new MessagingError('SEND_UNROUTABLE', error.message, {
    cause: error,
    context: { address: plan.label, operation: 'send' },
  })
}

function closedError(plan: NodePlan | undefined): MessagingError {
  return new MessagingError('CLOSED', 'The sender was closed', {
    context: { address: plan?.label, operation: 'send' },
  })
}
