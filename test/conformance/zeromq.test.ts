import { afterAll, beforeAll, describe, it } from 'vitest'
import { zeromqHarness } from './harness/zeromq.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await zeromqHarness(),
  report: 'reports/conformance/zeromq.json',
})
