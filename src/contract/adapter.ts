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
import type { IncomingMessage, OutgoingMessage } from '../model/message.ts'

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

/** How a connection talks back. May be called at any time after `connect` was called; never throws. */
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

/** What a node does with a message: hands it to one receiver, to subscriptions by pattern, to all attached, to named members. */
export type NodeType = 'queue' | 'topic' | 'broadcast' | 'multicast'

/**
 * Names a place at the broker. Mailboxes and services are queues here; a multicast member is the queue
 * `memberQueue(node, member)`.
 */
export interface NodeRef {
  /** As the program names it; an adapter escapes what its broker cannot hold. */
  readonly name: string
  /** Absent where an address string did not say it. */
  readonly type: NodeType | undefined
  /** The named subscription of this topic instead of the topic itself; for `delete`, `purge` and `inspect`. */
  readonly subscription?: string
}

/** A tie by which a topic gives messages to a queue: `x-bindings` of an address string. */
export interface Binding {
  /** Node messages come from (a topic); absent: the node that carries the binding. */
  readonly source?: string
  /** Node messages go to; absent: the node that carries the binding. */
  readonly target?: string
  /** Pattern of the subjects that pass; absent: the broker's own default. */
  readonly key?: string
  /** This broker's own; only where `addressOptions` names them. */
  readonly arguments?: Readonly<Record<string, unknown>>
}

/** What a node keeps, how long and how often it hands it over. What is `undefined` is not limited. */
export interface NodeLimits {
  /** Deliveries of one message before it goes to the dead-letter address; at least 1. */
  readonly maxDeliveries: number | undefined
  /** Where rejected messages and those over `maxDeliveries` go. */
  readonly deadLetter: NodeRef | undefined
  /** Messages that may wait; more is refused with `nodeFull()` (`SEND_REJECTED`, retryable). */
  readonly maxLength: number | undefined
  /** Longest life of a message in the node. Unit: ms. */
  readonly ttlMs: number | undefined
  /** The node deletes itself after being unused this long. Unit: ms. */
  readonly expiresMs: number | undefined
  /** This broker's own arguments, as the user wrote them. */
  readonly native: Readonly<Record<string, unknown>>
}

/** Nothing is limited. */
export const NO_LIMITS: NodeLimits = Object.freeze({
  maxDeliveries: undefined,
  deadLetter: undefined,
  maxLength: undefined,
  ttlMs: undefined,
  expiresMs: undefined,
  native: Object.freeze({}),
})

/** A node to be made. */
export interface NodeSpec extends NodeLimits {
  /** As the program names it. */
  readonly name: string
  readonly type: NodeType
  /** It survives a restart of the broker. */
  readonly durable: boolean
  /** One receiver at a time. */
  readonly exclusive: boolean
  /** Deleted when its last receiver has gone. */
  readonly autoDelete: boolean
  /** Made with the node. */
  readonly bindings: readonly Binding[]
}

/** A durable queue without limits: what a dead-letter address becomes that nobody declared. */
export function plainQueue(name: string): NodeSpec {
  return {
    ...NO_LIMITS,
    name,
    type: 'queue',
    durable: true,
    exclusive: false,
    autoDelete: false,
    bindings: [],
  }
}

/** What `admin.inspect()` and `admin.list()` tell of a node. */
export interface NodeInfo {
  /** As the program names it. */
  readonly name: string
  /** A mailbox, a service and a multicast member are queues to the broker. */
  readonly type: NodeType
  /** Messages waiting (not those handed out and unsettled); `undefined` where the broker does not tell. */
  readonly depth: number | undefined
  /** Receivers attached, or subscriptions of a topic; `undefined` where the broker does not tell. */
  readonly receivers: number | undefined
  /** It survives a restart of the broker; `undefined` where the broker does not tell. */
  readonly durable: boolean | undefined
  /** Further native facts. */
  readonly details: Readonly<Record<string, unknown>>
}

