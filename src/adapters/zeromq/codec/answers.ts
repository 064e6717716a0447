/**
 * What a hub answers, as JSON from the wire, checked: a client trusts its hub no more than the hub its clients. Whatever does not fit is
 * `DECODE_FAILED`; an error of the wire becomes one of ours, whatever it holds. Pure.
 */
import type { NodeInfo, NodeType } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { OLDEST_PROTOCOL, PROTOCOL_VERSION, type Welcome } from '../wire/protocol.ts'

const NODE_TYPES: readonly unknown[] = ['queue', 'topic', 'broadcast', 'multicast'] satisfies NodeType[]

type Json = Readonly<Record<string, unknown>>

export function welcomeOf({
  protocol,
  product,
  version,
  durable,
  heartbeatMs,
  maxMessageBytes,
}: Json): Welcome {
  if (typeof protocol !== 'number' || protocol < OLDEST_PROTOCOL || protocol > PROTOCOL_VERSION)
    throw unfit('a greeting of another protocol')
  if (!isCount(maxMessageBytes) || !isCount(heartbeatMs)) throw unfit('a greeting without its numbers')
  return {
    protocol,
    product: String(product),
    version: String(version),
    durable: durable === true,
    heartbeatMs,
    maxMessageBytes,
  }
}

export function booleanOf(value: unknown): boolean {
  if (typeof value !== 'boolean') throw unfit('neither true nor false')
  return value
}

export function countOf(value: unknown): number {
  if (!isCount(value)) throw unfit('no count')
  return value
}

export function replyToOf(value: unknown): string {
  const { replyTo } = objectOf(value)
  if (typeof replyTo !== 'string' || replyTo === '') throw unfit('no address for responses')
  return replyTo
}

export function nodesOf(value: unknown): NodeInfo[] {
  if (!Array.isArray(value)) throw unfit('no list of nodes')
  return value.map(nodeOf)
}

export function nodeOf(value: unknown): NodeInfo {
  const { name, type, depth, receivers, durable, details } = objectOf(value)
  if (typeof name !== 'string' || !NODE_TYPES.includes(type)) throw unfit('no node')
  return {
    name,
    type: type as NodeType,
    depth: isCount(depth) ? depth : undefined,
    receivers: isCount(receivers) ? receivers : undefined,
    durable: typeof durable === 'boolean' ? durable : undefined,
    details: details == null ? {} : objectOf(details),
  }
}

function objectOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unfit('no object')
  return value as Json
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value)
}

function unfit(what: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `The hub's answer is none: ${what}`, {
    hint: 'Something else than a Sluice hub listens there, or one of another version.',
    context: { adapter: ADAPTER },
  })
}
