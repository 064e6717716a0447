/** Passwords of URLs: in no error, however it is printed. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { connect, redact } from '../../../src/index.ts'

const CANARY = 'S3cr3tC4nary'

test.each(['rabbitmq', 'amqps', 'qpid', 'amqp10', 'redis', 'rediss', 'zmq'])(
  'a %s: URL that cannot be read is quoted nowhere',
  async (scheme) => {
    for (const rest of [`${CANARY}@host:999999`, `${CANARY}/x@host`, `${CANARY}#x@host`, `${CANARY}@ho st`]) {
      const error = await connect(`${scheme}://user:${rest}`).catch((problem) => problem)
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain(CANARY)
    }
  },
)

test.each([
  ['amqp://u:p@host', 'amqp://u:***@host'],
  ['amqp://u:p@ss@host', 'amqp://u:***@host'],
  ['amqp://u:p ss@host', 'amqp://u:***@host'],
  ['redis://:p@host', 'redis://:***@host'],
  ['no answer from amqp://u:p@a, amqp://u:q@b', 'no answer from amqp://u:***@a, amqp://u:***@b'],
  ['amqp://u:p@a,amqp://u:q@b', 'amqp://u:***@a,amqp://u:***@b'],
  ['amqp://host?password=p&x=1', 'amqp://host?password=***&x=1'],
  ['zmq://host?curve.secretKey=p', 'zmq://host?curve.secretKey=***'],
  ['asked amqp://host:5672 for me@home', 'asked amqp://host:5672 for me@home'],
  [
    'rabbitmq://h?managementUrl=http%3A%2F%2Fu%3As%2540cret%40h%3A1&heartbeat=5',
    'rabbitmq://h?managementUrl=http%3A%2F%2Fu%3A***%40h%3A1&heartbeat=5',
  ],
])('%s is shown as %s', (text, shown) => expect(redact(text)).toBe(shown))

test.each([
  ['a long word before a URL', `${'a'.repeat(1_000_000)} x://y`],
  ['a login without an end', `x://${'a:'.repeat(500_000)}`],
  ['escaped URLs without an end', `://${'%3A%2F%2F%3A'.repeat(100_000)}`],
  ['names of secrets without a value', `://?${'password'.repeat(125_000)}`],
])('%s is looked through once: a stranger’s text holds nobody up', (_, text) => {
  expect(redact(text)).toHaveLength(text.length)
})
