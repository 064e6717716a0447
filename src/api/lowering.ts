/**
 * From an address value to the words of the contract: which node, how it is made, how the link is attached.
 * Pure but for the names it makes; the one place that knows that a mailbox and a service are queues and a member is a queue of its own.
 */

import { randomName } from '../core/message-id.ts'
import {
  type Binding,
  type LinkOptions,
  memberQueue,
  NO_LIMITS,
  type NodeLimits,
  type NodeRef,
  type NodeSpec,
  type NodeType,
  type Reliability,
  type Subscription,
} from './adapter.ts'
import {
  type AddressPolicy,
  type AnyAddress,
  MAX_NAME_BYTES,
  type NodeOptions,
  toAddress,
} from './address.ts'
import type { DeclareOptions, InterpretedAddress, InterpretedLink } from './address-text/index.ts'
import { MessagingError } from './errors.ts'

export type Side = 'sender' | 'receiver'

/** An address as the contract sees it. */
export interface NodePlan {
  /** What the address is called in errors and events. */
  readonly label: string
  readonly node: NodeRef
  /** The node as it is to be made; its type stands for an unknown one. */
  readonly spec: NodeSpec
  readonly create: AddressPolicy
  readonly assert: AddressPolicy
  readonly delete: AddressPolicy
  readonly options: Readonly<NodeOptions>
  /** From an address string: the default subject of a sender, the pattern of a topic's receiver. */
  readonly subject: string | undefined
  readonly patterns: readonly string[]
  readonly subscription: Subscription | undefined
  readonly members: readonly string[] | undefined
  readonly mode: 'consume' | 'browse'
  readonly reliability: Reliability | undefined
  readonly link: LinkOptions
  /** Messages are durable unless they say otherwise. */
  readonly durableMessages: boolean
  /** The user wrote an address string: what is missing is an error on opening. */
  readonly fromText: boolean
}

export function plan(from: AnyAddress | string): NodePlan {
  const address = toAddress(from)
  switch (address.kind) {
    case 'queue':
    case 'mailbox':
      return builderPlan(address.name, 'queue', address.options, { durableMessages: true })
    case 'service':
      return builderPlan(address.name, 'queue', address.options, { durableMessages: false })
    case 'topic':
      return builderPlan(address.name, 'topic', address.options, { durableMessages: true, patterns: ['#'] })
    case 'subscription':
      return builderPlan(address.name, 'topic', address.options, {
        durableMessages: true,
        patterns: address.patterns,
        subscription:
          address.subscriptionName === undefined
            ? undefined
            : { name: address.subscriptionName, durable: address.options.durable ?? true },
      })
    case 'broadcast':
      return builderPlan(address.name, 'broadcast', address.options, {
        durableMessages: false,
        patterns: ['#'],
      })
    case 'multicast':
      return builderPlan(address.name, 'multicast', address.options, { durableMessages: true })
    case 'members':
      for (const member of address.members) checkedMemberQueue(address.name, member)
      return builderPlan(address.name, 'multicast', address.options, {
        durableMessages: true,
        members: address.members,
        create: 'never',
      })
    case 'member':
      return builderPlan(checkedMemberQueue(address.name, address.member), 'queue', address.options, {
        durableMessages: true,
      })
    case 'text':
      return textPlan(address)
  }
}

/** Whether a policy applies to this side of a link. */
export function applies(policy: AddressPolicy, side: Side): boolean {
  return policy === 'always' || policy === side
}

/** Limits that a receiver's own node, or a topic's subscription, takes over. */
export function limitsOf(spec: NodeSpec): NodeLimits {
  const { maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs, native } = spec
  return { maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs, native }
}

/** A dead-letter address, as a queue. */
export function deadLetterNode(address: NodeOptions['deadLetter']): NodeRef | undefined {
  if (address === undefined) return undefined
  return { name: toAddress(address).name, type: 'queue' }
}

function builderPlan(
  name: string,
  type: NodeType,
  options: Readonly<NodeOptions>,
  extra: Partial<NodePlan> & { durableMessages: boolean },
): NodePlan {
  // A topic keeps nothing itself: its limits are those of its subscriptions.
  const keeps = type === 'queue'
  return {
    label: name,
    node: { name, type },
    spec: {
      name,
      type,
      durable: options.durable ?? true,
      maxDeliveries: options.maxDeliveries,
      deadLetter: deadLetterNode(options.deadLetter),
      maxLength: options.maxLength,
      ttlMs: options.ttlMs,
      expiresMs: options.expiresMs,
      exclusive: keeps && (options.exclusive ?? false),
      autoDelete: false,
      bindings: [],
      native: options.native ?? {},
    },
    create: options.create ?? 'always',
    assert: options.assert ?? 'never',
    delete: options.delete ?? 'never',
    options,
    subject: undefined,
    patterns: [],
    subscription: undefined,
    members: undefined,
    mode: 'consume',
    reliability: undefined,
    link: {},
    fromText: false,
    ...extra,
  }
}

