/** The asking side of request/response: one private reply address per service, answers told apart by correlation id. */

import type { AdapterConnection, AdapterDelivery, AdapterRequester } from '../../contract/adapter.ts'
import { abortedError, onAbort, settledWithin } from '../../core/aborts.ts'
import { newMessageId } from '../../core/message-id.ts'
import { deadlines, Timed } from '../../core/time/deadlines.ts'
import { asMessagingError, because, type ErrorContext, MessagingError } from '../../model/errors.ts'
import { type OutgoingMessage, RESPONSE_ERROR } from '../../model/message.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { prepareNode } from '../address/node-policy.ts'
import { refuseUnsupported } from '../address/refusal.ts'
import { Attachment, type AttachmentOwner } from '../link/attachment.ts'
import type { HostedLink } from '../link/hosted-link.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import { WireMessage } from '../message/wire-message.ts'
import { DEFAULT_CAPACITY, DEFAULT_TIMEOUT_MS, type RequestOptions } from '../options.ts'
import { checkedInTime, checkOutgoing } from '../schema.ts'
import type { MessageFields } from '../send/message-fields.ts'
import { outgoingMessage, readFields } from '../send/outgoing.ts'
import { sendError } from '../send/send-error.ts'
import { SendPipeline } from '../send/send-pipeline.ts'
import { inject } from '../tracing/carrier.ts'
import { channels, Operation, placeOf } from '../tracing/operation.ts'

/** Longest close of a requester that has nothing open any more. Unit: ms. */
const RETIRE_MS = 5_000

class PendingRequest extends Timed {
  readonly correlationId: string
  readonly messageId: string
  readonly resolve: (response: ReceivedMessage) => void
  readonly reject: (error: MessagingError) => void
  readonly #onExpire: (request: PendingRequest) => void
  /** It was written, so somebody may answer. */
  asked = false
  offAbort: (() => void) | undefined

  constructor(
    correlationId: string,
    messageId: string,
    resolve: (response: ReceivedMessage) => void,
    reject: (error: MessagingError) => void,
    onExpire: (request: PendingRequest) => void,
  ) {
    super()
    this.correlationId = correlationId
    this.messageId = messageId
    this.resolve = resolve
    this.reject = reject
    this.#onExpire = onExpire
  }

  expire(): void {
    this.#onExpire(this)
  }
}

export class Requester implements HostedLink, AttachmentOwner<AdapterRequester> {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #pipeline: SendPipeline
  readonly #attachment: Attachment<AdapterRequester>
  readonly #pending = new Map<string, PendingRequest>()
  #replyTo = ''
  #retiring = false
  #ended: MessagingError | undefined

