import { afterAll, beforeAll, describe, it } from 'vitest'
import { rabbitmqAmqp10Harness } from './harness/rabbitmq-amqp10.ts'
import { conformance, forVitest } from './suite/index.ts'

conformance({
  test: forVitest({ describe, it, beforeAll, afterAll }),
  harness: await rabbitmqAmqp10Harness(),
  report: 'reports/conformance/rabbitmq-amqp10.json',
})
