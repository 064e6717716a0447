import { afterAll, beforeAll, describe, it } from 'vitest'
import { rabbitmqHarness } from './harness/rabbitmq.ts'
import { reportFile } from './harness/report-file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await rabbitmqHarness(),
  report: reportFile('rabbitmq'),
})
