import { afterAll, beforeAll, describe, it } from 'vitest'
import { artemisHarness } from './harness/artemis.ts'
import { reportFile } from './harness/report-file.ts'
import { chapters, conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await artemisHarness(),
  report: reportFile('artemis'),
  leftOut: 'for time: SLUICE_CONFORMANCE_ALL=1 runs them',
  chapters: process.env.SLUICE_CONFORMANCE_ALL
    ? undefined
    : chapters.map(({ name }) => name).filter((name) => name !== 'restart' && name !== 'process'),
})
