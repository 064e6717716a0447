/** The life of a sender: opened, attached again after every loss, told when its node is missing, closed. Messages go through its encoder to its pipeline. */

import { setImmediate as turn } from 'node:timers/promises'
import type { AdapterConnection, AdapterSender } from '../../contract/adapter.ts'
import { settledWithin, within } from '../../core/aborts.ts'
import { Ending } from '../../core/ending.ts'
import { countdown } from '../../core/time/countdown.ts'
import { asMessagingError, isMessagingError, MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage, Properties } from '../../model/message.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { DISPOSE_MS, disposeNode, prepareNode } from '../address/node-policy.ts'
import { refuseUnsupported } from '../address/refusal.ts'
import { Attachment } from '../link/attachment.ts'
import type { HostedLink } from '../link/hosted-link.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import {
  type CallOptions,
  type CloseOptions,
  checkOptions,
  DEFAULT_CAPACITY,
  DEFAULT_TIMEOUT_MS,
  type SenderOptions,
  type SendOptions,
} from '../options.ts'
import { checkedInTime } from '../schema.ts'
import { inject } from '../tracing/carrier.ts'
import { channels, Operation, placeOf } from '../tracing/operation.ts'
import type { Trace } from '../tracing/trace.ts'
import { MessageEncoder } from './message-encoder.ts'
import type { MessageFields } from './message-fields.ts'
import { readFields } from './outgoing.ts'
import { sendError } from './send-error.ts'
import { type Outcome, SendPipeline } from './send-pipeline.ts'
import type { Sender } from './sender.ts'

/** Of `sendAll`, until the program's other work has its turn. */
const BODIES_A_TURN = 1_000

const NODE_FEATURE = {
  queue: 'queue',
  topic: 'topic',
  broadcast: 'broadcast',
  multicast: 'multicast',
} as const

export class AttachedSender<Body = unknown> implements Sender<Body> {
  readonly #host: LinkHost
  readonly #plan: NodePlan | undefined
  readonly #options: SenderOptions
  readonly #encoder: MessageEncoder
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
    this.#encoder = new MessageEncoder(host, plan)
    this.#pipeline = new SendPipeline({
      label: plan?.label ?? '',
      adapter: host.adapter.name,
      holdUp: () => host.holdUp,
      keptOut: () => host.keptOut,
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
  static async open<Body>(
    host: LinkHost,
    plan: NodePlan,
    options: SenderOptions,
  ): Promise<AttachedSender<Body>> {
    const checked = checkOptions('sender', options)
    refuseUnsupported(host.capabilities, NODE_FEATURE[plan.spec.type], plan)
    const sender = new AttachedSender<Body>(host, plan, checked)
    await sender.#openWithin(checked)
    return sender
  }

  /** A sender without target: every message says where to. */
  static async openAnonymous(host: LinkHost, options: CallOptions = {}): Promise<AttachedSender> {
    const sender = new AttachedSender(host, undefined, {})
    await sender.#openWithin(options)
    return sender
  }

  /** For one-off sends: takes messages at once and opens meanwhile, so that each waits no longer than its own time. */
  static opening(host: LinkHost, plan: NodePlan): AttachedSender {
    refuseUnsupported(host.capabilities, NODE_FEATURE[plan.spec.type], plan)
    const sender = new AttachedSender(host, plan, {})
    void sender.#openMeanwhile()
    return sender
  }

  get capacity(): number {
    return this.#options.capacity ?? DEFAULT_CAPACITY
  }

  /** Nothing can be sent any more. */
  get ended(): boolean {
    return this.#closing !== undefined || this.#failed
  }

  get closed(): Promise<void> {
    return this.#ending.promise
  }

  get unsettled(): number {
    return this.#pipeline.unsettled
  }