  private constructor(host: LinkHost, plan: NodePlan) {
    this.#host = host
    this.#plan = plan
    this.#pipeline = new SendPipeline({
      label: plan.label,
      adapter: host.adapter.name,
      holdUp: () => host.holdUp,
      keptOut: () => host.keptOut,
      capacity: DEFAULT_CAPACITY,
      // A request in doubt ends with the connection (see `lost`): handling it twice is the caller's decision.
      resend: false,
      // The reply address is another one after a reconnect.
      beforeWrite: (message) => {
        message.replyTo = this.#replyTo
        const pending = this.#pending.get(message.correlationId!)
        if (pending) pending.asked = true
      },
    })
    this.#attachment = new Attachment<AdapterRequester>(this)
  }

  /** Takes requests at once and opens meanwhile, so that each waits no longer than its own time. */
  static opening(host: LinkHost, plan: NodePlan): Requester {
    refuseUnsupported(host.capabilities, 'request', plan)
    const requester = new Requester(host, plan)
    void requester.#openMeanwhile()
    return requester
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  async request(
    body: unknown,
    fields: (MessageFields & RequestOptions) | undefined,
  ): Promise<ReceivedMessage> {
    const given: MessageFields & RequestOptions = readFields(fields)
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = given
    const { capabilities, bodyEncoding } = this.#host
    const message = outgoingMessage(body, given, {
      subject: this.#plan.subject,
      durable: false,
      // A request nobody took in time must not be handled later: its answer would find nobody.
      ttlMs:
        capabilities.features.ttl.level === 'unsupported' || timeoutMs === Infinity
          ? undefined
          : Math.max(1, timeoutMs),
      encoding: bodyEncoding,
    })
    const { schema } = this.#plan.options
    const checking = schema && checkOutgoing(schema, message, this.#host.codecs)
    const left =
      checking instanceof Promise
        ? await checkedInTime(checking, { operation: 'request', timeoutMs, signal })
        : timeoutMs
    // Always our own: answers of two requests must not cross, whatever id the application gave.
    message.correlationId = newMessageId()
    if (!channels.request.hasSubscribers) return this.#ask(message, left, signal)
    const operation = new Operation('request', this.#host, placeOf(this.#plan)).of([message])
    return operation.promise(() => {
      inject(operation.trace.carrier, message)
      return this.#ask(message, left, signal)
    })
  }

  #ask(
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ReceivedMessage> {
    if (this.#ended) return Promise.reject(this.#ended)
    const correlationId = message.correlationId!
    return new Promise((resolve, reject) => {
      const pending = new PendingRequest(correlationId, message.id, resolve, reject, () =>
        this.#expired(pending, timeoutMs),
      )
      if (signal?.aborted) return reject(abortedError(signal, 'request', this.#context(pending)))
      this.#pending.set(correlationId, pending)
      deadlines.add(pending, timeoutMs)
      if (signal)
        pending.offAbort = onAbort(signal, () =>
          this.#finish(pending, abortedError(signal, 'request', this.#context(pending))),
        )
      // Its signal goes along: what waits for a link is not asked behind the back of who has given up.
      this.#pipeline.submit(message, timeoutMs, signal).catch((error: MessagingError) => {
        // Its own clock tells of silence; a refusal is an answer.
        if (error.code !== 'SEND_UNCONFIRMED') this.#finish(pending, error)
      })
    })
  }

  /** Nothing more will be asked: closes once everything has its answer. */
  retire(): void {
    this.#retiring = true
    this.#closeIfDone()
  }

  async #openMeanwhile(): Promise<void> {
    const wanted = (): boolean => !this.ended && this.#pending.size > 0
    const attach = (connection: AdapterConnection): Promise<void> => this.#attachment.open(connection)
    try {
      await this.#host.openWhile(wanted, () => this.#host.open(this, {}, attach))
    } catch (error) {
      void this.#attachment.stop()
      this.failed(asMessagingError(sendError(this.#plan, error)))
    }
  }

  #closeIfDone(): void {
    if (this.#retiring && this.#pending.size === 0 && !this.ended) void this.close({ timeoutMs: RETIRE_MS })
  }

  async attach(
    connection: AdapterConnection,
    detached: (error: MessagingError) => void,
  ): Promise<AdapterRequester> {
    const target = await prepareNode(connection, this.#plan, 'sender')
    const ignore = (): void => {}
    return connection.attachRequester(
      { target, capacity: DEFAULT_CAPACITY, reliability: 'at-least-once', link: {} },
      { deliver: (delivery) => this.#answered(delivery), lost: ignore, gap: ignore, end: ignore, detached },
    )
  }

  #answered(delivery: AdapterDelivery): void {
    const { message } = delivery
    const pending = message.correlationId === undefined ? undefined : this.#pending.get(message.correlationId)
    if (!pending) {
      this.#host.emit({
        type: 'late-response',
        address: this.#plan.label,
        correlationId: message.correlationId ?? '',
      })
      return
    }
    const failure = message.properties[RESPONSE_ERROR]
    if (failure !== undefined) {
      this.#finish(
        pending,
        new MessagingError('REQUEST_FAILED', String(failure), {
          context: { address: this.#plan.label, operation: 'request' },
        }),
      )
      return
    }
    this.#pending.delete(pending.correlationId)
    deadlines.remove(pending)
    pending.offAbort?.()
    pending.resolve(new WireMessage(message, this.#host.codecs, this.#host.adapter.name))
    if (this.#retiring) this.#closeIfDone()
  }

  #expired(pending: PendingRequest, timeoutMs: number): void {
    const context = { ...this.#context(pending), operation: 'request', timeoutMs }
    const holdUp = pending.asked ? undefined : this.#host.holdUp
    const cause = holdUp === 'away' ? this.#host.keptOut : undefined
    const [code, text] =
      holdUp === 'away'
        ? ([
            'CONNECTION_LOST',
            because('No connection came back in time; the request was not sent', cause),
          ] as const)
        : holdUp === 'blocked'
          ? (['CAPACITY_EXCEEDED', 'The broker took no messages in time; the request was not sent'] as const)
          : (['REQUEST_TIMEOUT', `No response from '${this.#plan.label}' within ${timeoutMs} ms`] as const)
    this.#finish(pending, new MessagingError(code, text, { cause, context }))
  }

  /** What every error of a request says. */
  #context(pending: PendingRequest): ErrorContext {
    return {
      adapter: this.#host.adapter.name,
      address: this.#plan.label,
      messageId: pending.messageId,
      inDoubt: pending.asked,
    }
  }

  #finish(pending: PendingRequest, error: MessagingError): void {
    if (!this.#pending.delete(pending.correlationId)) return
    deadlines.remove(pending)
    pending.offAbort?.()
    pending.reject(this.#host.named(error))
    if (this.#retiring) this.#closeIfDone()
  }

  up(link: AdapterRequester): void {
    this.#replyTo = link.replyTo
    this.#pipeline.up(link)
  }

  down(cause: MessagingError): void {
    this.#pipeline.down(cause)
  }

  failed(error: MessagingError): void {
    this.#ended = error
    this.#host.closed(this)
    this.#pipeline.fail(error)
    for (const pending of [...this.#pending.values()]) this.#finish(pending, error)
  }

  detached(error: MessagingError): void {
    this.#host.emit({ type: 'detached', address: this.#plan.label, error })
  }

  reattached(): void {
    this.#host.emit({ type: 'reattached', address: this.#plan.label })
  }

  reconnected(connection: AdapterConnection): Promise<void> {
    return this.#attachment.reconnected(connection)
  }

  lost(cause: MessagingError): void {
    this.#attachment.lost(cause)
    // Confirmed requests wait for an answer at an address that is gone with the connection.
    for (const pending of [...this.#pending.values()]) {
      const error = new MessagingError(
        'CONNECTION_LOST',
        'The connection was lost before the response came',
        {
          cause,
          context: { ...this.#context(pending), operation: 'request' },
          hint: 'The request may have been handled. Ask again if the service can bear that.',
        },
      )
      this.#finish(pending, error)
    }
  }

  abandoned(error: MessagingError): void {
    this.failed(error)
  }

  setBlocked(blocked: boolean): void {
    this.#pipeline.setBlocked(blocked)
  }

  async close({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    this.failed(
      new MessagingError('CLOSED', 'The connection was closed', { context: { address: this.#plan.label } }),
    )
    await settledWithin(this.#attachment.stop(), timeoutMs)
  }
}
