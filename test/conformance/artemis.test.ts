import { afterAll, beforeAll, describe, it } from 'vitest'
import { artemisHarness } from './harness/artemis.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await artemisHarness(),
  report: 'reports/conformance/artemis.json',
})
