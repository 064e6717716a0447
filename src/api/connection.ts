/** What an application holds: opens links, sends once, asks, answers, consumes, browses; tells its status. */
import type { Capabilities } from '../model/capabilities.ts'
import type { Browsable, ServiceLike, Source, Target } from './address/address.ts'
import type { Admin } from './admin.ts'
import type { BatchHandler, Consumer, Handler } from './consume/consumer.ts'
import type { ConnectionState, StatusEvent } from './link/status.ts'
import type { ReceivedMessage } from './message/received-message.ts'
import type {
  BrowseOptions,
  CloseOptions,
  ConsumeBatchOptions,
  ConsumeOptions,
  ReceiverOptions,
  RequestOptions,
  RespondOptions,
  SenderOptions,
  SendOptions,
} from './options.ts'
import type { Receiver } from './receive/receiver.ts'
import type { ReplayOptions, ReplayReport } from './replay/replay-options.ts'
import type { RequestHandler, Responder } from './request/responder.ts'
import type { MessageFields } from './send/message-fields.ts'
import type { Outcome } from './send/send-pipeline.ts'
import type { Sender } from './send/sender.ts'

/**
 * A connection to one broker, or to the first of a fail-over list that answers. Comes back by itself, with every link that was open.
 *
 * `Native` is the type of {@link native}: `connect('redis://…')` knows it from the URL.
 *
 * @example
 * await using connection = await connect('memory:')
 * await connection.send(queue('orders'), { id: 7 })
 */
export interface Connection<Native = unknown> extends AsyncDisposable {
  /** Nodes as a whole: declare, delete, purge, inspect, list. */
  readonly admin: Admin
  /** Name of the adapter: `rabbitmq`, `qpid`, … */
  readonly adapter: string
  /** What the broker at the other end can do. */
  readonly capabilities: Capabilities
  /**
   * Product and version of the broker; `undefined` while disconnected. `notes`: what its settings mean for programs, for its administrator
   * (`sluice doctor` shows them).
   */
  readonly broker:
    | { readonly product: string; readonly version: string; readonly notes?: readonly string[] | undefined }
    | undefined
  /** The client library's own object; another one after a reconnect, `undefined` while disconnected. */
  readonly native: Native | undefined
  /** What it is now; {@link status} tells every change. */
  readonly state: ConnectionState

  /** Everything that happens from now on, the present state first; ends when the connection is closed. */
  status(): AsyncIterableIterator<StatusEvent>

  /** Calls `listener` for every event of the type; the returned function removes it. @throws `CONFIG_INVALID` on a type that there is not; `TypeError` */
  on<T extends StatusEvent['type']>(
    type: T,
    listener: (event: Extract<StatusEvent, { type: T }>) => void,
  ): () => void

  /**
   * Opens a sender. Resolves when the broker has accepted the link, the node made if the address says so; waits for a
   * connection up to `timeoutMs` (default 30 s).
   *
   * @throws `ADDRESS_NOT_FOUND` of an address string whose node is missing and not to be made, `ADDRESS_MISMATCH`, `NOT_SUPPORTED`,
   * `UNAUTHORIZED`, `CONNECTION_LOST`, `ABORTED`, `CLOSED`, `CONFIG_INVALID`; `TypeError` on a wrong type
   */
  sender<Body>(target: Target<Body>, options?: SenderOptions): Promise<Sender<Body>>

  /**
   * Opens a receiver. Resolves when it is live: on a topic the very next publish arrives. Waits for a connection up to
   * `timeoutMs` (default 30 s).
   *
   * @throws `ADDRESS_NOT_FOUND`, `ADDRESS_MISMATCH`, `NOT_SUPPORTED`, `UNAUTHORIZED` (also where another receiver is exclusive),
   * `CONNECTION_LOST`, `ABORTED`, `CLOSED`, `CONFIG_INVALID`; `TypeError` on a wrong type
   */
  receiver<Body>(source: Source<Body>, options?: ReceiverOptions): Promise<Receiver<Body>>

  /**
   * Looks at every waiting message in order, and changes nothing; ends at the end of the queue, or goes on with new arrivals
   * with `follow`. Where a broker has no such operation, `capabilities.features.browse` says what the imitation does.
   * The link is opened by the first `next()` and closed when the loop is left.
   *
   * @throws from the iteration what {@link receiver} throws, and `CONNECTION_LOST` when the link is lost: where it was is not known
   */
  browse<Body>(
    source: Browsable<Body>,
    options?: BrowseOptions,
  ): AsyncGenerator<ReceivedMessage<Body>, void, undefined>

