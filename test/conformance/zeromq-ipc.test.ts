import { afterAll, beforeAll, describe, it } from 'vitest'
import { zeromqHarness } from './harness/zeromq.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await zeromqHarness('ipc'),
  report: 'reports/conformance/zeromq-ipc.json',
  leftOut:
    'the same hub as over TCP, and nothing that another kind of socket can change: SLUICE_CONFORMANCE_ALL=1 runs it',
  chapters: process.env.SLUICE_CONFORMANCE_ALL
    ? undefined
    : [
        'connect',
        'send',
        'queue',
        'settle',
        'credit',
        'bodies',
        'messages',
        'request',
        'topic',
        'errors',
        'limits',
        'process',
        'restart',
        'close',
      ],
})
