/** What the tracing channels tell of one operation. Never a body, a property of the application, a reason, or the text of an error. */
import type { Place } from '../../contract/adapter.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { TraceCarrier } from './carrier.ts'

/** A message of a traced operation. */
export interface TracedMessage {
  /** Empty when its sender set none. */
  readonly id: string
  /** Ties an answer to its question. */
  readonly correlationId: string | undefined
  /** The context that it carried when the operation began: its creation context. `undefined`: none. */
  readonly carried: Readonly<TraceCarrier> | undefined
}

/** Something that happened within an operation. */
export interface TraceEvent {
  /** `connection lost`: the message is in doubt. `sent again`: with the same id, over another connection. */
  readonly name: 'connection lost' | 'sent again'
  /** Unit: ms since 1970. */
  readonly time: number
}

/** Where the operation takes place. */
export interface TracePlace {
  /** Name of the address; `undefined` for a reply address, which is one asker's own and lives as long as its connection. */
  readonly address: string | undefined
  /** Name of the topic's subscription. */
  readonly subscription: string | undefined
}

/**
 * One operation, as the message of all events of its channel: `start`, `end`, `asyncStart`, `asyncEnd` and, when it failed, `error`.
 * It is the same object in all of them.
 */
export class Trace {
  /** The channel is `sluice:` and this. */
  readonly operation: 'send' | 'receive' | 'process' | 'settle' | 'request' | 'respond'
  /** `rabbitmq`, `qpid`, `zeromq`, `redis`, `memory` or `file`; or the name of an adapter of your own. */
  readonly adapter: string
  /** Product at the other end; `undefined` while disconnected. */
  readonly product: string | undefined
  /** Host and port, or the path of a unix socket; `undefined` for a broker in this process. */
  readonly server: Place | undefined
  /** Name of the address; `undefined` for a reply address, which is one asker's own and lives as long as its connection. */
  readonly address: string | undefined
  /** Name of the topic's subscription. */
  readonly subscription: string | undefined
  /** The handler got a list, even of one message. */
  readonly batch: boolean
  /** One; several in a batch; at the start of `receive`, and at its end when nothing came, none. */
  messages: readonly TracedMessage[] = []
  /** Settle: what became of the delivery. */
  verdict: 'accept' | 'release' | 'reject' | undefined = undefined
  /** `MessagingError.code` of the failure, `HANDLER_FAILED` when a handler threw something else. Set from the event `error` on. */
  errorCode: string | undefined = undefined
  /** What happened meanwhile, in order. Complete at `asyncEnd`. */
  readonly events: TraceEvent[] = []
  /**
   * Send and request: a subscriber of `start` puts the W3C context here that the message shall carry. What the message carries already
   * ({@link TracedMessage.carried}) is never replaced.
   */
  readonly carrier: TraceCarrier = {}
  #around: ((work: () => unknown) => unknown)[] | undefined

  /** Used by this library. */
  constructor(operation: Trace['operation'], host: LinkHost, place: TracePlace, batch = false) {
    this.operation = operation
    this.adapter = host.adapter.name
    this.product = host.current?.broker.product
    this.server = host.place
    this.address = place.address
    this.subscription = place.subscription
    this.batch = batch
  }

  /**
   * Called by a subscriber of `start`: the operation, a handler with all that it calls, will run inside `around`, which must call
   * `work` once, at once, and return what it returns. The other way is `bindStore` on the channel `start`.
   *
   * @example
   * trace.wrap((work) => context.with(contextOfTheSpan, work))
   */
  wrap(around: <T>(work: () => T) => T): void {
    this.#around ??= []
    this.#around.push(around as (work: () => unknown) => unknown)
  }

  /** Used by this library. */
  static enter<T>(trace: Trace, work: () => T): T {
    let inner: () => unknown = work
    for (const around of trace.#around ?? []) {
      const next = inner
      inner = () => around(next)
    }
    return inner() as T
  }

  /** Used by this library. */
  static tell(trace: Trace | undefined, name: TraceEvent['name']): void {
    trace?.events.push({ name, time: Date.now() })
  }
}