function textPlan(address: Extract<AnyAddress, { kind: 'text' }>): NodePlan {
  const { parsed } = address
  const { node, link } = parsed
  const { portable } = node.declare
  refuseUnread(address.name, link.declared)
  // A topic keeps nothing itself: what is said of the link's queue are limits of its subscription.
  const kept = node.type === 'queue' ? {} : link.declared.portable
  const timeoutMs = lifeOfSubscription(parsed)
  const deadLetter = portable.deadLetter ?? kept.deadLetter
  const { patterns, bindings } = sourcesOf(parsed)
  return {
    label: address.name,
    node: { name: address.name, type: node.type },
    spec: {
      name: address.name,
      type: node.type ?? 'queue',
      durable: node.durable ?? false,
      ...NO_LIMITS,
      deadLetter: deadLetter === undefined ? undefined : { name: deadLetter, type: undefined },
      maxLength: portable.maxLength ?? kept.maxLength,
      expiresMs: portable.expiresMs ?? kept.expiresMs ?? timeoutMs,
      exclusive: portable.exclusive ?? false,
      autoDelete: portable.autoDelete ?? false,
      bindings: node.bindings,
      native: nativeDeclare(node.declare),
    },
    create: parsed.create,
    assert: parsed.assert,
    delete: parsed.delete,
    options: {},
    subject: parsed.subject,
    patterns,
    subscription: subscriptionOf(link, timeoutMs),
    members: undefined,
    mode: parsed.mode,
    reliability: link.reliability,
    link: {
      name: link.name,
      selector: link.selector,
      declare: link.declare,
      bindings,
      subscribe: link.subscribe,
    },
    durableMessages: false,
    fromText: true,
  }
}

/** Bindings of the link stand for the one by subject. They are patterns where they say no more than those can. */
function sourcesOf({ name, subject, link }: InterpretedAddress): {
  readonly patterns: readonly string[]
  readonly bindings: readonly Binding[] | undefined
} {
  const { bindings } = link
  if (!bindings) return { patterns: [subject ?? '#'], bindings }
  const patterns: string[] = []
  for (const { source = name, target, key, arguments: more } of bindings) {
    if (source !== name || target !== undefined || key === undefined || more)
      return { patterns: [], bindings }
    patterns.push(key)
  }
  return { patterns, bindings: undefined }
}

/** `link: {timeout}`: how long a subscription waits for its receiver to come back. A queue has a life of its own. */
function lifeOfSubscription({ node, link, create }: InterpretedAddress): number | undefined {
  // Without a type a missing node is made a queue, which must not take over what a nameless link said of itself.
  const isQueue =
    node.type === 'queue' || (node.type === undefined && link.name === undefined && create !== 'never')
  return isQueue ? undefined : link.timeoutMs
}

/** A link with a life and no name gets one of its own for each receiver, so that it is found again after a loss. */
function subscriptionOf(
  { name, durable = false }: InterpretedLink,
  timeoutMs: number | undefined,
): Subscription | undefined {
  if (name !== undefined) return { name, durable }
  return timeoutMs === undefined ? undefined : { name: randomName(), durable }
}

/** Settings of a subscription's queue that have no meaning on every broker reach none of them. */
function refuseUnread(name: string, { rest }: DeclareOptions): void {
  const { arguments: inner, ...outer } = rest
  const keys = [...Object.keys(outer), ...Object.keys(inner ?? {}).map((key) => `arguments.${key}`)]
  const [first] = keys
  if (first === undefined) return
  throw new MessagingError(
    'NOT_SUPPORTED',
    `The option link: x-declare: ${first.replace('.', ': ')} of an address string is not supported`,
    {
      context: { address: name, option: `link.x-declare.${first}` },
      hint: 'Make the subscription with the broker’s own tools and name it with link: {name: ...}.',
    },
  )
}

/** What the broker itself must understand of an `x-declare` map; the exchange type keeps its name. */
function nativeDeclare({ portable, rest }: DeclareOptions): Readonly<Record<string, unknown>> {
  return portable.exchangeType === undefined ? rest : { ...rest, type: portable.exchangeType }
}

function checkedMemberQueue(name: string, member: string): string {
  const queue = memberQueue(name, member)
  if (Buffer.byteLength(queue) <= MAX_NAME_BYTES) return queue
  throw new MessagingError(
    'ADDRESS_MALFORMED',
    `The names of multicast '${name}' and member '${member}' have more than ${MAX_NAME_BYTES} bytes together`,
  )
}
