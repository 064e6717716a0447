import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { memoryHarness } from './harness/memory.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: memoryHarness(),
  report: 'reports/conformance/memory.json',
})
