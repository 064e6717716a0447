/**
 * Addresses as plain values: declare once, share between services, no connection needed.
 *
 * The kinds differ in type, so that a pattern used wrongly does not compile: what can be sent to is a {@link Target},
 * what can be received from a {@link Source}, what can be looked into {@link Browsable}.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { MessagingError } from '../../model/errors.ts'
import { type AddressPolicy, type InterpretedAddress, interpretAddress } from './interpret.ts'

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

/** Point-to-point: each message to one of the competing receivers. Made by {@link queue}. */
export interface QueueAddress<Body = unknown> extends AddressBase<'queue', Body> {}
/** Store-and-forward: kept durably until the owner comes. Made by {@link mailbox}. */
export interface MailboxAddress<Body = unknown> extends AddressBase<'mailbox', Body> {}
/** Every receiver attached now. Made by {@link broadcast}. */
export interface BroadcastAddress<Body = unknown> extends AddressBase<'broadcast', Body> {}

/** Publish-subscribe. Made by {@link topic}; to receive a part of it, use `matching()`. */
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

/** The named members of a list. Made by {@link multicast}; send to `to()`, receive from `member()`. */
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

/** Request/response. Made by {@link service}; for `request()` and `respond()` only. */
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

const NODE_OPTIONS = [
  'durable',
  'maxDeliveries',
  'deadLetter',
  'maxLength',
  'ttlMs',
  'expiresMs',
  'exclusive',
  'schema',
  'create',
  'assert',
  'delete',
  'native',
] as const satisfies readonly (keyof NodeOptions)[]

const DEAD_LETTER_KINDS: readonly string[] = ['queue', 'mailbox', 'text'] satisfies AnyAddress['kind'][]

const POLICIES: readonly string[] = ['always', 'sender', 'receiver', 'never']

/** Longest name. Unit: UTF-8 bytes. Leaves every broker room for its own decoration within AMQP's 255. */
export const MAX_NAME_BYTES = 220

/**
 * Point-to-point: each message to one of the competing receivers.
 *
 * @example
 * ```ts
 * const orders = queue<Order>('orders', { maxDeliveries: 5, deadLetter: queue('orders-dead') })
 * await connection.send(orders, { id: 7 })
 * ```
 */
export function queue<Body = unknown>(name: string, options: NodeOptions<Body> = {}): QueueAddress<Body> {
  return Object.freeze({ kind: 'queue', name: checkName(name), options: checkOptions('queue', options) })
}

/**
 * Store-and-forward: kept durably until its owner comes.
 *
 * @example
 * ```ts
 * const notes = mailbox<Note>('notes-of-ann')
 * await connection.send(notes, { text: 'back on Monday' })
 * ```
 */
export function mailbox<Body = unknown>(name: string, options: NodeOptions<Body> = {}): MailboxAddress<Body> {
  return Object.freeze({ kind: 'mailbox', name: checkName(name), options: checkOptions('mailbox', options) })
}

/**
 * Broadcast: every receiver attached now.
 *
 * @example
 * ```ts
 * const alerts = broadcast<Alert>('alerts')
 * const receiver = await connection.receiver(alerts)
 * await connection.send(alerts, { text: 'closing' })
 * ```
 */
export function broadcast<Body = unknown>(
  name: string,
  options: NodeOptions<Body> = {},
): BroadcastAddress<Body> {
  return Object.freeze({
    kind: 'broadcast',
    name: checkName(name),
    options: checkOptions('broadcast', options),
  })
}

/**
 * Publish-subscribe: every subscription whose pattern fits the subject.
 *
 * @example
 * ```ts
 * const news = topic<Story>('news')
 * const sport = await connection.receiver(news.matching('sport.#'))
 * const archive = await connection.receiver(news.subscription('archive'))
 * await connection.send(news, { title: 'Final' }, { subject: 'sport.football' })
 * ```
 */
export function topic<Body = unknown>(name: string, options: NodeOptions<Body> = {}): TopicAddress<Body> {
  const base = { kind: 'topic', name: checkName(name), options: checkOptions('topic', options) } as const
  return Object.freeze({
    ...base,
    matching: (...patterns: string[]) =>
      subscription<Body>(base.name, base.options, checkPatterns(patterns), undefined),
    subscription: (as: string) => subscription<Body>(base.name, base.options, ['#'], checkName(as)),
  })
}

/**
 * Multicast: the named members of a list, nobody else. A member that is away gets its messages on return.
 *
 * @example
 * ```ts
 * const pumps = multicast<Command>('pumps')
 * const mine = await connection.receiver(pumps.member('pump-1'))
 * await connection.send(pumps.to('pump-1', 'pump-2'), { go: 'up' })
 * ```
 */
export function multicast<Body = unknown>(
  name: string,
  options: NodeOptions<Body> = {},
): MulticastAddress<Body> {
  const base = { name: checkName(name), options: checkOptions('multicast', options) }
  return Object.freeze({
    kind: 'multicast',
    ...base,
    to(...names: string[]): MembersAddress<Body> {
      if (names.length === 0) throw new TypeError('to() needs at least one member')
      if (Array.isArray(names[0])) throw new TypeError('to() takes the members one by one: to(...names)')
      return Object.freeze({
        kind: 'members',
        ...base,
        members: Object.freeze([...new Set(names.map(checkName))]),
      })
    },
    member: (member: string): MemberAddress<Body> =>
      Object.freeze({ kind: 'member', ...base, member: checkName(member) }),
  })
}