  send(body: Body, fields?: MessageFields & SendOptions): Promise<Outcome> {
    return this.sendTo(this.#plan?.members, body, fields)
  }

  async sendAll(
    bodies: Iterable<Body> | AsyncIterable<Body>,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome[]> {
    const outcomes: Promise<Outcome>[] = []
    if (!isIterable(bodies)) throw new TypeError('sendAll(): the bodies are no iterable')
    const signal = this.#signalOf(fields)
    for await (const body of bodies) {
      const outcome = this.send(body, fields)
      outcome.catch(() => {})
      outcomes.push(outcome)
      if (this.unsettled >= this.capacity) await outcome.catch(() => {})
      // A broker in this process answers at once, and would leave no turn to anybody else.
      if (outcomes.length % BODIES_A_TURN === 0) await turn()
      // Nothing more can be sent: bodies without an end would be read for ever.
      if (this.ended || signal?.aborted) break
    }
    await Promise.allSettled(outcomes)
    return Promise.all(outcomes)
  }

  forward(message: ReceivedMessage, fields?: MessageFields & SendOptions): Promise<Outcome> {
    return this.#forward(message, fields, undefined, undefined)
  }

  /** Nothing more will be sent: closes once everything has its outcome. */
  retire(): void {
    void this.#pipeline.idle().then(() => this.close())
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = this.#host.closeTime(options)
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── for parts of this library ──

  /** Sends to these members instead of those the sender was opened for. */
  sendTo(
    members: readonly string[] | undefined,
    body: unknown,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome> {
    let message: OutgoingMessage
    let given: MessageFields & SendOptions
    let checking: unknown
    try {
      given = readFields(fields)
      message = this.#encoder.message(body, given, members)
      checking = this.#encoder.checked(message)
    } catch (error) {
      return Promise.reject(this.#host.named(error))
    }
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = given
    if (!(checking instanceof Promise)) return this.submitNew(message, timeoutMs, signal)
    return checkedInTime(checking, { operation: 'send', timeoutMs, signal }).then(
      (left) => this.submitNew(message, left, signal),
      (error) => Promise.reject(this.#host.named(error)),
    )
  }

  /** Passes a received message on with other properties. */
  forwardWith(message: ReceivedMessage, properties: Properties, timeoutMs: number): Promise<Outcome> {
    return this.#forward(message, undefined, properties, timeoutMs)
  }

  /** Sends a message of the contract that is new, and not a copy that this library makes by itself: traced as a send. */
  submitNew(
    message: OutgoingMessage,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    if (!channels.send.hasSubscribers) return this.submit(message, timeoutMs, signal)
    const place = this.#plan ? placeOf(this.#plan) : { address: undefined, subscription: undefined }
    const operation = new Operation('send', this.#host, place).of([message])
    return operation.promise(() => {
      inject(operation.trace.carrier, message)
      return this.submit(message, timeoutMs, signal, operation.trace)
    })
  }

  /** Sends a message of the contract as it is. */
  submit(message: OutgoingMessage, timeoutMs: number, signal?: AbortSignal, trace?: Trace): Promise<Outcome> {
    if (this.#closing) return Promise.reject(this.#host.named(closedError(this.#plan)))
    if (this.#missing) return this.#submitToMissing(message, timeoutMs, signal, trace)
    return this.#pipeline.submit(message, timeoutMs, signal, trace)
  }

  /** What is submitted now is written before `submit` returns. */
  get writesAtOnce(): boolean {
    return this.#pipeline.writesAtOnce
  }

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
      copy = this.#encoder.copy(message, given, properties)
    } catch (error) {
      return Promise.reject(this.#host.named(error))
    }
    return this.submitNew(copy, timeoutMs ?? given.timeoutMs, given.signal)
  }

  #signalOf(fields: (MessageFields & SendOptions) | undefined): AbortSignal | undefined {
    try {
      return readFields(fields).signal
    } catch (error) {
      throw this.#host.named(error)
    }
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
      throw this.#host.named(sendError(this.#plan!, error))
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
      this.#fail(asMessagingError(sendError(this.#plan!, error)))
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
    this.#encoder.connected()
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
    this.#pipeline.refuse(asMessagingError(sendError(this.#plan, error)))
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

function closedError(plan: NodePlan | undefined): MessagingError {
  return new MessagingError('CLOSED', 'The sender was closed', {
    context: { address: plan?.label, operation: 'send' },
  })
}

function isIterable(bodies: Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined): boolean {
  try {
    return typeof (bodies?.[Symbol.asyncIterator] ?? bodies?.[Symbol.iterator]) === 'function'
  } catch {
    return false
  }
}
