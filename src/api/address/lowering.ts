/**
 * From an address value to the words of the contract: which node, how it is made, how the link is attached.
 * Pure but for the names it makes; the one place that knows that a mailbox and a service are queues and a member is a queue of its own.
 */

import {
  type Binding,
  memberQueue,
  NO_LIMITS,
  type NodeLimits,
  type NodeRef,
  type NodeSpec,
  type NodeType,
} from '../../contract/adapter.ts'
import { randomName } from '../../core/message-id.ts'
import { MessagingError } from '../../model/errors.ts'
import type { AddressPolicy, AnyAddress, NodeOptions } from './address.ts'
import { refuseEverywhere } from './address-refusals.ts'
import type { DeclareOptions, PortableDeclare } from './declare.ts'
import type { InterpretedAddress } from './interpret.ts'
import { MAX_NAME_BYTES } from './names.ts'
import type { NodePlan } from './node-plan.ts'
import { toAddress } from './text-address.ts'

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
    default:
      throw new TypeError(`There is no ${String((address as AnyAddress).kind)} address`)
  }
}

export type Side = 'sender' | 'receiver'

/** Whether a policy applies to this side of a link. */
export function applies(policy: AddressPolicy, side: Side): boolean {
  return policy === 'always' || policy === side
}

/** The limits among the settings of a node. */
export function limitsOf(spec: NodeSpec): NodeLimits {
  const { maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs, native } = spec
  return { maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs, native }
}

/** A dead-letter address, as a queue. */
function deadLetterNode(address: NodeOptions['deadLetter'], of: string, type: NodeType): NodeRef | undefined {
  if (address === undefined) return undefined
  const { name } = toAddress(address)
  if (type === 'queue') refuseCircle(name, of, 'deadLetter')
  return { name, type: 'queue' }
}

/**
 * The dead-letter address of a queue is another one: what always fails would come back for ever, and what expires RabbitMQ would drop as going
 * in circles.
 */
function refuseCircle(name: string | undefined, of: string, option: string): void {
  if (name !== of) return
  throw new MessagingError(
    'ADDRESS_OPTION_INVALID',
    `${option}: '${name}' cannot be its own dead-letter address`,
    {
      hint: 'Name another queue. To try a message again later, release it with a delay; replay() sends dead letters back.',
      context: { address: name, option },
    },
  )
}

function builderPlan(
  name: string,
  type: NodeType,
  options: Readonly<NodeOptions>,
  extra: Partial<NodePlan> & { durableMessages: boolean },
): NodePlan {
  // A topic keeps nothing itself: its limits are those of its subscriptions.
  const keeps = type === 'queue'
  const limits: NodeLimits = {
    maxDeliveries: options.maxDeliveries,
    deadLetter: deadLetterNode(options.deadLetter, name, type),
    maxLength: options.maxLength,
    ttlMs: options.ttlMs,
    expiresMs: options.expiresMs,
    native: options.native ?? {},
  }
  return {
    label: name,
    node: { name, type },
    spec: {
      name,
      type,
      durable: options.durable ?? true,
      ...limits,
      exclusive: keeps && (options.exclusive ?? false),
      autoDelete: false,
      bindings: [],
    },
    subscriptionLimits: limits,
    create: options.create ?? 'always',
    assert: options.assert ?? 'never',
    delete: options.delete ?? 'never',
    options,
    subject: undefined,
    patterns: [],
    subscription: undefined,
    ownSubscription: undefined,
    members: undefined,
    mode: 'consume',
    reliability: undefined,
    link: {},
    exclusiveLink: false,
    fromText: false,
    ...extra,
  }
}

function textPlan(address: Extract<AnyAddress, { kind: 'text' }>): NodePlan {
  const { parsed } = address
  const { node, link } = parsed
  const { portable } = node.declare
  refuseEverywhere(parsed)
  if ((node.type ?? 'queue') === 'queue')
    refuseCircle(portable.deadLetter, address.name, 'x-declare: alternate-exchange')
  const limits = limitsIn(portable)
  const kept = limitsIn(link.declare.portable)
  const { patterns, bindings } = sourcesOf(parsed)
  const durable = link.durable ?? link.declare.portable.durable ?? false
  return {
    label: address.name,
    node: { name: address.name, type: node.type },
    spec: {
      name: address.name,
      type: node.type ?? 'queue',
      durable: node.durable ?? portable.durable ?? false,
      ...limits,
      native: nativeDeclare(node.declare),
      exclusive: portable.exclusive ?? false,
      autoDelete: portable.autoDelete ?? false,
      bindings: node.bindings,
    },
    subscriptionLimits: {
      ...NO_LIMITS,
      deadLetter: kept.deadLetter ?? limits.deadLetter,
      maxLength: kept.maxLength ?? limits.maxLength,
      expiresMs: kept.expiresMs ?? link.timeoutMs ?? limits.expiresMs,
    },
    create: parsed.create,
    assert: parsed.assert,
    delete: parsed.delete,
    options: {},
    subject: parsed.subject,
    patterns,
    subscription: link.name === undefined ? undefined : { name: link.name, durable },
    ownSubscription: link.timeoutMs === undefined ? undefined : { name: randomName(), durable },
    members: undefined,
    mode: parsed.mode,
    reliability: link.reliability,
    link: {
      name: link.name,
      selector: link.selector,
      bindings,
      arguments: link.subscribe.arguments,
    },
    exclusiveLink: link.subscribe.exclusive || (link.declare.portable.exclusive ?? false),
    durableMessages: false,
    fromText: true,
  }
}

function limitsIn({ deadLetter, maxLength, expiresMs }: PortableDeclare): NodeLimits {
  return {
    ...NO_LIMITS,
    deadLetter: deadLetter === undefined ? undefined : { name: deadLetter, type: undefined },
    maxLength,
    expiresMs,
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
