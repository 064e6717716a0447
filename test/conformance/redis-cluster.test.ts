import { afterAll, beforeAll, describe, it } from 'vitest'
import { clusterHarness } from './harness/redis.ts'
import { reportFile } from './harness/report-file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: clusterHarness(),
  report: reportFile('redis-cluster'),
  // What does not depend on where a key is kept is tried on a single Redis.
  chapters: process.env.SLUICE_CONFORMANCE_ALL ? undefined : ['queue', 'topic', 'request'],
})
