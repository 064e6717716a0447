/** A test runner in a few lines: runs what the suite registers, several cases at a time, and keeps what failed. */
import { type ConformanceReport, conformance, type Harness } from '../../../src/conformance/index.ts'

/** Cases at once: most of a case is waiting that nothing comes. */
const AT_ONCE = 24

/** Runs chapters of the suite and resolves to its report. */
export async function collect(harness: Harness, chapters: readonly string[]): Promise<ConformanceReport> {
  const before: (() => Promise<void>)[] = []
  const after: (() => Promise<void>)[] = []
  const cases: ((skip: (reason: string) => void) => Promise<void>)[] = []
  let report: ConformanceReport | undefined
  conformance({
    harness,
    chapters,
    patienceMs: 3_000,
    onReport: (one) => {
      report = one
    },
    test: {
      describe: (_, body) => body(),
      it: (_, body) => void cases.push(body),
      before: (body) => void before.push(body),
      after: (body) => void after.push(body),
    },
  })
  for (const step of before) await step()
  const worker = async (): Promise<void> => {
    for (let next = cases.shift(); next; next = cases.shift()) {
      // The report has it; nothing is thrown away.
      await next(() => {}).catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  for (const step of after) await step()
  return report!
}
