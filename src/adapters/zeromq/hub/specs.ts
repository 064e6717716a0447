/**
 * What a client asks for, as JSON from the wire, made into the contract's values: every field is there and of its type, names are names,
 * numbers and lists are within bounds, as the API sees to it for a program's own call. The broker behind relies on that. Pure.
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
import { type Hello, OLDEST_PROTOCOL, PROTOCOL_VERSION } from '../wire/protocol.ts'
import { isDelay, isUint32, nameProblem } from './values.ts'

/** Unsettled sends or deliveries of one link. The broker remembers as many; numbers of deliveries have room for more. */
const MOST_AT_ONCE = 1_000_000
const TYPES: readonly unknown[] = ['queue', 'topic', 'broadcast', 'multicast'] satisfies NodeType[]

/** Patterns or bindings of one request. */
const MAX_LIST = 10_000
/** Unit: bytes. */
const MAX_PATTERN_BYTES = 255
const MAX_NATIVE_BYTES = 10_000
const MAX_TEXT_LENGTH = 10_000
/** Of `sluice-reason` and `sluice-error`: what a client gives beyond is cut off. */
const MAX_REASON_LENGTH = 10_000
/** A client's identity and its name. */
const MAX_CLIENT_LENGTH = 255
const LEAST_HEARTBEAT_MS = 100
const USUAL_HEARTBEAT_MS = 10_000
/** «Never», as the client of this library says it. */
const LONGEST_HEARTBEAT_MS = 86_400_000

type Json = Readonly<Record<string, unknown>>

/** Answered by REPLY with the same number. */
export interface Request {
  readonly call: number
  readonly verb: string
  readonly args: Json
}

export interface Settlement {
  readonly call: number
  readonly delivery: number
  readonly verdict: unknown
}

/** @throws `CONNECT_FAILED` on another protocol, `CONFIG_INVALID` */
export function helloOf({ protocol, client, name, heartbeatMs }: Json): Hello {
  if (!isUint32(protocol) || protocol < OLDEST_PROTOCOL || protocol > PROTOCOL_VERSION) {
    throw new MessagingError(
      'CONNECT_FAILED',
      `The hub speaks protocol ${OLDEST_PROTOCOL} to ${PROTOCOL_VERSION}, the client ${isUint32(protocol) ? protocol : 'none of them'}`,
      { retryable: false, hint: 'Bring hub and client to the same version of Sluice.' },
    )
  }
  return {
    protocol,
    client: client == null ? undefined : short(client, 'client'),
    name: name == null ? '' : short(name, 'name'),
    heartbeatMs: Math.min(
      LONGEST_HEARTBEAT_MS,
      Math.max(LEAST_HEARTBEAT_MS, positive(heartbeatMs, 'heartbeatMs') ?? USUAL_HEARTBEAT_MS),
    ),
  }
}

/** @throws `CONFIG_INVALID` where nobody can be answered */
export function requestOf({ call, verb, args }: Json): Request {
  return {
    call: number(call, 'call'),
    verb: typeof verb === 'string' ? verb : '',
    args: args == null ? {} : object(args, 'args'),
  }
}

/** @throws `CONFIG_INVALID` where nobody can be answered */
export function settlementOf({ call, delivery, verdict }: Json): Settlement {
  return { call: number(call, 'call'), delivery: number(delivery, 'delivery'), verdict }
}

export function nodeRef(value: unknown): NodeRef {
  const node = object(value, 'node')
  const { subscription } = node
  return {
    name: nodeName(node.name, 'name'),
    type: node.type == null ? undefined : nodeType(node.type),
    ...(subscription != null && { subscription: nodeName(subscription, 'subscription') }),
  }
}

export function nodeSpec(value: unknown): NodeSpec {
  const node = object(value, 'node')
  return {
    name: nodeName(node.name, 'name'),
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
    ...(spec.takes === true && { takes: true }),
    credit: count(spec.credit, 'credit') ?? 0,
    reliability: reliability(spec.reliability),
    patterns: list(spec.patterns, 'patterns').map((each) => pattern(each, 'patterns')),
    subscription: subscription(spec.subscription),
    exclusive: spec.exclusive === true,
    autoDelete: spec.autoDelete === true,
    limits: limits(spec.limits == null ? {} : object(spec.limits, 'limits')),
    link: linkOptions(spec.link),
  }
}

/** A browser takes what it was shown. */
export function isTake(verdict: unknown): boolean {
  return typeof verdict === 'object' && verdict !== null && 'kind' in verdict && verdict.kind === 'take'
}

