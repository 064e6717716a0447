import { afterAll, beforeAll, describe, it } from 'vitest'
import { qpidHarness } from './harness/qpid.ts'
import { reportFile } from './harness/report-file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await qpidHarness(),
  report: reportFile('qpid'),
})
