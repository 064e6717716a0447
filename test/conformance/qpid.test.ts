import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { qpidHarness } from './harness/qpid.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await qpidHarness(),
  report: 'reports/conformance/qpid.json',
})
