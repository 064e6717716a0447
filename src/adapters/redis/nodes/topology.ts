/** Settings of nodes: as text that every client can read, compared, and as fields that the scripts use. Pure. */
import { type NodeSpec, plainQueue, type ReceiverSpec } from '../../../contract/adapter.ts'
import { checkKnownKeys } from '../../../core/options/known-keys.ts'
import { optionReader } from '../../../core/options/option-reader.ts'
import { ADAPTER } from '../errors.ts'
import { LEAST_LEASE_MS } from '../options.ts'

/** What is kept of a spec; a setting that is missing is not set. */
export interface StoredSpec {
  readonly name: string
  readonly type: NodeSpec['type']
  readonly durable: boolean
  readonly maxDeliveries?: number
  /** Name of the dead-letter queue. */
  readonly deadLetter?: string
  readonly maxLength?: number
  readonly ttlMs?: number
  readonly expiresMs?: number
  readonly exclusive?: boolean
  readonly autoDelete?: boolean
  /** Lease of the node's receivers, where it is not the connection's. */
  readonly leaseMs?: number
}

/** Native options of a node: `queue('orders', { native: { leaseMs: 60_000 } })`. `type` comes from address strings. */
const NATIVE = ['leaseMs', 'type'] as const

const { wholeNumber } = optionReader(ADAPTER, 'native')

/** @throws `CONFIG_INVALID` on an unknown native option */
export function formatSpec(node: NodeSpec): string {
  checkKnownKeys(node.native, NATIVE, 'native')
  const { name, type, durable, maxDeliveries, deadLetter, maxLength, ttlMs, exclusive, autoDelete } = node
  const expiresMs = type === 'queue' ? node.expiresMs : undefined
  const spec: StoredSpec = {
    name,
    type,
    durable,
    maxDeliveries,
    deadLetter: deadLetter?.name,
    maxLength,
    ttlMs,
    expiresMs,
    exclusive: exclusive || undefined,
    autoDelete: autoDelete || undefined,
    leaseMs: leaseOf(node.native.leaseMs),
  }
  return JSON.stringify(spec)
}

/** Another program may have written anything there: what cannot be meant is taken for not set, and a text of no settings differs from all. */
export function parseSpec(text: string): StoredSpec {
  const stored = recordIn(text)
  const { maxDeliveries, deadLetter, leaseMs } = stored
  return {
    ...stored,
    durable: stored.durable !== false,
    maxDeliveries: isCount(maxDeliveries, 1) ? maxDeliveries : undefined,
    deadLetter: typeof deadLetter === 'string' && deadLetter !== '' ? deadLetter : undefined,
    leaseMs: isCount(leaseMs, LEAST_LEASE_MS) ? leaseMs : undefined,
  } as StoredSpec
}

/** The object that a text of JSON holds; an empty one where it holds none. */
export function recordIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least
}

const COMPARED = [
  'type',
  'durable',
  'maxDeliveries',
  'deadLetter',
  'maxLength',
  'ttlMs',
  'expiresMs',
  'exclusive',
  'autoDelete',
] as const satisfies readonly (keyof StoredSpec)[]

/** What of an existing node is not as it was described. */
export function differences(existing: StoredSpec, wanted: NodeSpec): string[] {
  const described = parseSpec(formatSpec(wanted))
  return COMPARED.filter((key) => existing[key] !== described[key]).map(
    (key) => `${key} is ${existing[key]}, not ${described[key]}`,
  )
}

/** Fields and values of a node's hash, for the scripts. */
export function queueFields(node: NodeSpec): string[] {
  const fields = ['type', node.type]
  const set = (name: string, value: number | boolean | undefined): void => {
    if (value !== undefined && value !== false) fields.push(name, value === true ? '1' : String(value))
  }
  // A topic keeps nothing: its limits are those of its subscriptions.
  if (node.type !== 'queue') return fields
  set('maxLength', node.maxLength)
  set('ttlMs', node.ttlMs)
  set('expiresMs', node.expiresMs)
  set('exclusive', node.exclusive)
  set('autoDelete', node.autoDelete)
  return fields
}

/** The queue of a named subscription. */
export function subscriptionSpec({ source, subscription, limits }: ReceiverSpec): NodeSpec {
  return { ...plainQueue(`${source.name}/${subscription!.name}`), ...limits, durable: subscription!.durable }
}

/** @throws `CONFIG_INVALID` when it is no time */
export function leaseOf(value: unknown): number | undefined {
  return wholeNumber('leaseMs', value, LEAST_LEASE_MS)
}
