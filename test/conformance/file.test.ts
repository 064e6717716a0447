import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { fileHarness } from './harness/file.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: fileHarness(),
  report: 'reports/conformance/file.json',
})
