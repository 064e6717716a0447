import { afterAll, beforeAll, describe, it } from 'vitest'
import { memoryHarness } from './harness/memory.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: memoryHarness(),
  report: 'reports/conformance/memory.json',
})
