/** A test runner in a few lines: runs what the suite registers, chapters side by side, and keeps what failed. */
import { type ConformanceReport, conformance, type Harness } from '../../suite/index.ts'

/** Cases of one chapter at once: most of a case is waiting that nothing comes. */
const AT_ONCE = 3

type Case = (skip: (reason: string) => void) => Promise<void>

/** Runs chapters of the suite, each up to its first failure, and resolves to the report. */
export async function collect(harness: Harness, chapters: readonly string[]): Promise<ConformanceReport> {
  const before: (() => Promise<void>)[] = []
  const after: (() => Promise<void>)[] = []
  const groups: Case[][] = []
  let report: ConformanceReport | undefined
  conformance({
    harness,
    chapters,
    patienceMs: 5_000,
    onReport: (one) => {
      report = one
    },
    test: {
      describe: (_, body) => {
        groups.push([])
        body()
      },
      it: (_, body) => void groups.at(-1)!.push(body),
      before: (body) => void before.push(body),
      after: (body) => void after.push(body),
    },
  })
  for (const step of before) await step()
  await Promise.all(groups.map(untilFailure))
  for (const step of after) await step()
  return report!
}

/** One failure says that the chapter noticed; the report has it. */
async function untilFailure(cases: readonly Case[]): Promise<void> {
  const left = [...cases]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      await next(() => {}).catch(() => {
        left.length = 0
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
