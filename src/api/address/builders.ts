/** What makes an address: one function for each pattern. */
import type {
  BroadcastAddress,
  MailboxAddress,
  MemberAddress,
  MembersAddress,
  MulticastAddress,
  NodeOptions,
  QueueAddress,
  ServiceAddress,
  SubscriptionAddress,
  TopicAddress,
} from './address.ts'
import { checkOptions } from './builder-options.ts'
import { checkName, checkPatterns } from './names.ts'

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
