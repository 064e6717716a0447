/**
 * The kinds of addresses. An address is a plain value: declare once, share between services, no connection needed.
 *
 * The kinds differ in type, so that a pattern used wrongly does not compile: what can be sent to is a {@link Target},
 * what can be received from a {@link Source}, what can be looked into {@link Browsable}.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AddressPolicy, InterpretedAddress } from './interpret.ts'

export type { AddressPolicy } from './interpret.ts'

/** Settings of a node. A limit that is left out is not set. */
export interface NodeOptions<Body = unknown> {
  /** Survives a restart of the broker. Default true. Whether a message does is its own field. */
  durable?: boolean | undefined
  /** Deliveries of one message before it goes to the dead-letter address. Default: no limit. */
  maxDeliveries?: number | undefined
  /**
   * Where rejected messages and those over `maxDeliveries` go. Made when it is missing, with the options it is written with. Default:
   * they are discarded, with an event.
   */
  deadLetter?: QueueAddress<unknown> | MailboxAddress<unknown> | TextAddress<unknown> | string | undefined
  /** Messages that may wait; more is refused with `SEND_REJECTED`. Default: no limit. */
  maxLength?: number | undefined
  /** Longest life of a message in the node. Unit: ms. */
  ttlMs?: number | undefined
  /** The node deletes itself after being unused this long. Unit: ms. */
  expiresMs?: number | undefined
  /** One receiver at a time. Default false. */
  exclusive?: boolean | undefined
  /** Any Standard Schema: a body that does not fit is refused at `send`, and rejected with the reason at the receiver. */
  schema?: StandardSchemaV1<unknown, Body> | undefined
  /** Make the node on opening if it is missing. Default `always`. */
  create?: AddressPolicy | undefined
  /** Check on opening that the node is as described. Default `never`. */
  assert?: AddressPolicy | undefined
  /** Delete the node when that side's link is closed. Default `never`. */
  delete?: AddressPolicy | undefined
  /** This broker's own arguments, passed through. */
  native?: Readonly<Record<string, unknown>> | undefined
}

declare const bodyType: unique symbol
declare const responseType: unique symbol

interface AddressBase<Kind extends string, Body> {
  readonly kind: Kind
  readonly name: string
  readonly options: Readonly<NodeOptions<Body>>
  /** Carries the body's type; never present at run time. */
  readonly [bodyType]?: { readonly body: Body }
}

/** Point-to-point: each message to one of the competing receivers. Made by `queue()`. */
export interface QueueAddress<Body = unknown> extends AddressBase<'queue', Body> {}
/** Store-and-forward: kept durably until the owner comes. Made by `mailbox()`. */
export interface MailboxAddress<Body = unknown> extends AddressBase<'mailbox', Body> {}
/** Every receiver attached now. Made by `broadcast()`. */
export interface BroadcastAddress<Body = unknown> extends AddressBase<'broadcast', Body> {}

/** Publish-subscribe. Made by `topic()`; to receive a part of it, use `matching()`. */
export interface TopicAddress<Body = unknown> extends AddressBase<'topic', Body> {
  /** The messages whose subject fits one of the patterns; words separated by `.`, `*` one word, `#` any number. */
  matching(...patterns: string[]): SubscriptionAddress<Body>
  /** All messages, under a name: retained while nobody is attached, shared by all who use the name. */
  subscription(name: string): SubscriptionAddress<Body>
}

/** What a topic's subscription takes. Made by `topic().matching()` and `topic().subscription()`. */
export interface SubscriptionAddress<Body = unknown> extends AddressBase<'subscription', Body> {
  /** At least one; a message that fits several comes once. */
  readonly patterns: readonly string[]
  /** Absent: a live subscription, which ends with its receiver. */
  readonly subscriptionName: string | undefined
  /** The same under a name: retained while nobody is attached, shared by all who use the name. */
  subscription(name: string): SubscriptionAddress<Body>
}

/** The named members of a list. Made by `multicast()`; send to `to()`, receive from `member()`. */
export interface MulticastAddress<Body = unknown> extends AddressBase<'multicast', Body> {
  /** The members a message goes to. @throws TypeError on an empty list */
  to(...names: string[]): MembersAddress<Body>
  /** One member, to receive as. It has joined once its receiver was open. */
  member(name: string): MemberAddress<Body>
}

/** Some members of a multicast, to send to. Made by `multicast().to()`. */
export interface MembersAddress<Body = unknown> extends AddressBase<'members', Body> {
  /** At least one, each once. */
  readonly members: readonly string[]
}

/** One member of a multicast, to receive as. Made by `multicast().member()`. */
export interface MemberAddress<Body = unknown> extends AddressBase<'member', Body> {
  /** The member's name, unique within its multicast. */
  readonly member: string
}

/** Request/response. Made by `service()`; for `request()` and `respond()` only. */
export interface ServiceAddress<Request = unknown, Response = unknown>
  extends AddressBase<'service', Request> {
  /** Carries the response's type; never present at run time. */
  readonly [responseType]?: { readonly body: Response }
}

/** An Apache Qpid address string, parsed. */
export interface TextAddress<Body = unknown> extends AddressBase<'text', Body> {
  /** As it was written. */
  readonly text: string
  /** What it means: name, subject, policies, node and link options. */
  readonly parsed: InterpretedAddress
}

/** What can be sent to. */
export type Target<Body = unknown> =
  | QueueAddress<Body>
  | MailboxAddress<Body>
  | TopicAddress<Body>
  | BroadcastAddress<Body>
  | MembersAddress<Body>
  | TextAddress<Body>
  | string

/** What can be received from. */
export type Source<Body = unknown> =
  | QueueAddress<Body>
  | MailboxAddress<Body>
  | TopicAddress<Body>
  | SubscriptionAddress<Body>
  | BroadcastAddress<Body>
  | MemberAddress<Body>
  | TextAddress<Body>
  | string

/** What can be looked into without taking. */
export type Browsable<Body = unknown> =
  | QueueAddress<Body>
  | MailboxAddress<Body>
  | MemberAddress<Body>
  | SubscriptionAddress<Body>
  | TextAddress<Body>
  | string

/** What can be asked and answered for. */
export type ServiceLike<Request = unknown, Response = unknown> =
  | ServiceAddress<Request, Response>
  | TextAddress<Request>
  | string

/** Any address value. */
export type AnyAddress =
  | QueueAddress
  | MailboxAddress
  | TopicAddress
  | BroadcastAddress
  | SubscriptionAddress
  | MulticastAddress
  | MembersAddress
  | MemberAddress
  | ServiceAddress
  | TextAddress
