/** What is measured: workloads named after the patterns, their settings and the checks of them. Pure values. */
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { MessagingError } from '../../index.ts'

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

/** Something that is done to a broker in the middle of a run, by commands of the user's. */
export interface Fault {
  readonly name: string
  /** Adapter whose runs have it (`redis`); absent: all. */
  readonly on?: string
  /** After the first measured send. Unit: ms. */
  readonly atMs: number
  /** Between `begin` and `end`. Unit: ms. */
  readonly forMs: number
  /** Shell commands. */
  readonly begin: string
  readonly end?: string
}

export interface Workload {
  readonly name: string
  readonly pattern: Pattern
  /** Bytes of a body. */
  readonly bytes: number
  /** Messages of one run, warm-up excluded; with `durationMs` the most. */
  readonly count: number
  /** Sending ends after this time. Unit: ms. 0: only `count` ends it. */
  readonly durationMs: number
  /**
   * The throughput is that of the end of the run, at least this long, whose rate was steady. Unit: ms. 0: that of the whole run.
   * Not for a backlog or a rate.
   */
  readonly steadyMs: number
  /** Messages sent first and not measured. */
  readonly warmUp: number
  /** Messages per second, sent on schedule whatever became of those before; 0: as fast as it goes, bounded by `inFlight`. */
  readonly rate: number
  /** Shares of the capacity found first: the latency-versus-load curve, a step of `durationMs` each. Empty: no curve. */
  readonly loads: readonly number[]
  /** Unsettled sends (requests) at most. */
  readonly inFlight: number
  readonly credit: number
  /** Links that send, in turns. */
  readonly senders: number
  /** Receivers: competing ones (point-to-point), subscribers (fan-out, topic), members (multicast). */
  readonly receivers: number
  /** Topic: further subscriptions whose pattern never fits. */
  readonly bystanders: number
  readonly durable: boolean
  /** Application properties on each message. */
  readonly headers: number
  readonly faults: readonly Fault[]
}

const DEFAULTS: Omit<Workload, 'name' | 'pattern'> = {
  bytes: 200,
  count: 20_000,
  durationMs: 0,
  steadyMs: 0,
  warmUp: 2_000,
  rate: 0,
  loads: [],
  inFlight: 1_000,
  credit: 1_000,
  senders: 1,
  receivers: 1,
  bystanders: 0,
  durable: true,
  headers: 0,
  faults: [],
}

/** Bound of a run that only a duration ends: one byte of the books each, for every receiver. */
const MOST_MESSAGES = 5_000_000
/** Length of a step of the load curve where the workload names none. Unit: ms. */
const STEP_MS = 2_000

const LEAST: Partial<Record<keyof Workload, number>> = {
  bytes: 32,
  count: 1,
  durationMs: 0,
  steadyMs: 0,
  warmUp: 0,
  rate: 0,
  inFlight: 1,
  credit: 1,
  senders: 1,
  receivers: 1,
  bystanders: 0,
  headers: 0,
}

const KEYS = ['name', 'pattern', ...Object.keys(DEFAULTS)]

/** @throws `CONFIG_INVALID` naming the setting */
export function workload(settings: Partial<Workload> & { pattern: Pattern }): Workload {
  if (typeof settings !== 'object' || settings === null) throw invalid('workload', settings, 'a map')
  checkKnownKeys(settings, KEYS, 'workload')
  if (!PATTERNS.includes(settings.pattern)) throw invalid('pattern', settings.pattern, PATTERNS.join(', '))
  const full: Workload = {
    ...DEFAULTS,
    name: settings.pattern,
    ...(settings.durationMs ? { count: MOST_MESSAGES } : {}),
    ...(settings.loads?.length ? { durationMs: STEP_MS } : {}),
    ...settings,
  }
  if (typeof full.name !== 'string') throw invalid('name', full.name, 'a text')
  if (typeof full.durable !== 'boolean') throw invalid('durable', full.durable, 'true, false')
  for (const [key, least] of Object.entries(LEAST)) {
    const value = full[key as keyof Workload]
    if (typeof value !== 'number' || !(value >= least)) throw invalid(key, value, `a number from ${least}`)
    if (key !== 'rate' && !Number.isInteger(value)) throw invalid(key, value, 'a whole number')
  }
  if (!Array.isArray(full.loads) || full.loads.some((load) => !(load > 0 && load <= 2)))
    throw invalid('loads', full.loads, 'a list of shares of the capacity, such as [0.25, 0.5, 0.8]')
  if (full.loads.length > 0 && full.rate > 0) throw invalid('loads', full.loads, 'used without rate')
  if (full.bystanders > 0 && full.pattern !== 'topic')
    throw invalid('bystanders', full.bystanders, 'used with the pattern topic')
  return { ...full, faults: faults(full.faults) }
}

function faults(list: unknown): Fault[] {
  if (!Array.isArray(list)) throw invalid('faults', list, 'a list')
  for (const fault of list as Fault[]) {
    checkKnownKeys(fault, ['name', 'on', 'atMs', 'forMs', 'begin', 'end'], 'fault')
    for (const key of ['name', 'begin'] as const)
      if (typeof fault[key] !== 'string') throw invalid(`faults: ${key}`, fault[key], 'a text')
    for (const key of ['atMs', 'forMs'] as const)
      if (typeof fault[key] !== 'number' || fault[key] < 0)
        throw invalid(`faults: ${key}`, fault[key], 'a number from 0')
  }
  return list as Fault[]
}

/** Workloads from the text of a YAML or JSON file, already parsed: a list, or a map with the list as `workloads`. */
export function workloadsFrom(data: unknown): Workload[] {
  const list = Array.isArray(data) ? data : (data as { workloads?: unknown } | undefined)?.workloads
  if (!Array.isArray(list) || list.length === 0) {
    throw new MessagingError('CONFIG_INVALID', 'The workload file holds no list of workloads', {
      hint: 'Write for example: workloads: [{ pattern: point-to-point, bytes: 1024, count: 10000 }]',
    })
  }
  const workloads = list.map((entry) => workload(entry))
  const names = new Set<string>()
  for (const { name } of workloads) {
    if (names.has(name)) throw invalid('name', name, 'different for each workload')
    names.add(name)
  }
  return workloads
}

function invalid(key: string, value: unknown, allowed: string): MessagingError {
  return new MessagingError(
    'CONFIG_INVALID',
    `workload: ${key}: ${JSON.stringify(value)} is not what it can be: ${allowed}`,
    { context: { option: key } },
  )
}
