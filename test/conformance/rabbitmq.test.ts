import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { rabbitmqHarness } from './harness/rabbitmq.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await rabbitmqHarness(),
  report: 'reports/conformance/rabbitmq.json',
})
