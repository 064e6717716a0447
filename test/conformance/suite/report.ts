/** What a run found, as data and as a table for people. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Capabilities, CapabilityLevel } from 'sluice'

/**
 * `inverted`: a needed feature is unsupported, and its refusal (or what holds instead) was asserted.
 * `skipped`: neither could be tried, for the reason given.
 */
export type CaseOutcome = 'passed' | 'failed' | 'inverted' | 'skipped'

/** One case of a run. */
export interface CaseResult {
  /** `chapter.case` */
  readonly id: string
  /** Name of its chapter. */
  readonly chapter: string
  /** The promise, as a sentence. */
  readonly title: string
  /** Weakest level of the features it needs; `required` where it needs none that may be absent. */
  readonly level: CapabilityLevel | 'required'
  /** What came of it. */
  readonly result: CaseOutcome
  /** Time it took. Unit: ms. */
  readonly ms: number
  /** Features of `capabilities` it needs. */
  readonly needs: readonly string[]
  /** Why it was skipped, or how it failed. */
  readonly reason?: string
}

/** A whole run, as it stands in the JSON file. */
export interface ConformanceReport {
  /** Name of the adapter, as its harness gives it. */
  readonly adapter: string
  /** What was found at the other end. */
  readonly broker: { readonly product: string; readonly version: string }
  /** What the adapter declares of this very broker. */
  readonly capabilities: Capabilities
  /** Every case, in the order they ran. */
  readonly cases: readonly CaseResult[]
}

/**
 * Writes the report as JSON, its folder made.
 *
 * @example
 * ```ts
 * conformance({
 *   test: forNodeTest({ describe, it, before, after }),
 *   harness: { name: 'mine', target: () => ({ url: 'mine://127.0.0.1' }) },
 *   onReport: (report) => void writeReport(report, 'reports/mine.json'),
 * })
 * ```
 */
export async function writeReport(report: ConformanceReport, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // JSON has no Infinity; the limits use it for «bounded by memory only».
  const text = JSON.stringify(
    report,
    (_, value) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value),
    2,
  )
  await writeFile(path, `${text}\n`)
}

/**
 * The matrix: a line per chapter, then everything that was not simply passed.
 *
 * @example
 * ```ts
 * conformance({
 *   test: forNodeTest({ describe, it, before, after }),
 *   harness: { name: 'mine', target: () => ({ url: 'mine://127.0.0.1' }) },
 *   onReport: (report) => process.stdout.write(formatReport(report)),
 * })
 * ```
 */
export function formatReport(report: ConformanceReport): string {
  const { adapter, broker, cases } = report
  const chapters = [...new Set(cases.map((one) => one.chapter))]
  const width = Math.max(10, ...chapters.map((name) => name.length))
  const lines = [`conformance of ${adapter}: ${broker.product} ${broker.version}`, '']
  lines.push(`  ${'chapter'.padEnd(width)}  passed  inverted  skipped  failed      ms`)
  for (const name of [...chapters, 'all']) {
    const mine = name === 'all' ? cases : cases.filter((one) => one.chapter === name)
    const count = (result: CaseOutcome): number => mine.filter((one) => one.result === result).length
    const ms = Math.round(mine.reduce((sum, one) => sum + one.ms, 0))
    lines.push(
      `  ${name.padEnd(width)}  ${pad(count('passed'), 6)}  ${pad(count('inverted'), 8)}  ${pad(count('skipped'), 7)}  ${pad(count('failed'), 6)}  ${pad(ms, 6)}`,
    )
  }
  for (const [result, heading] of [
    ['inverted', 'inverted (unsupported, and refused as declared)'],
    ['skipped', 'skipped'],
    ['failed', 'failed'],
  ] as const) {
    const some = cases.filter((one) => one.result === result)
    if (some.length === 0) continue
    lines.push('', `  ${heading}:`)
    for (const one of some) lines.push(`    ${one.id}${one.reason ? `: ${one.reason}` : ''}`)
  }
  return `${lines.join('\n')}\n`
}

function pad(value: number, width: number): string {
  return String(value || '·').padStart(width)
}
