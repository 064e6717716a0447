/** The page of capabilities: a table of features by adapter, each claim with the cases that prove it. Pure. */

import { type Capability, FEATURES, type Feature } from '../../../src/index.ts'
import type { CaseResult, ConformanceReport } from '../suite/index.ts'

const ORDER = ['memory', 'file', 'rabbitmq', 'qpid', 'artemis', 'rabbitmq-amqp10', 'redis', 'zeromq']

const SIGN = { native: 'yes', emulated: 'emulated', unsupported: 'no' } as const

/** What a newcomer asks first; the page has all. */
const FIRST: readonly Feature[] = [
  'queue',
  'broadcast',
  'multicast',
  'topic',
  'namedSubscription',
  'request',
  'storeAndForward',
  'browse',
  'priority',
  'ttl',
  'delay',
  'deadLetter',
  'maxDeliveries',
  'deduplication',
]

/** The short table of the README: features that a newcomer asks for, and the strongest guarantee. */
export function matrix(given: readonly ConformanceReport[]): string {
  const reports = inOrder(given)
  const row = (words: string, cells: readonly string[]): string => `| ${words} | ${cells.join(' | ')} |`
  return [
    headOf(reports),
    ...FIRST.map((feature) =>
      row(
        FEATURES[feature],
        reports.map((report) => SIGN[report.capabilities.features[feature].level]),
      ),
    ),
    row(
      'an accepted durable message survives',
      reports.map((report) => SURVIVES[report.capabilities.tiers.durable]),
    ),
  ].join('\n')
}

const SURVIVES = {
  T0: 'nothing',
  T1: 'a lost connection',
  T2: 'a killed broker',
  T3: 'power loss',
  T4: 'the loss of a node',
} as const

export function capabilitiesPage(given: readonly ConformanceReport[]): string {
  const reports = inOrder(given)
  const features = Object.keys(FEATURES) as Feature[]
  const notes = new Notes()
  const rows = features.map((feature) => {
    const cells = reports.map((report) => cell(report, feature, notes))
    return `| ${FEATURES[feature]} (\`${feature}\`) | ${cells.join(' | ')} |`
  })
  const limits = [...new Set(reports.flatMap((report) => Object.keys(report.capabilities.limits)))]
  const head = headOf(reports)
  return [
    '# Capabilities',
    '',
    '<!-- Generated from the conformance reports (npm run docs:capabilities); do not edit. -->',
    '',
    'What each broker can do through Sluice, as the [conformance suite](conformance.md) found it on a real broker. **yes**: the broker does it; **emulated**: Sluice',
    'does, with the side effects noted; **no**: refused with `NOT_SUPPORTED`, for the reason noted. A program reads the same from `connection.capabilities`.',
    '',
    '## Brokers',
    '',
    '| adapter | broker | cases passed | refusals proved | skipped | failed |',
    '|---|---|---|---|---|---|',
    ...reports.map(
      ({ adapter, broker, cases }) =>
        `| ${nameOf(adapter)} | ${broker.product} ${broker.version} | ${count(cases, 'passed')} | ${count(cases, 'inverted')} | ${count(cases, 'skipped')} | ${count(cases, 'failed')} |`,
    ),
    '',
    '## Features',
    '',
    head,
    ...rows,
    '',
    ...notes.lines(),
    '## Guarantees',
    '',
    'T0 best effort, T1 survives a lost connection, T2 survives a killed broker, T3 survives power loss (on disk before the answer).',
    '',
    head,
    ...(['durable', 'transient', 'live'] as const).map(
      (kind) =>
        `| ${TIER_WORDS[kind]} | ${reports.map((report) => report.capabilities.tiers[kind]).join(' | ')} |`,
    ),
    '',
    ...reports
      .filter((report) => report.capabilities.tiers.note !== undefined)
      .map((report) => `- ${nameOf(report.adapter)}: ${report.capabilities.tiers.note}`),
    '',
    '## Limits',
    '',
    head,
    ...limits.map(
      (name) =>
        `| \`${name}\` | ${reports.map((report) => limit(report.capabilities.limits[name])).join(' | ')} |`,
    ),
    '',
    '## Not tried',
    '',
    'Cases that could neither be run nor inverted, with the reason.',
    '',
    ...reports.flatMap(skipped),
    '',
  ].join('\n')
}

