/** A connection with its links: every call becomes a plan of its address, and a link that is opened for it or kept from the call before. */
import type { AdapterConnection } from '../contract/adapter.ts'
import { settledWithin } from '../core/aborts.ts'
import { checkOneOf } from '../core/options/typed.ts'
import { countdown } from '../core/time/countdown.ts'
import type { Capabilities } from '../model/capabilities.ts'
import { MessagingError } from '../model/errors.ts'
import type { Browsable, ServiceLike, Source, Target } from './address/address.ts'
import { cacheKey, planFor } from './address/address-use.ts'
import { toAddress } from './address/text-address.ts'
import type { Admin } from './admin.ts'
import type { Connection } from './connection.ts'
import { consumeBatches } from './consume/batch-consumer.ts'
import { LAST_WORD_MS } from './consume/closing.ts'
import type { BatchHandler, Consumer, Handler } from './consume/consumer.ts'
import { RunningConsumer } from './consume/running-consumer.ts'
import { LinkCache } from './link/link-cache.ts'
import type { LinkHost } from './link/link-host.ts'
import { type ConnectionState, EVENT_TYPES, type StatusEvent } from './link/status.ts'
import type { ReceivedMessage } from './message/received-message.ts'
import { NodeAdmin } from './node-admin.ts'
import {
  type BrowseOptions,
  type CloseOptions,
  type ConsumeBatchOptions,
  type ConsumeOptions,
  checkOptions,
  type ReceiverOptions,
  type RequestOptions,
  type RespondOptions,
  type SenderOptions,
  type SendOptions,
} from './options.ts'
import { AttachedReceiver } from './receive/attached-receiver.ts'
import { browse } from './receive/browse.ts'
import type { Receiver } from './receive/receiver.ts'
import { replay } from './replay/replay.ts'
import type { ReplayOptions, ReplayReport } from './replay/replay-options.ts'
import { Requester } from './request/requester.ts'
import type { RequestHandler, Responder } from './request/responder.ts'
import { RunningResponder } from './request/running-responder.ts'
import { AttachedSender } from './send/attached-sender.ts'
import type { MessageFields } from './send/message-fields.ts'
import type { Outcome } from './send/send-pipeline.ts'
import type { Sender } from './send/sender.ts'

/** Links opened by one-off calls that are kept for the next call. */
const MAX_KEPT_LINKS = 64

export class LiveConnection<Native = unknown> implements Connection<Native> {
  readonly #host: LinkHost
  readonly #senders: LinkCache<AttachedSender>
  readonly #requesters: LinkCache<Requester>
  #closing: Promise<void> | undefined
  readonly admin: Admin

  constructor(host: LinkHost) {
    this.#host = host
    this.admin = new NodeAdmin(host)
    this.#senders = new LinkCache(MAX_KEPT_LINKS)
    this.#requesters = new LinkCache(MAX_KEPT_LINKS)
  }

  get adapter(): string {
    return this.#host.adapter.name
  }

  get capabilities(): Capabilities {
    return this.#host.capabilities
  }

  get broker(): AdapterConnection['broker'] | undefined {
    return this.#host.current?.broker
  }

  get native(): Native | undefined {
    return this.#host.current?.native as Native | undefined
  }

  get state(): ConnectionState {
    return this.#host.state
  }

  status(): AsyncIterableIterator<StatusEvent> {
    const { current } = this.#host
    return this.#host.feed.iterate(
      current ? { type: 'connected', url: this.#host.url, broker: current.broker } : undefined,
    )
  }

  on<T extends StatusEvent['type']>(
    type: T,
    listener: (event: Extract<StatusEvent, { type: T }>) => void,
  ): () => void {
    if (typeof listener !== 'function') throw new TypeError('on(): the listener is no function')
    this.#named(() => checkOneOf('on()', 'type', type ?? null, EVENT_TYPES))
    return this.#host.feed.on(type, listener)
  }

