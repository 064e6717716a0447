/**
 * The contract between the API and an adapter. The API is thick and the adapter thin: an adapter
 * translates calls and messages to its client library, and nothing else.
 *
 * The API does, so that an adapter must not: validation, defaults, user codecs, capacity (a sender never
 * has more than `capacity` transfers outstanding), credit bookkeeping towards the application, timeouts and
 * abort signals, retry, reconnect with back-off over a list of URLs, re-attaching links, sending in-doubt
 * messages again, settle-once, refusing what `capabilities` says is unsupported, and, where the features
 * `deadLetter`, `maxDeliveries` or `delayedRelease` are declared `emulated`, dead-lettering by a copy.
 *
 * Life: `Adapter.connect` makes one physical connection. It is one generation: once it is lost it reports
 * `disconnected` and is never used again; the API connects anew and attaches every link anew. Nothing of an
 * old generation can therefore settle anything in a new one.
 *
 * Errors: everything an adapter throws, rejects with or reports is a `MessagingError` made by its
 * `errors.ts`, with the client library's error as `cause`.
 */
import type { Capabilities } from '../model/capabilities.ts'
import type { MessagingError } from '../model/errors.ts'
import type { IncomingMessage } from '../model/message.ts'
import type {
  AdapterReceiver,
  AdapterRequester,
  AdapterSender,
  AddressOption,
  LinkEvents,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from './links.ts'
import type { NodeInfo, NodeRef, NodeSpec } from './nodes.ts'

export { type Annotations, carriedAnnotations } from '../model/annotations.ts'
export type { Capabilities, Capability, Feature } from '../model/capabilities.ts'
export { inUse, MessagingError, nodeFull } from '../model/errors.ts'
export type { IncomingMessage, MessageContent, OutgoingMessage, StructuredBody } from '../model/message.ts'
export * from './links.ts'
export * from './nodes.ts'

/** One adapter: a value, stateless. */
export interface Adapter {
  /** `rabbitmq`, `qpid`, … Used in errors, reports and the docs. */
  readonly name: string
  /** URL schemes without colon. */
  readonly schemes: readonly string[]
  /** What the adapter claims in general; a connection may know better once it has met its broker. */
  readonly capabilities: Capabilities
  /**
   * Checks URL and own options without connecting, so that a misspelt option fails `connect()` at once.
   * Must throw `CONFIG_INVALID` naming the option and the nearest known one.
   */
  validate(target: ConnectTarget): void
  /**
   * Makes one connection and settles when the broker has accepted the login. Must obey `signal` (the API's
   * connect timeout is behind it) and leave nothing open when it rejects: `CONNECT_FAILED` (retryable),
   * `UNAUTHENTICATED` (not), `CLIENT_LIBRARY_MISSING`, `CONFIG_INVALID`.
   */
  connect(target: ConnectTarget, events: ConnectionEvents, signal: AbortSignal): Promise<AdapterConnection>
  /**
   * Where its sockets go: TCP ports, or paths of unix sockets. While a broker is away the API looks every now and then whether anything
   * listens there, and connects at once when something does. Absent: it comes back with the back-off alone.
   */
  places?(target: ConnectTarget): readonly Place[]
  /**
   * The message that {@link IncomingMessage.wireForm} was taken from, with its body. Needed by adapters that give a wire form; the
   * bytes may come from anybody. Must throw `DECODE_FAILED` on what is no such form.
   */
  fromWireForm?(form: Uint8Array, body: Uint8Array): IncomingMessage
}

/** Where a broker listens. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/** Where and how to connect: `connect()`'s options for one URL, checked as far as they are the same for all adapters. */
export interface ConnectTarget {
  /** One URL; the API goes round a list. */
  readonly url: string
  /** Shown to the broker's administrator. */
  readonly clientName: string
  /** Replaces the URL's user. */
  readonly username: string | undefined
  /** Replaces the URL's password. */
  readonly password: string | undefined
  /** Node's own TLS options, for the TLS schemes. */
  readonly tls: Readonly<Record<string, unknown>> | undefined
  /** A silent peer is declared dead after about twice this. Unit: ms. 0: off. */
  readonly heartbeatMs: number
  /** The adapter's own options: `connect({ native: {...} })`. */
  readonly native: Readonly<Record<string, unknown>>
}

/** Events that an adapter's connection reports. May be called at any time after `connect` was called; never throws. */
export interface ConnectionEvents {
  /**
   * The connection is gone, for good and with all its links. Exactly once, not after `close()`. Where the broker ended it over something
   * that came by it (a protocol or an argument error, no shutdown and no lost line) `cause.context.reason` must be `broker-refused`, with
   * the broker's words as its message: a call under way is then told, and not made again.
   */
  disconnected(cause: MessagingError): void
  /** The broker takes no more messages for now; the API stops sending until `unblocked`. */
  blocked(reason: string): void
  /** It takes messages again. */
  unblocked(): void
  /** Something a person should know that no call can report. */
  warning(error: MessagingError): void
}

/** One physical connection, alive from `connect` to `disconnected` or `close`. */
export interface AdapterConnection {
  /** What was found at the other end. `notes`: what its settings mean for programs, a sentence or two each, for its administrator. */
  readonly broker: {
    readonly product: string
    readonly version: string
    readonly notes?: readonly string[] | undefined
  }
  /** What this very broker can do. */
  readonly capabilities: Capabilities
  /** What of address strings this broker obeys beyond the common; the API refuses the rest by name. Absent: nothing. */
  readonly addressOptions?: readonly AddressOption[]
  /** The client library's own connection object(s), for those who need more. */
  readonly native: unknown

  /**
   * Makes the node, or does nothing when it is there with the same settings. Must reject with
   * `ADDRESS_MISMATCH` where the broker tells of a difference, and leave the node as it was.
   */
  declare(node: NodeSpec): Promise<void>
  /** Deletes the node and what waits in it. `false`: there was none. */
  delete(node: NodeRef): Promise<boolean>
  /** Removes what waits, not what is handed out. Resolves to the number removed. */
  purge(node: NodeRef): Promise<number>
  /** `undefined`: there is no such node. Without `type` any kind answers; queue wins over topic. */
  inspect(node: NodeRef): Promise<NodeInfo | undefined>
  /** Nodes of this library's kind, without its own temporary ones. */
  list(): Promise<NodeInfo[]>

  /** Settles when the broker has accepted the link; `ADDRESS_NOT_FOUND`, `UNAUTHORIZED` … when not. */
  attachSender(spec: SenderSpec, events: LinkEvents): Promise<AdapterSender>
  /** Settles when the link is live: on a topic the very next publish arrives. */
  attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver>
  /** A sender with a private reply address; answers come by `events.deliver`, nothing of it is left after close. */
  attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester>

  /**
   * Ends links and connection, flushing settlements. Idempotent; never rejects. When the broker does not answer it ends, and has
   * let go of every socket, at the latest after `timeoutMs`. Default, and the most it may take: about a second.
   */
  close(timeoutMs?: number): Promise<void>
}
