import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformance, forVitest } from '../../src/conformance/index.ts'
import { redisHarness } from './harness/redis.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await redisHarness(),
  report: 'reports/conformance/redis.json',
})
