/** Every place where this adapter reaches into ioredis: with ioredis built otherwise there, a warning tells, and messages flow. */
import { REACHES } from '../../../src/adapters/redis/wire/reaches.ts'
import { redisHarness } from '../../conformance/harness/redis.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { proveReaches } from '../../support/reaches.ts'

await proveReaches({
  library: 'ioredis',
  folder: 'built',
  url: brokerUrl('redis'),
  harness: redisHarness,
  reaches: REACHES,
  changes: [
    [
      'bytesAsTheyAre',
      'arguments become text',
      {
        from: /toWritable\(_socket\) \{/g,
        to: "$& this.args = this.args.map((one) => (Object.hasOwn(one, 'toString') ? String(one) : one));",
      },
    ],
    ['repliesByCommand', 'a renamed method', { from: /\btransformReply\b/g, to: 'shapeReply' }],
    ['socketCounts', 'a renamed member', { from: /\.stream\b/g, to: '.wire' }],
  ],
})
