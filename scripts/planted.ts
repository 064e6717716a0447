/**
 * `npm run test:planted`: the conformance suite over client libraries that are built otherwise, one run for each change that the
 * `reaches.test.ts` of an adapter plants. Every case must be green, and the change be told by a warning.
 *
 *     npm run brokers -- up rabbitmq qpid redis
 *     npm run test:planted -- [--only redis,rabbitmq] [--chapters messages,queue]
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'rabbitmq,qpid,redis' },
    chapters: { type: 'string', default: 'all' },
  },
})
const files = values.only.split(',').map((name) => `test/adapters/${name}/reaches.test.ts`)
const { status } = spawnSync('npx', ['vitest', 'run', ...files], {
  stdio: 'inherit',
  env: { ...process.env, SLUICE_PLANTED_CHAPTERS: values.chapters },
})
process.exitCode = status ?? 1
