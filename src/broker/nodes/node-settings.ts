/** Settings of nodes: taken from a spec, compared, and written as the JSON the store keeps. */
import { NO_LIMITS, type NodeLimits, type NodeSpec } from '../../contract/adapter.ts'
import { MessagingError } from '../../model/errors.ts'

export type QueueSettings = NodeLimits & Pick<NodeSpec, 'durable' | 'exclusive' | 'autoDelete'>

export function queueSettings(
  limits: NodeLimits,
  facts: Pick<NodeSpec, 'durable' | 'exclusive' | 'autoDelete'>,
): QueueSettings {
  const { maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs, native } = limits
  const { durable, exclusive, autoDelete } = facts
  return { durable, exclusive, autoDelete, maxDeliveries, deadLetter, maxLength, ttlMs, expiresMs, native }
}

const COMPARED = [
  'durable',
  'maxDeliveries',
  'maxLength',
  'ttlMs',
  'expiresMs',
  'exclusive',
  'autoDelete',
] as const satisfies readonly (keyof QueueSettings)[]

/** @throws `ADDRESS_MISMATCH` naming every setting that differs */
export function checkSameSettings(name: string, existing: QueueSettings, wanted: QueueSettings): void {
  const differences: string[] = []
  for (const key of COMPARED) {
    if (existing[key] !== wanted[key]) differences.push(`${key} is ${existing[key]}, not ${wanted[key]}`)
  }
  const [has, wants] = [existing.deadLetter?.name, wanted.deadLetter?.name]
  if (has !== wants) differences.push(`deadLetter is ${has}, not ${wants}`)
  if (differences.length > 0) throw mismatch(name, differences.join('; '))
}

export function mismatch(name: string, detail: string): MessagingError {
  return new MessagingError('ADDRESS_MISMATCH', `The node '${name}' exists with other settings: ${detail}`, {
    context: { address: name, operation: 'declare' },
  })
}

export interface StoredBinding {
  readonly topic: string
  readonly pattern: string
}

/** What the store keeps of a node. Version 1; a field that is missing is not set. */
export type NodeRecord =
  | { kind: 'queue'; name: string; settings: Partial<QueueSettings>; bindings: readonly StoredBinding[] }
  | {
      kind: 'topic'
      name: string
      type: 'topic' | 'broadcast'
      durable: boolean
      native: Record<string, unknown>
    }
  | { kind: 'multicast'; name: string; durable: boolean; native: Record<string, unknown> }
  | {
      kind: 'subscription'
      topic: string
      topicType: 'topic' | 'broadcast'
      name: string
      patterns: readonly string[]
      settings: Partial<QueueSettings>
    }

export function formatNodeRecord(record: NodeRecord): string {
  return JSON.stringify({ version: 1, ...record }, (_key, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
}

/** @throws when the text is not what {@link formatNodeRecord} writes */
export function parseNodeRecord(text: string): NodeRecord {
  const record = JSON.parse(text)
  if (record.version !== 1) throw new Error(`node record of version ${record.version}`)
  return record
}

export function restoredSettings(settings: Partial<QueueSettings>): QueueSettings {
  return { ...NO_LIMITS, durable: true, exclusive: false, autoDelete: false, ...settings }
}
