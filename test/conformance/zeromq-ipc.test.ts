import { afterAll, beforeAll, describe, it } from 'vitest'
import { zeromqHarness } from './harness/zeromq.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await zeromqHarness('ipc'),
  report: 'reports/conformance/zeromq-ipc.json',
  // What another kind of socket can change; the rest is the same hub as over TCP.
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
