import { expect, test } from 'vitest'
import { checkImports } from '../../scripts/imports/check.ts'

/** Violations of one file among others that it may import. */
function check(path: string, text: string): string[] {
  const others = [
    'src/index.ts',
    'src/api/adapter.ts',
    'src/api/errors.ts',
    'src/api/sender.ts',
    'src/core/backoff.ts',
    'src/broker/queue.ts',
    'src/adapters/redis/adapter.ts',
    'src/adapters/registry.ts',
  ]
  return checkImports(new Map([...others.map((other) => [other, ''] as const), [path, text]]))
}

test('what follows the arrows passes', () => {
  expect(
    check(
      'src/adapters/rabbitmq/connection.ts',
      `import { once } from 'node:events'
       import type { Channel } from 'amqplib'
       import type { Adapter } from '../../api/adapter.ts'
       import { MessagingError } from '../../api/errors.ts'
       import { backoff } from '../../core/backoff.ts'
       const library = await import('amqplib')`,
    ),
  ).toEqual([])
  expect(check('src/adapters/memory/adapter.ts', `import { Queue } from '../../broker/queue.ts'`)).toEqual([])
  expect(check('src/broker/session.ts', `import type { Adapter } from '../api/adapter.ts'`)).toEqual([])
  expect(check('examples/orders.ts', `import { connect } from '../src/index.ts'`)).toEqual([])
})

const wrong: [title: string, path: string, line: string, message: string][] = [
  [
    'an adapter imports its neighbour',
    'src/adapters/rabbitmq/a.ts',
    `import { x } from '../redis/adapter.ts'`,
    'adapter rabbitmq may not import adapter redis',
  ],
  [
    'an adapter imports an api class',
    'src/adapters/redis/a.ts',
    `import { Sender } from '../../api/sender.ts'`,
    'adapter redis may not import api',
  ],
  [
    'a remote adapter imports the embedded broker',
    'src/adapters/redis/a.ts',
    `import { Queue } from '../../broker/queue.ts'`,
    'may not import broker',
  ],
  [
    'an api class imports an adapter',
    'src/api/receiver.ts',
    `import { x } from '../adapters/redis/adapter.ts'`,
    'api may not import adapter redis',
  ],
  [
    'a value imports an api class',
    'src/api/address.ts',
    `import type { Sender } from './sender.ts'`,
    'values may not import api',
  ],
  [
    'core imports an api class',
    'src/core/inbox.ts',
    `export { Sender } from '../api/sender.ts'`,
    'core may not import api',
  ],
  [
    'core imports more of the contract than types',
    'src/core/a.ts',
    `import { memberQueue } from '../api/adapter.ts'`,
    'core may not import contract',
  ],
  [
    'the broker knows an adapter, lazily',
    'src/broker/a.ts',
    `await import('../adapters/redis/adapter.ts')`,
    'broker may not import adapter redis',
  ],
  [
    'a tool goes past the front door',
    'src/cli/drain.ts',
    `import { MessagingError } from '../api/errors.ts'`,
    'cli may not import values',
  ],
  [
    'an example goes past the front door',
    'examples/a.ts',
    `import { MessagingError } from '../src/api/errors.ts'`,
    'examples may not import values',
  ],
  [
    'the library imports a test',
    'src/core/a.ts',
    `import { x } from '../../test/support/a.ts'`,
    'there is no test/support/a.ts',
  ],
  ['a file lies outside all rooms', 'src/utils/a.ts', `import { x } from '../index.ts'`, 'is in no room'],
  [
    'a client library is loaded with the module',
    'src/adapters/rabbitmq/a.ts',
    `import { connect } from 'amqplib'`,
    'load it by import()',
  ],
  ['a client library is loaded elsewhere', 'src/core/a.ts', `await import('amqplib')`, 'belongs to'],
  [
    'a client library’s types are used elsewhere',
    'src/api/a.ts',
    `type X = import('ioredis').Redis`,
    'belongs to',
  ],
  [
    'a development package is used by the library',
    'src/cli/a.ts',
    `import { z } from 'zod'`,
    'zod is no dependency',
  ],
  ['an extension is missing', 'src/core/a.ts', `import { x } from './backoff'`, 'end in .ts'],
]

test.each(wrong)('is refused: %s', (_, path, line, message) => {
  const violations = check(path, `\n${line}\n`)
  expect(violations).toHaveLength(1)
  expect(violations[0]).toContain(`${path}:2: `)
  expect(violations[0]).toContain(message)
})