/**
 * Request/response.
 *
 * @example
 * ```ts
 * const prices = service<Ask, Price>('prices')
 * await connection.respond(prices, ({ body }) => priceOf(body))
 * const price = await connection.request(prices, { item: 'tea' })
 * ```
 */
export function service<Request = unknown, Response = unknown>(
  name: string,
  options: NodeOptions<Request> = {},
): ServiceAddress<Request, Response> {
  return Object.freeze({ kind: 'service', name: checkName(name), options: checkOptions('service', options) })
}

/**
 * An Apache Qpid address string: `name/subject; {create: always, node: {type: topic}}`.
 *
 * The builders create their node when it is missing; a string follows Qpid's policies (`create` defaults to `never`).
 *
 * @throws `ADDRESS_MALFORMED` with line and column, `ADDRESS_OPTION_INVALID` naming the option
 *
 * @example
 * ```ts
 * const orders = address<Order>('orders; {create: always, node: {x-declare: {arguments: {qpid.max_count: 1000}}}}')
 * await connection.send(orders, { id: 7 })
 * ```
 */
export function address<Body = unknown>(text: string): TextAddress<Body> {
  if (typeof text !== 'string') throw new TypeError('address() takes a string')
  const parsed = interpretAddress(text)
  checkName(parsed.name)
  return Object.freeze({ kind: 'text', name: parsed.name, options: {}, text, parsed })
}

/** Address strings are taken wherever an address is. */
export function toAddress<A extends AnyAddress>(from: A | string): A | TextAddress {
  if (typeof from === 'string') return address(from)
  if (typeof from !== 'object' || from === null || typeof from.kind !== 'string') {
    throw new TypeError(
      'Not an address: use queue(), topic(), broadcast(), multicast(), service(), mailbox() or a string',
    )
  }
  return from
}

function subscription<Body>(
  name: string,
  options: Readonly<NodeOptions<Body>>,
  patterns: readonly string[],
  subscriptionName: string | undefined,
): SubscriptionAddress<Body> {
  return Object.freeze({
    kind: 'subscription',
    name,
    options,
    patterns,
    subscriptionName,
    subscription: (as: string) => subscription<Body>(name, options, patterns, checkName(as)),
  })
}

function checkPatterns(patterns: readonly string[]): readonly string[] {
  if (patterns.length === 0) throw new TypeError('matching() needs at least one pattern')
  for (const pattern of patterns) {
    if (typeof pattern !== 'string')
      throw new TypeError('A pattern is no string: matching() takes them one by one, matching(...patterns)')
    if (Buffer.byteLength(pattern) > 255) throw malformed('The pattern is longer than 255 bytes')
  }
  return Object.freeze([...new Set(patterns)])
}

function checkName(name: string): string {
  if (typeof name !== 'string') throw new TypeError('The name of a node is no string')
  if (name === '') throw malformed('The name of a node is empty')
  // RabbitMQ takes line breaks out of names without a word.
  const wrong = /[\0\r\n]/.exec(name)
  if (wrong)
    throw malformed(`The name of a node holds ${wrong[0] === '\0' ? 'a NUL character' : 'a line break'}`)
  if (!(name as string & { isWellFormed(): boolean }).isWellFormed())
    throw malformed('The name is no valid Unicode')
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw malformed(`The name has ${Buffer.byteLength(name)} bytes in UTF-8, the limit is ${MAX_NAME_BYTES}`)
  }
  return name
}

function checkOptions<Body>(builder: string, options: NodeOptions<Body>): Readonly<NodeOptions<Body>> {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`${builder}(): the options are no object`)
  checkKnownKeys(options, NODE_OPTIONS, `${builder}()`)
  for (const name of ['durable', 'exclusive'] as const) checkType(builder, options, name, 'boolean')
  for (const name of ['maxDeliveries', 'maxLength', 'ttlMs', 'expiresMs'] as const) {
    checkType(builder, options, name, 'number')
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw new MessagingError(
        'CONFIG_INVALID',
        `${builder}(): ${name} is ${value}, not a whole number above 0`,
        {
          context: { option: name },
        },
      )
    }
  }
  for (const name of ['create', 'assert', 'delete'] as const) {
    const value = options[name]
    if (value !== undefined && !POLICIES.includes(value)) {
      throw new MessagingError(
        'CONFIG_INVALID',
        `${builder}(): ${name}: ${typeof value === 'string' ? `'${value}'` : typeof value} is not one of ${POLICIES.join(', ')}`,
        {
          context: { option: name },
        },
      )
    }
  }
  const { native } = options
  if (native !== undefined && (typeof native !== 'object' || native === null || Array.isArray(native)))
    throw new TypeError(`${builder}(): native is no object`)
  const { deadLetter } = options
  if (deadLetter !== undefined && !DEAD_LETTER_KINDS.includes(toAddress(deadLetter).kind))
    throw new TypeError(`${builder}(): deadLetter is no queue`)
  if (options.schema !== undefined && typeof options.schema?.['~standard']?.validate !== 'function') {
    throw new TypeError(`${builder}(): schema is no Standard Schema`)
  }
  return Object.freeze({ ...options })
}

function checkType(builder: string, options: object, name: string, type: string): void {
  const value = (options as Record<string, unknown>)[name]
  if (value !== undefined && typeof value !== type) throw new TypeError(`${builder}(): ${name} is no ${type}`)
}

function malformed(text: string): MessagingError {
  return new MessagingError('ADDRESS_MALFORMED', text)
}
