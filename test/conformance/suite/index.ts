/**
 * The conformance suite: proves that an adapter keeps what this library promises.
 *
 * It runs under any test runner and against any adapter. Capabilities decide: a case whose feature is declared unsupported
 * runs inverted and asserts the refusal; what cannot be tried is skipped with its reason.
 *
 * @example
 * ```ts
 * import { afterAll, beforeAll, describe, it } from 'vitest'
 * import { registerAdapter } from 'sluice'
 * import { conformance, forVitest } from 'sluice/conformance'
 * import { myAdapter } from './my-adapter.ts'
 *
 * registerAdapter(myAdapter)
 * conformance({
 *   test: forVitest({ describe, it, beforeAll, afterAll }),
 *   harness: { name: 'mine', target: () => ({ url: 'mine://127.0.0.1' }) },
 *   report: 'reports/conformance/mine.json',
 * })
 * ```
 */
import type { Case, Chapter } from './case.ts'
import { chapters } from './chapters/index.ts'
import { patience } from './expect.ts'
import type { Harness } from './harness.ts'
import { type ConformanceReport, formatReport, writeReport } from './report.ts'
import { probe, Run } from './run.ts'
import type { TestRunner } from './runners.ts'

export type { Case, CaseDefinition, Chapter } from './case.ts'
export type {
  BrokerControl,
  Facility,
  Faults,
  ForeignFacts,
  Harness,
  Witness,
  WitnessedMessage,
} from './harness.ts'
export {
  type CaseOutcome,
  type CaseResult,
  type ConformanceReport,
  formatReport,
  writeReport,
} from './report.ts'
export { forNodeTest, forVitest, type TestRunner } from './runners.ts'
export { chapters }

/** What to run, on what, under which runner. */
export interface ConformanceOptions {
  /** The runner's own words; see `forVitest` and `forNodeTest`. */
  readonly test: TestRunner
  /** The adapter and its broker. */
  readonly harness: Harness
  /** Chapters to run. Default: all. */
  readonly chapters?: readonly string[] | undefined
  /** Why the other chapters are not run: each of them is then a skip with this reason. */
  readonly leftOut?: string
  /** Leaves out single cases; for looking for a defect. */
  readonly only?: (item: Case) => boolean
  /** How long what must come may take. Unit: ms. Default 8000. */
  readonly patienceMs?: number
  /** File for the report as JSON; written only when every case was run. */
  readonly report?: string
  /** Told of the report at the end. Default: prints the matrix. */
  readonly onReport?: (report: ConformanceReport) => void
}

/** Time a runner should allow beyond a case's own limit, for opening and cleaning up. Unit: ms. */
const ALLOWANCE_MS = 45_000

/**
 * Registers the suite with the runner.
 *
 * @example
 * ```ts
 * conformance({
 *   test: forVitest({ describe, it, beforeAll, afterAll }),
 *   harness: { name: 'mine', target: () => ({ url: 'mine://127.0.0.1' }) },
 * })
 * ```
 */
export function conformance(options: ConformanceOptions): void {
  const { test, harness, only = () => true } = options
  const wanted = chapters.filter((one) => options.chapters?.includes(one.name) ?? true)
  checkIds(harness)
  const run = new Run(harness)
  if (options.patienceMs !== undefined) patience.ms = options.patienceMs
  let registered = 0
  test.describe(`conformance: ${harness.name}`, () => {
    test.before(async () => harness.start?.())
    for (const { name, cases } of wanted) {
      test.describe(name, () => {
        for (const item of cases.filter(only)) {
          registered++
          const body = async (skip: (reason: string) => void): Promise<void> => {
            const result = await run.case(item)
            if (result.result === 'skipped') skip(result.reason ?? 'no reason')
          }
          test.it(`${item.id}: ${item.title}`, body, item.timeoutMs + ALLOWANCE_MS)
        }
      })
    }
    if (options.leftOut !== undefined) skipped(options.leftOut, wanted, test)
    test.after(async () => {
      try {
        await finish(options, run, registered)
      } finally {
        await run.stop()
        await harness.stop?.()
      }
    })
  })
}

function skipped(reason: string, wanted: readonly Chapter[], test: TestRunner): void {
  for (const one of chapters.filter((each) => !wanted.includes(each)))
    test.it(`chapter ${one.name}`, async (skip) => skip(reason), ALLOWANCE_MS)
}

/** What is said of a case that does not exist would be said of nothing. */
function checkIds({ name, defects, inapplicable }: Harness): void {
  const known = new Set(chapters.flatMap(({ cases }) => cases.map(({ id }) => id)))
  for (const id of Object.keys({ ...defects, ...inapplicable }))
    if (!known.has(id)) throw new Error(`The harness of ${name} names the case '${id}', which does not exist`)
}

async function finish(options: ConformanceOptions, run: Run, registered: number): Promise<void> {
  if (run.results.length === 0) return
  const report: ConformanceReport = {
    adapter: options.harness.name,
    ...(await probe(options.harness)),
    cases: run.results,
  }
  const print =
    options.onReport ?? ((one: ConformanceReport) => process.stdout.write(`\n${formatReport(one)}`))
  print(report)
  const whole = !options.chapters && !options.only && run.results.length === registered
  if (options.report && whole) await writeReport(report, options.report)
}
