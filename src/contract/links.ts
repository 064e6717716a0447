/** Links in the words of the contract: what is attached, what travels over it, and the events it reports. */
import type { MessagingError } from '../model/errors.ts'
import type { IncomingMessage, OutgoingMessage } from '../model/message.ts'
import type { Binding, NodeLimits, NodeRef } from './nodes.ts'

/** Events that an adapter's link reports. */
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
  /**
   * Takes back a transfer that is kept and was not written yet, because its sender waits no longer; it must never be written or settled
   * then. `false`: it was written. Absent: whatever `send` was called with may be with the broker.
   */
  withdraw?(transfer: Transfer): boolean
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
   * Browse: `takeOut` will be called for some of what is shown, also after `events.end`, and until `close`; `accept` says «stays where it is».
   * Only where the feature `replay` is supported. Absent: no.
   */
  readonly takes?: boolean
  /**
   * Window: how many deliveries may be handed over and not yet settled. Must never be exceeded. 0: attach, hand
   * over nothing. While browsing and on live subscriptions `accept` means «consumed, hand over the next».
   */
  readonly credit: number
  /**
   * Window in place of a larger one where the adapter finds that the node limits deliveries and all that was handed over counts when a
   * program dies: it never holds more than it works on. Absent: the window stays as it is.
   */
  readonly creditWhereLimited?: number | undefined
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

/** Events that an adapter's receiving link reports. */
export interface ReceiverEvents extends LinkEvents {
  /** Hands over one message. May be called before `attachReceiver` has settled; never more than the credit allows. */
  deliver(delivery: AdapterDelivery): void
  /** The broker took this delivery back (its lease ended) though the link lives; a verdict would be void. */
  lost(delivery: AdapterDelivery): void
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
  | {
      readonly kind: 'reject'
      readonly reason: string
      /** What was thrown, for the dead letter's `sluice-error`; absent: nothing was, or it is not to be told. */
      readonly error?: string | undefined
    }

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
   * Browse with `takes`, instead of `accept`: the message that was shown leaves the queue for good, as if a consumer had accepted it.
   * Resolves when the broker has it, or, where brokers do not answer, when it is written; `DELIVERY_LOST` where the broker tells that
   * somebody else was quicker. Needed where the feature `replay` is supported.
   */
  takeOut?(delivery: AdapterDelivery): Promise<void>
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
