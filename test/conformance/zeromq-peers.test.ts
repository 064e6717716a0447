import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { peersHarness } from './harness/zeromq-peers.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await peersHarness(),
})
