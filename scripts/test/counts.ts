/** Counts of a test run, from the report that vitest writes in Jest's JSON form. */
import { readFileSync } from 'node:fs'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A file that could not even be loaded, or whose set-up failed, counts as one failure. */
export function countResults(path: string): Counts {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const { status, assertionResults } of report.testResults) {
    const failedBefore = counts.failed
    for (const assertion of assertionResults) {
      if (assertion.status === 'passed') counts.passed++
      else if (assertion.status === 'failed') counts.failed++
      else counts.skipped++
    }
    if (status === 'failed' && counts.failed === failedBefore) counts.failed++
  }
  return counts
}
