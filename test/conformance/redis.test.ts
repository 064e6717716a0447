import { afterAll, beforeAll, describe, it } from 'vitest'
import { redisHarness } from './harness/redis.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await redisHarness(),
  report: 'reports/conformance/redis.json',
})
