import { afterAll, beforeAll, describe, it } from 'vitest'
import { rabbitmqAmqp10Harness } from './harness/rabbitmq-amqp10.ts'
import { reportFile } from './harness/report-file.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await rabbitmqAmqp10Harness(),
  report: reportFile('rabbitmq-amqp10'),
})