const TIER_WORDS = {
  durable: 'durable message in a durable node',
  transient: 'transient message',
  live: 'live subscription',
} as const

function cell(report: ConformanceReport, feature: Feature, notes: Notes): string {
  const capability: Capability = report.capabilities.features[feature]
  const mark = capability.note === undefined ? '' : notes.mark(report.adapter, feature, capability.note)
  return `${SIGN[capability.level]}${mark}${doubt(report.cases, feature, capability)}`
}

/** A claim that no case of this run proved, or that one disproved, is said to be so. */
function doubt(cases: readonly CaseResult[], feature: Feature, { level }: Capability): string {
  const mine = cases.filter((one) => one.needs.includes(feature))
  if (mine.some((one) => one.result === 'failed')) return ' **(failing)**'
  if (level !== 'unsupported' && !mine.some((one) => one.result === 'passed')) return ' (unproved)'
  return ''
}

/** Notes are numbered in the order of the table; equal texts share a number. */
class Notes {
  readonly #numbers = new Map<string, number>()

  mark(adapter: string, feature: Feature, text: string): string {
    const key = `\`${feature}\` on ${nameOf(adapter)}: ${text}`
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#numbers.size + 1
      this.#numbers.set(key, number)
    }
    return ` <sup>${number}</sup>`
  }

  lines(): string[] {
    if (this.#numbers.size === 0) return []
    return [...[...this.#numbers].map(([text, number]) => `${number}. ${text}`), '']
  }
}

/** One line per reason: many cases of a chapter are skipped for the same one. */
function skipped({ adapter, cases }: ConformanceReport): string[] {
  const byReason = new Map<string, string[]>()
  for (const one of cases.filter((each) => each.result === 'skipped')) {
    const reason = one.reason ?? ''
    byReason.set(reason, [...(byReason.get(reason) ?? []), one.id])
  }
  return [...byReason].map(
    ([reason, ids]) => `- ${nameOf(adapter)}: ${reason} (${ids.map((id) => `\`${id}\``).join(', ')})`,
  )
}

function limit(value: unknown): string {
  // JSON has no Infinity; the report says it as text.
  if (value === undefined) return '·'
  if (value === 'Infinity' || value === Number.POSITIVE_INFINITY) return 'memory'
  return Number(value).toLocaleString('en')
}

function count(cases: readonly CaseResult[], result: CaseResult['result']): number {
  return cases.filter((one) => one.result === result).length
}

function inOrder(reports: readonly ConformanceReport[]): ConformanceReport[] {
  return [...reports].sort((a, b) => place(a.adapter) - place(b.adapter))
}

function headOf(reports: readonly ConformanceReport[]): string {
  const names = reports.map(({ adapter }) => nameOf(adapter))
  return `| | ${names.join(' | ')} |\n|---|${reports.map(() => '---|').join('')}`
}

/** The scheme, and the product where it is a further one of that adapter. */
function nameOf(adapter: string): string {
  return PRODUCTS[adapter] ?? `\`${SCHEME[adapter] ?? adapter}:\``
}

/** Further brokers of the adapter for AMQP 1.0. */
const PRODUCTS: Readonly<Record<string, string>> = {
  artemis: '`qpid:` Artemis',
  'rabbitmq-amqp10': '`qpid:` RabbitMQ',
}

/** Where a scheme is not called like its adapter. */
const SCHEME: Readonly<Record<string, string>> = { zeromq: 'zmq' }

function place(adapter: string): number {
  const at = ORDER.indexOf(adapter)
  return at < 0 ? ORDER.length : at
}
