import { afterAll, beforeAll, describe, it } from 'vitest'
import { redisHarness } from './harness/redis.ts'
import { reportFile } from './harness/report-file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await redisHarness(),
  report: reportFile('redis'),
})