  /**
   * Sends the messages of a dead-letter queue back to where they came from, all or those that `where` chooses, and leaves the others in
   * their place. A message is taken out when its target has confirmed it; killed in between, and begun again, some go twice with the same
   * id, none is lost. What goes back is the message as it was, with a fresh count of deliveries: the properties that say why it died
   * are off it, but for `sluice-deaths`, how often it did. The order is kept for each target; what arrives meanwhile stays. Resolves to what
   * was done, also where some targets refused their messages: see `refused`. `capabilities.features.replay` says what the imitation does
   * where a broker cannot take single messages out.
   *
   * @throws what {@link browse} and {@link sender} throw, what `where` throws, `CONNECTION_LOST`, `ABORTED`: begin again then
   * @example
   * const { replayed } = await connection.replay(queue('orders.failed'), {
   *   where: (letter) => letter.properties['sluice-reason'] === 'no stock',
   * })
   */
  replay<Body>(source: Browsable<Body>, options?: ReplayOptions<Body>): Promise<ReplayReport>

  /**
   * One send, over a link that is kept for the next one. Waits for the broker up to `timeoutMs` (default 30 s).
   *
   * @throws as `Sender.send` does
   */
  send<Body>(
    target: Target<Body>,
    body: NoInfer<Body>,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome>

  /**
   * Asks and resolves to the response. The default `timeoutMs` is 30 s; a service that is known but has no responder is waited
   * for that long.
   *
   * @throws `REQUEST_TIMEOUT`, `REQUEST_FAILED` with the handler's message, `CONNECTION_LOST` when the answer cannot come any more
   */
  request<Request, Response>(
    service: ServiceLike<Request, Response>,
    body: NoInfer<Request>,
    fields?: MessageFields & RequestOptions,
  ): Promise<ReceivedMessage<Response>>

  /**
   * Answers requests: what `handler` returns goes to the asker, what it throws reaches the asker as `REQUEST_FAILED`.
   * `concurrency` (default 1) requests are handled at once. Resolves when requests can come.
   *
   * @throws as {@link receiver} does
   */
  respond<Request, Response>(
    service: ServiceLike<Request, Response>,
    handler: RequestHandler<Request, Response>,
    options?: RespondOptions,
  ): Promise<Responder>

  /**
   * Calls `handler` for every delivery: accepted on return, tried again with growing delay (1 s to 30 s) and finally
   * dead-lettered on throw. `concurrency` (default 1) handlers run at once. Resolves when deliveries can come.
   *
   * @throws as {@link receiver} does
   */
  consume<Body>(source: Source<Body>, handler: Handler<Body>, options?: ConsumeOptions): Promise<Consumer>

  /**
   * Calls `handler` for up to `size` (default 100) deliveries at a time, or for what came within `waitMs` (default 50 ms) of the first of them:
   * for work that is cheaper together, as one transaction or one bulk call. Resolves when deliveries can come.
   *
   * A batch has its deliveries in the order in which they came. When the handler returns, all that it did not settle itself are accepted, in one
   * verdict for many where the broker has that; when it throws, those are tried again as {@link consume} does, each with its own count, delay,
   * limit and dead letter. One bad message that always makes the handler throw so takes its neighbours along: reject it by itself and return.
   * `concurrency` (default 1) batches are handled at once. `close()` lets the running ones finish and gives back what was only fetched.
   *
   * @throws as {@link receiver} does
   *
   * @example
   * await connection.consumeBatch(orders, async (batch) => {
   *   await database.insertAll(batch.map((delivery) => delivery.body))
   * }, { size: 500, waitMs: 200 })
   */
  consumeBatch<Body>(
    source: Source<Body>,
    handler: BatchHandler<Body>,
    options?: ConsumeBatchOptions,
  ): Promise<Consumer>

  /**
   * Settles what is open within `timeoutMs` (default 5 s), gives unsettled deliveries back, ends the connection. A broker that does
   * not answer holds it up for a quarter of a second longer at most; handlers that still run then have half a second to return, in which the
   * connection ends behind this call. In a handler, do not await it, as with that of a consumer. Idempotent.
   */
  close(options?: CloseOptions): Promise<void>

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}
