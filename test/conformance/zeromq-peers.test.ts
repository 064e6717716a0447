import { afterAll, beforeAll, describe, it } from 'vitest'
import { peersHarness } from './harness/zeromq-peers.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await peersHarness(),
})
