/** What is measured: workloads named after the patterns, their settings, and presets. Pure values. */

import { checkKnownKeys } from '../core/known-keys.ts'
import { MessagingError } from '../index.ts'

/** Which pattern a workload exercises. */
export const PATTERNS = [
  'point-to-point',
  'fan-out',
  'multicast',
  'topic',
  'request-response',
  'store-and-forward',
  'browse',
] as const

export type Pattern = (typeof PATTERNS)[number]

export interface Workload {
  readonly name: string
  readonly pattern: Pattern
  /** Bytes of a body. */
  readonly bytes: number
  /** Messages of one run, warm-up excluded. */
  readonly count: number
  /** Messages sent first and not measured. */
  readonly warmUp: number
  /** Messages per second; 0: as fast as it goes, with `inFlight` bounding it. */
  readonly rate: number
  /** Unsettled sends (requests) at most. */
  readonly inFlight: number
  readonly credit: number
  /** Receivers: competing ones (point-to-point), subscribers (fan-out, topic), members (multicast). */
  readonly receivers: number
  /** Topic: further subscriptions whose pattern never fits. */
  readonly bystanders: number
  readonly durable: boolean
  /** Application properties on each message. */
  readonly headers: number
}

const DEFAULTS: Omit<Workload, 'name' | 'pattern'> = {
  bytes: 200,
  count: 20_000,
  warmUp: 2_000,
  rate: 0,
  inFlight: 1_000,
  credit: 1_000,
  receivers: 1,
  bystanders: 0,
  durable: true,
  headers: 0,
}

const KEYS = ['name', 'pattern', ...Object.keys(DEFAULTS)]

/** @throws `CONFIG_INVALID` naming the setting */
export function workload(settings: Partial<Workload> & { pattern: Pattern }): Workload {
  checkKnownKeys(settings, KEYS, 'workload')
  if (!PATTERNS.includes(settings.pattern)) throw invalid('pattern', settings.pattern, PATTERNS.join(', '))
  const full = { ...DEFAULTS, name: settings.pattern, ...settings }
  for (const [key, least] of Object.entries({
    bytes: 32,
    count: 1,
    warmUp: 0,
    rate: 0,
    inFlight: 1,
    credit: 1,
    receivers: 1,
    bystanders: 0,
    headers: 0,
  })) {
    const value = full[key as keyof Workload]
    if (typeof value !== 'number' || !(value >= least)) throw invalid(key, value, `a number from ${least}`)
  }
  return full
}

/** Every pattern once, in under a minute for a few brokers. */
export function quickWorkloads(): Workload[] {
  return [
    workload({ pattern: 'point-to-point', count: 10_000, warmUp: 1_000 }),
    workload({ pattern: 'fan-out', receivers: 3, count: 5_000, warmUp: 500, durable: false }),
    workload({ pattern: 'multicast', receivers: 3, count: 2_000, warmUp: 200 }),
    workload({ pattern: 'topic', receivers: 2, bystanders: 50, count: 5_000, warmUp: 500, durable: false }),
    workload({ pattern: 'request-response', count: 1_000, warmUp: 100, inFlight: 1, durable: false }),
    workload({ pattern: 'store-and-forward', count: 5_000, warmUp: 0 }),
    workload({ pattern: 'browse', count: 2_000, warmUp: 0 }),
  ]
}

/** The workloads behind the README's numbers. */
export function fullWorkloads(): Workload[] {
  return [
    workload({ pattern: 'point-to-point', name: 'point-to-point 200 B', count: 50_000, warmUp: 5_000 }),
    workload({
      pattern: 'point-to-point',
      name: 'point-to-point 1 KiB',
      bytes: 1024,
      count: 50_000,
      warmUp: 5_000,
    }),
    workload({
      pattern: 'point-to-point',
      name: 'point-to-point, 8 headers',
      headers: 8,
      count: 30_000,
      warmUp: 3_000,
    }),
    workload({ pattern: 'fan-out', receivers: 5, count: 20_000, durable: false }),
    workload({ pattern: 'multicast', receivers: 5, count: 10_000, warmUp: 1_000 }),
    workload({ pattern: 'topic', receivers: 3, bystanders: 1_000, count: 20_000, durable: false }),
    workload({ pattern: 'request-response', count: 5_000, warmUp: 500, inFlight: 1, durable: false }),
    workload({ pattern: 'store-and-forward', count: 50_000, warmUp: 0 }),
    workload({ pattern: 'browse', count: 20_000, warmUp: 0 }),
  ]
}

/** A preset by name, or workloads from the text of a YAML or JSON file, already parsed. */
export function workloadsFrom(data: unknown): Workload[] {
  const list = Array.isArray(data) ? data : (data as { workloads?: unknown })?.workloads
  if (!Array.isArray(list) || list.length === 0) {
    throw new MessagingError('CONFIG_INVALID', 'The workload file holds no list of workloads', {
      hint: 'Write for example: workloads: [{ pattern: point-to-point, bytes: 1024, count: 10000 }]',
    })
  }
  return list.map((entry) => workload(entry))
}

function invalid(key: string, value: unknown, allowed: string): MessagingError {
  return new MessagingError(
    'CONFIG_INVALID',
    `workload: ${key}: ${String(value)} is not one of: ${allowed}`,
    { context: { option: key } },
  )
}