export function verdictOf(value: unknown): Verdict {
  const verdict = object(value, 'verdict')
  if (verdict.kind === 'reject') {
    const error = cutText(verdict.error, 'error')
    return { kind: 'reject', reason: cutText(verdict.reason, 'reason') ?? '', error }
  }
  if (verdict.kind !== 'release') throw invalid('verdict', 'is none of release, reject, take')
  const delayMs = notNegative(verdict.delayMs, 'delayMs') ?? 0
  if (!isDelay(delayMs)) throw invalid('delayMs', 'is too long')
  return { kind: 'release', delayMs, unseen: verdict.unseen === true }
}

function cutText(value: unknown, name: string): string | undefined {
  if (value == null) return undefined
  // The cut may go through a pair of surrogates.
  return string(value, name)
    .slice(0, MAX_REASON_LENGTH)
    .replace(/[\ud800-\udbff]$/, '')
}

/** A window of deliveries. */
export function creditOf(value: unknown): number {
  return count(value, 'credit') ?? 0
}

function limits(node: Json): ReceiverSpec['limits'] {
  return {
    maxDeliveries: positive(whole(node.maxDeliveries, 'maxDeliveries'), 'maxDeliveries'),
    deadLetter: node.deadLetter == null ? undefined : nodeRef(node.deadLetter),
    maxLength: notNegative(whole(node.maxLength, 'maxLength'), 'maxLength'),
    ttlMs: positive(node.ttlMs, 'ttlMs'),
    expiresMs: positive(node.expiresMs, 'expiresMs'),
    native: node.native == null ? {} : nativeOf(node.native),
  }
}

function subscription(value: unknown): Subscription | undefined {
  if (value == null) return undefined
  const { name, durable } = object(value, 'subscription')
  return { name: nodeName(name, 'subscription'), durable: durable === true }
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
      ...(source != null && { source: nodeName(source, 'binding source') }),
      ...(target != null && { target: nodeName(target, 'binding target') }),
      ...(key != null && { key: pattern(key, 'binding key') }),
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
  if (!Array.isArray(value)) throw invalid(name, 'is no list')
  if (value.length > MAX_LIST) throw invalid(name, `has ${value.length} items, the limit is ${MAX_LIST}`)
  return value
}

/** The broker's own arguments: small, and nothing that cannot be written down again. */
function nativeOf(value: unknown): Json {
  const native = object(value, 'native')
  let written: string
  try {
    written = JSON.stringify(native)
  } catch {
    throw invalid('native', 'is nested too deep')
  }
  if (written.length > MAX_NATIVE_BYTES) throw invalid('native', `is longer than ${MAX_NATIVE_BYTES}`)
  return native
}

function text(value: unknown, name: string): string {
  const known = string(value, name)
  if (known === '') throw invalid(name, 'is empty')
  if (known.length > MAX_TEXT_LENGTH) throw invalid(name, `is longer than ${MAX_TEXT_LENGTH}`)
  return known
}

function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(name, 'is no text')
  if (!value.isWellFormed()) throw invalid(name, 'is no valid Unicode')
  return value
}

function short(value: unknown, name: string): string {
  const known = string(value, name)
  if (known.length > MAX_CLIENT_LENGTH) throw invalid(name, `is longer than ${MAX_CLIENT_LENGTH}`)
  return known
}

function nodeName(value: unknown, what: string): string {
  const name = text(value, what)
  const problem = nameProblem(name)
  if (problem) {
    throw new MessagingError('ADDRESS_MALFORMED', `The request's ${what} ${problem}`, {
      context: { option: what },
    })
  }
  return name
}

function pattern(value: unknown, name: string): string {
  const known = string(value, name)
  if (Buffer.byteLength(known) > MAX_PATTERN_BYTES)
    throw invalid(name, `holds one longer than ${MAX_PATTERN_BYTES} bytes`)
  return known
}

function number(value: unknown, name: string): number {
  if (!isUint32(value)) throw invalid(name, 'is no number of 32 bits')
  return value
}

function whole(value: unknown, name: string): unknown {
  if (value != null && !Number.isInteger(value)) throw invalid(name, 'is no whole number')
  return value
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
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value))
    return Math.min(value, Number.MAX_SAFE_INTEGER)
  throw invalid(name, 'is no number of 0 or more')
}

function invalid(name: string, problem: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `The request's ${name} ${problem}`, {
    context: { option: name },
  })
}