/** One physical connection, alive from `connect` to `disconnected` or `close`. */
export interface AdapterConnection {
  /** What was found at the other end. */
  readonly broker: { readonly product: string; readonly version: string }
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

/** How a link talks back. */
export interface LinkEvents {
  /** The broker ended this link while the connection lives. Not after `close()`. The API attaches anew if retryable. */
  detached(error: MessagingError): void
}

/** A sending link to be attached. */
export interface SenderSpec {
  /** `undefined`: every message says its `to`. */
  readonly target: NodeRef | undefined
  /** The API never has more transfers outstanding than this. */
  readonly capacity: number
  /** `at-most-once`: a transfer is accepted once it is written. */
  readonly reliability: Reliability
  /** Native extras of the link (`link: {...}` of an address string), names checked by the API. */
  readonly link: LinkOptions
}

/** Promise on loss: a message is gone, or comes again. */
export type Reliability = 'at-most-once' | 'at-least-once'

/** From the `link` map of an address string. */
export interface LinkOptions {
  /** The subscription has it too; for a queue it is a label. */
  readonly name?: string
  /** SQL condition on messages; only where the feature `selector` is supported. */
  readonly selector?: string
  /** Receivers: stand for the patterns, none of them has a `target`. Only where `addressOptions` names them. */
  readonly bindings?: readonly Binding[]
  /** Receivers: this broker's own. Only where `addressOptions` names them. */
  readonly arguments?: Readonly<Record<string, unknown>>
}

/** Options of address strings that only some brokers can obey. Those of `x-declare` here are a topic's. */
export type AddressOption =
  | 'node.x-declare.type'
  | 'node.x-declare.auto-delete'
  | 'node.x-bindings.arguments'
  | 'link.x-bindings'
  | 'link.x-bindings.arguments'
  | 'link.x-subscribe.arguments'

/** A message on its way out, with the place where its outcome goes. */
export interface Transfer {
  /** What to write; its bytes are not changed any more. */
  readonly message: OutgoingMessage
  /**
   * The same message was written before on a link that ended without an answer: the broker may hold it. Adapters whose
   * `deduplication` is supported store it once; others send it again, which at-least-once allows. Equal ids without this
   * mark are different messages that the application gave one id.
   */
  readonly resend: boolean
  /**
   * Reports the outcome: nothing for accepted, else `SEND_REJECTED`, `SEND_UNROUTABLE`, `MESSAGE_TOO_LARGE` ….
   * Exactly once, later than or during `send`. Not needed once the link or connection reported its end: the
   * API then takes whatever is unsettled as in doubt.
   */
  settle(error?: MessagingError): void
}

/** A sending link, alive from attaching to `detached`, `close()` or the end of its connection. */
export interface AdapterSender {
  /**
   * Writes the message. Never throws and never waits: what the broker cannot take yet is kept (at most
   * `capacity` transfers). Order of calls is order of sending.
   */
  send(transfer: Transfer): void
  /** Ends the link. All transfers were settled or given up before. Idempotent; never rejects. */
  close(): Promise<void>
}

/** A sending link with an address for answers. */
export interface AdapterRequester extends AdapterSender {
  /** What the requests carry as `replyTo`; a responder's link without target reaches it as `to`. */
  readonly replyTo: string
}

/** A receiving link to be attached. */
export interface ReceiverSpec {
  /** Its type is known. */
  readonly source: NodeRef
  /** `browse`: hand over copies, change nothing, call `events.end` after the last one unless `follow`. */
  readonly mode: 'consume' | 'browse'
  /** Browse: go on with new arrivals. */
  readonly follow: boolean
  /**
   * Window: how many deliveries may be handed over and not yet settled. Must never be exceeded. 0: attach, hand
   * over nothing. While browsing and on live subscriptions `accept` means «consumed, hand over the next».
   */
  readonly credit: number
  /** `at-most-once`: the API accepts each delivery as it hands it over. */
  readonly reliability: Reliability
  /** Topics only: patterns, at least one; a message that fits several comes once. */
  readonly patterns: readonly string[]
  /** Topics only. Absent: a live subscription, gone with the link. */
  readonly subscription: Subscription | undefined
  /** Refuse other receivers with `inUse()` (`UNAUTHORIZED`) as long as this one is attached. */
  readonly exclusive: boolean
  /** The node is deleted with its last receiver: pausing must not count as leaving. */
  readonly autoDelete: boolean
  /** Limits of the node (of the subscription, for a topic), as in its spec. */
  readonly limits: NodeLimits
  /** Native extras of the link, names checked by the API. */
  readonly link: LinkOptions
}

/** A lasting interest in a topic. */
export interface Subscription {
  /** Receivers of the same node and name share the work, and messages are retained while none is attached. */
  readonly name: string
  /** Survives a restart of the broker. */
  readonly durable: boolean
}

/** One delivery as the adapter made it; the API hands the same object back with the verdict. */
export interface AdapterDelivery {
  /** May be decoded on reading. */
  readonly message: IncomingMessage
  /** 1 the first time; the least it can be where the broker does not count. */
  readonly deliveryCount: number
  /** It was, or may have been, handed to a receiver before. */
  readonly redelivered: boolean
}

/** How a receiving link talks back. */
export interface ReceiverEvents extends LinkEvents {
  /** Hands over one message. May be called before `attachReceiver` has settled; never more than the credit allows. */
  deliver(delivery: AdapterDelivery): void
  /** The broker took this delivery back (its lease ended) though the link lives; a verdict would be void. */
  lost(delivery: AdapterDelivery): void
  /** An `accept` came after the broker had taken the delivery back, so that the message may be handled twice. Need not be told twice. */
  tooLate?(delivery: AdapterDelivery): void
  /** Live subscriptions: messages were or may have been missed. `count` where it is known. */
  gap(reason: string, count: number | undefined): void
  /** Browse without follow: everything that was there has been handed over. */
  end(): void
}

/** What becomes of a delivery that is not accepted. */
export type Verdict =
  /**
   * Back to its place. `unseen`: it was only prefetched, the application never saw it, so it should not count
   * as a delivery where the broker can tell. `delayMs` only where `delayedRelease` is native.
   */
  | { readonly kind: 'release'; readonly delayMs: number; readonly unseen: boolean }
  /** Final. To the dead-letter address where `deadLetter` is native, else gone (the API has stored the copy). */
  | { readonly kind: 'reject'; readonly reason: string }

/** A receiving link, alive from attaching to `detached`, `close()` or the end of its connection. */
export interface AdapterReceiver {
  /**
   * Where a copy of a delivery can be sent (as `to` on a link without target) so that it comes to this link's own queue
   * again. Needed where `delayedRelease` is `emulated` and the source is a topic; without it the API holds the delivery
   * until it is due. A queue is its own address.
   */
  readonly address?: string
  /**
   * Settles as done. Returns at once, never throws: the verdict is on its way (the adapter may gather several into one
   * frame within the same tick); a verdict that got lost means another delivery, which at-least-once allows.
   */
  accept(delivery: AdapterDelivery): void
  /**
   * The application has this delivery from now on; called before its code runs. For brokers that count deliveries by what they are told:
   * what was only prefetched when a client dies should not count. Returns at once, never throws. Not called at-most-once and while browsing.
   */
  handedOver?(delivery: AdapterDelivery): void
  /** Settles otherwise; resolves when the broker has it, or, where brokers do not answer, when it is written. */
  settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void>
  /**
   * Changes the window. 0 pauses: nothing more is handed over (what arrives late goes back at once, as unseen), while what
   * was handed over stays with this link and can still be settled. A later positive value resumes.
   */
  flow(credit: number): void
  /**
   * Resolves when the broker has handed over all it can right now within the credit, so that an empty inbox
   * afterwards means an empty node. The API calls it before a `receive` at its deadline answers «nothing».
   */
  flush(): Promise<void>
  /** Ends the link after flushing verdicts; what is unsettled goes back to the node. Idempotent; never rejects. */
  close(): Promise<void>
}

/** A name of several parts with `:` between them; `%` and `:` within a part are escaped, so that no other parts give the same name. */
export function joinedName(...parts: string[]): string {
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll(':', '%3A')).join(':')
}

/** Name of the queue behind a multicast member. */
export function memberQueue(node: string, member: string): string {
  return joinedName(node, member)
}
