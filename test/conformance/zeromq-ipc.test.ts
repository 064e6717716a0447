import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { zeromqHarness } from './harness/zeromq.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await zeromqHarness('ipc'),
  report: 'reports/conformance/zeromq-ipc.json',
})
