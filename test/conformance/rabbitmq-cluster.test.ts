import { afterAll, beforeAll, describe, it } from 'vitest'
import { rabbitmqClusterHarness } from './harness/rabbitmq.ts'
import { reportFile } from './harness/report-file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: rabbitmqClusterHarness(),
  report: reportFile('rabbitmq-cluster'),
})
