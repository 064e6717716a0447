/** Every place where this adapter reaches into amqplib: with amqplib built otherwise there, a warning tells, and messages flow. */
import { afterEach, expect, test } from 'vitest'
import { REACHES, type ReachName } from '../../../src/adapters/rabbitmq/wire/reaches.ts'
import { type Connection, connect } from '../../../src/index.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { everythingFlows } from '../../support/everything-flows.ts'
import { collectWarnings, type Plant, plant } from '../../support/planted-library.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A connection over amqplib with these changes, and the warnings it gives. */
async function connected(...plants: Plant[]): Promise<{ connection: Connection; warnings: string[] }> {
  if (plants.length > 0) open.push(plant('amqplib', 'lib', plants))
  const { warnings, end } = collectWarnings()
  open.push(end)
  const connection = await connect(brokerUrl('rabbitmq'))
  open.push(() => connection.close())
  return { connection, warnings }
}

test('amqplib as it is installed: nothing is warned of', async () => {
  const { connection, warnings } = await connected()
  await everythingFlows(connection, (cleanup) => open.push(cleanup))
  expect(warnings).toEqual([])
})

const CHANGES: readonly (readonly [ReachName, string, Plant])[] = [
  ['headerFrames', 'a renamed method', { from: /\brecvFrame\b/g, to: 'readFrame' }],
  [
    'headerFrames',
    'another frame',
    { from: /\{ id, channel, size, fields \}/, to: '{ id, channel, size, fields, weight: 0 }' },
  ],
  ['corkedStream', 'a renamed member', { from: /\.stream\b/g, to: '.wire' }],
  ['directWrites', 'a renamed method', { from: /\bunpipeFrom\b/g, to: 'detach' }],
  ['directWrites', 'a renamed member', { from: /\.muxer\b/g, to: '.multiplexer' }],
  ['publishedFrames', 'a renamed method', { from: /\bsendMessage\b/g, to: 'sendWhole' }],
  ['publishedFrames', 'another frame', { from: /\btype: options.type/g, to: "type: options.type || 'x'" }],
  ['frameMax', 'a renamed member', { from: /\b(this|self)\.frameMax\b/g, to: '$1.frameLimit' }],
]

test.each(CHANGES)('%s: %s', async (name, _what, change) => {
  const { connection, warnings } = await connected(change)
  await everythingFlows(connection, (cleanup) => open.push(cleanup))
  expect(warnings.filter((text) => text.includes(REACHES[name].expects))).toHaveLength(1)
})

test('every reach has a change', () => {
  expect([...new Set(CHANGES.map(([name]) => name))].sort()).toEqual(Object.keys(REACHES).sort())
})
