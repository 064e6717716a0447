import { afterAll, beforeAll, describe, it } from 'vitest'
import { rabbitmqHarness } from './harness/rabbitmq.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await rabbitmqHarness(),
  report: 'reports/conformance/rabbitmq.json',
})
