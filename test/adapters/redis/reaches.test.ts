/** Every place where this adapter reaches into ioredis: with ioredis built otherwise there, a warning tells, and messages flow. */
import { afterEach, expect, test } from 'vitest'
import { REACHES, type ReachName } from '../../../src/adapters/redis/wire/reaches.ts'
import { type Connection, connect } from '../../../src/index.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { everythingFlows } from '../../support/everything-flows.ts'
import { collectWarnings, type Plant, plant } from '../../support/planted-library.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A connection over ioredis with these changes, and the warnings it gives. */
async function connected(...plants: Plant[]): Promise<{ connection: Connection; warnings: string[] }> {
  if (plants.length > 0) open.push(plant('ioredis', 'built', plants))
  const { warnings, end } = collectWarnings()
  open.push(end)
  const connection = await connect(brokerUrl('redis'))
  open.push(() => connection.close())
  return { connection, warnings }
}

test('ioredis as it is installed: nothing is warned of', async () => {
  const { connection, warnings } = await connected()
  await everythingFlows(connection, (cleanup) => open.push(cleanup))
  expect(warnings).toEqual([])
})

const CHANGES: readonly (readonly [ReachName, string, Plant])[] = [
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
]

test.each(CHANGES)('%s: %s', async (name, _what, change) => {
  const { connection, warnings } = await connected(change)
  await everythingFlows(connection, (cleanup) => open.push(cleanup))
  expect(warnings.filter((text) => text.includes(REACHES[name].expects))).toHaveLength(1)
})

test('every reach has a change', () => {
  expect([...new Set(CHANGES.map(([name]) => name))].sort()).toEqual(Object.keys(REACHES).sort())
})