  sender<Body>(target: Target<Body>, options: SenderOptions = {}): Promise<Sender<Body>> {
    return this.#started(() => AttachedSender.open<Body>(this.#host, planFor('sender', target), options))
  }

  receiver<Body>(source: Source<Body>, options: ReceiverOptions = {}): Promise<Receiver<Body>> {
    return this.#started(() =>
      AttachedReceiver.open<Body>(this.#host, planFor('receiver', source), checkOptions('receiver', options)),
    )
  }

  browse<Body>(
    source: Browsable<Body>,
    options: BrowseOptions = {},
  ): AsyncGenerator<ReceivedMessage<Body>, void, undefined> {
    return this.#named(() =>
      browse<Body>(this.#host, planFor('browse', source), checkOptions('browse', options)),
    )
  }

  replay<Body>(source: Browsable<Body>, options?: ReplayOptions<Body>): Promise<ReplayReport> {
    return this.#started(() => replay<Body>(this.#host, planFor('browse', source), options))
  }

  send<Body>(
    target: Target<Body>,
    body: NoInfer<Body>,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome> {
    return this.#started(async () => {
      const address = toAddress(target)
      const place = planFor('sender', address)
      const sender = this.#senders.get(cacheKey(address), address.options, () =>
        AttachedSender.opening(this.#host, place),
      )
      return sender.sendTo(address.kind === 'members' ? address.members : undefined, body, fields)
    })
  }

  request<Request, Response>(
    service: ServiceLike<Request, Response>,
    body: NoInfer<Request>,
    fields?: MessageFields & RequestOptions,
  ): Promise<ReceivedMessage<Response>> {
    return this.#started(async () => {
      const address = toAddress(service)
      const requester = this.#requesters.get(cacheKey(address), address.options, () =>
        Requester.opening(this.#host, planFor('request', address)),
      )
      return requester.request(body, fields) as Promise<ReceivedMessage<Response>>
    })
  }

  respond<Request, Response>(
    service: ServiceLike<Request, Response>,
    handler: RequestHandler<Request, Response>,
    options: RespondOptions = {},
  ): Promise<Responder> {
    return this.#started(() =>
      RunningResponder.open(this.#host, planFor('request', service), handler, options),
    )
  }

  consume<Body>(
    source: Source<Body>,
    handler: Handler<Body>,
    options: ConsumeOptions = {},
  ): Promise<Consumer> {
    return this.#started(() =>
      RunningConsumer.open<Body>(
        this.#host,
        planFor('receiver', source),
        handler,
        checkOptions('consume', options),
      ),
    )
  }

  consumeBatch<Body>(
    source: Source<Body>,
    handler: BatchHandler<Body>,
    options: ConsumeBatchOptions = {},
  ): Promise<Consumer> {
    return this.#started(() =>
      consumeBatches<Body>(
        this.#host,
        planFor('receiver', source),
        handler,
        checkOptions('consumeBatch', options),
      ),
    )
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = this.#host.closeTime(options)
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #named<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#host.named(error)
    }
  }

  async #started<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.#closing) throw new MessagingError('CLOSED', 'The connection was closed')
      return await work()
    } catch (error) {
      throw this.#host.named(error)
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    const left = countdown(timeoutMs)
    const handles = [...this.#host.handles]
    await settledWithin(Promise.all(handles.map((handle) => handle.close({ timeoutMs }))), left())
    const late = handles.filter((handle) => handle.closing && this.#host.handles.has(handle))
    if (late.length === 0) await this.#host.close(left())
    // A handler may be waiting for this very close: see `closing.ts`.
    else void this.#closeBehind(late.map((handle) => handle.closing!.done))
  }

  async #closeBehind(handles: readonly Promise<void>[]): Promise<void> {
    await settledWithin(Promise.all(handles), 2 * LAST_WORD_MS)
    await this.#host.close(0)
  }
}
