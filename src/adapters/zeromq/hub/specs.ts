/**
 * What a client asks for, as JSON from the wire, made into the contract's values: every field is there and of its type, numbers are
 * within bounds. The broker behind relies on that. Pure.
 */
import type {
  Binding,
  LinkOptions,
  NodeRef,
  NodeSpec,
  NodeType,
  ReceiverSpec,
  SenderSpec,
  Subscription,
  Verdict,
} from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'

/** Unsettled sends or deliveries of one link. The broker remembers as many; numbers of deliveries have room for more. */
const MOST_AT_ONCE = 1_000_000
const TYPES: readonly unknown[] = ['queue', 'topic', 'broadcast', 'multicast'] satisfies NodeType[]

type Json = Readonly<Record<string, unknown>>

export function nodeRef(value: unknown): NodeRef {
  const node = object(value, 'node')
  const { subscription } = node
  return {
    name: text(node.name, 'name'),
    type: node.type == null ? undefined : nodeType(node.type),
    ...(subscription != null && { subscription: text(subscription, 'subscription') }),
  }
}

export function nodeSpec(value: unknown): NodeSpec {
  const node = object(value, 'node')
  return {
    name: text(node.name, 'name'),
    type: nodeType(node.type),
    durable: node.durable === true,
    exclusive: node.exclusive === true,
    autoDelete: node.autoDelete === true,
    bindings: bindings(node.bindings),
    ...limits(node),
  }
}

export function senderSpec(value: unknown): SenderSpec {
  const spec = object(value, 'spec')
  return {
    target: spec.target == null ? undefined : nodeRef(spec.target),
    capacity: Math.max(1, count(spec.capacity, 'capacity') ?? 1_000),
    reliability: reliability(spec.reliability),
    link: linkOptions(spec.link),
  }
}

export function receiverSpec(value: unknown): ReceiverSpec {
  const spec = object(value, 'spec')
  return {
    source: nodeRef(spec.source),
    mode: spec.mode === 'browse' ? 'browse' : 'consume',
    follow: spec.follow === true,
    credit: count(spec.credit, 'credit') ?? 0,
    reliability: reliability(spec.reliability),
    patterns: list(spec.patterns, 'patterns').map((pattern) => string(pattern, 'patterns')),
    subscription: subscription(spec.subscription),
    exclusive: spec.exclusive === true,
    autoDelete: spec.autoDelete === true,
    limits: limits(spec.limits == null ? {} : object(spec.limits, 'limits')),
    link: linkOptions(spec.link),
  }
}

export function verdictOf(value: unknown): Verdict {
  const verdict = object(value, 'verdict')
  if (verdict.kind === 'reject') return { kind: 'reject', reason: String(verdict.reason) }
  if (verdict.kind !== 'release') throw invalid('verdict', 'is neither release nor reject')
  const delayMs = positive(verdict.delayMs || undefined, 'delayMs') ?? 0
  return { kind: 'release', delayMs, unseen: verdict.unseen === true }
}

/** A window of deliveries. */
export function creditOf(value: unknown): number {
  return count(value, 'credit') ?? 0
}

function limits(node: Json): ReceiverSpec['limits'] {
  return {
    maxDeliveries: positive(node.maxDeliveries, 'maxDeliveries'),
    deadLetter: node.deadLetter == null ? undefined : nodeRef(node.deadLetter),
    maxLength: notNegative(node.maxLength, 'maxLength'),
    ttlMs: positive(node.ttlMs, 'ttlMs'),
    expiresMs: positive(node.expiresMs, 'expiresMs'),
    native: node.native == null ? {} : object(node.native, 'native'),
  }
}

function subscription(value: unknown): Subscription | undefined {
  if (value == null) return undefined
  const { name, durable } = object(value, 'subscription')
  return { name: text(name, 'subscription'), durable: durable === true }
}

function linkOptions(value: unknown): LinkOptions {
  if (value == null) return {}
  const link = object(value, 'link')
  return {
    ...(link.name != null && { name: text(link.name, 'link name') }),
    ...(link.selector != null && { selector: text(link.selector, 'selector') }),
    ...(link.bindings != null && { bindings: bindings(link.bindings) }),
  }
}

function bindings(value: unknown): Binding[] {
  return list(value, 'bindings').map((each) => {
    const { source, target, key } = object(each, 'bindings')
    return {
      ...(source != null && { source: text(source, 'binding source') }),
      ...(target != null && { target: text(target, 'binding target') }),
      ...(key != null && { key: string(key, 'binding key') }),
    }
  })
}

function nodeType(value: unknown): NodeType {
  if (!TYPES.includes(value)) throw invalid('type', `is none of ${TYPES.join(', ')}`)
  return value as NodeType
}

function reliability(value: unknown): SenderSpec['reliability'] {
  return value === 'at-most-once' ? 'at-most-once' : 'at-least-once'
}

function object(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw invalid(name, 'is no object')
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value == null) return []
  if (Array.isArray(value)) return value
  throw invalid(name, 'is no list')
}

function text(value: unknown, name: string): string {
  if (value === '') throw invalid(name, 'is empty')
  return string(value, name)
}

function string(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw invalid(name, 'is no text')
}

/** Whole, 0 or more; what is larger than anybody needs becomes that. */
function count(value: unknown, name: string): number | undefined {
  if (value == null) return undefined
  if (Number.isInteger(value) && (value as number) >= 0) return Math.min(value as number, MOST_AT_ONCE)
  throw invalid(name, 'is no whole number of 0 or more')
}

function positive(value: unknown, name: string): number | undefined {
  if (value === 0) throw invalid(name, 'is 0')
  return notNegative(value, name)
}

function notNegative(value: unknown, name: string): number | undefined {
  if (value == null) return undefined
  // JSON's 1e999 is Infinity.
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  throw invalid(name, 'is no number of 0 or more')
}

function invalid(name: string, problem: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `The request's ${name} ${problem}`, {
    context: { option: name },
  })
}
