import { afterAll, beforeAll, describe, it } from 'vitest'
import { fileHarness } from './harness/file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: fileHarness(),
  report: 'reports/conformance/file.json',
})
