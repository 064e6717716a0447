/** Every place where this adapter reaches into rhea: with rhea built otherwise there, a warning tells, and messages flow. */
import { afterEach, expect, test } from 'vitest'
import { REACHES, type ReachName } from '../../../src/adapters/qpid/wire/reaches.ts'
import { type Connection, connect } from '../../../src/index.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { everythingFlows } from '../../support/everything-flows.ts'
import { collectWarnings, type Plant, plant } from '../../support/planted-library.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A connection over rhea with these changes, and the warnings it gives. */
async function connected(...plants: Plant[]): Promise<{ connection: Connection; warnings: string[] }> {
  if (plants.length > 0) open.push(plant('rhea', 'lib', plants))
  const { warnings, end } = collectWarnings()
  open.push(end)
  const connection = await connect(brokerUrl('qpid'))
  open.push(() => connection.close())
  return { connection, warnings }
}

test('rhea as it is installed: nothing is warned of', async () => {
  const { connection, warnings } = await connected()
  await everythingFlows(connection, (cleanup) => open.push(cleanup))
  expect(warnings).toEqual([])
})

const CHANGES: readonly (readonly [ReachName, Plant])[] = [
  ['turns', { from: /\b_register\b/g, to: '_schedule' }],
  ['rawTransfers', { from: /(Incoming\.prototype|incoming)\.on_transfer\b/g, to: '$1.take_transfer' }],
  ['deliveryTable', { from: /\bpop_if\b/g, to: 'drop_while' }],
  ['verdicts', { from: /\.updated\b/g, to: '.changed' }],
  ['idleTimers', { from: /\bheartbeat_in\b/g, to: 'silence_timer' }],
  [
    'receiverFlow',
    { from: /((?:Receiver|Sender)\.prototype|_get_link\(frame\))\.on_flow\b/g, to: '$1.take_flow' },
  ],
  ['senderCredit', { from: /\b(this|link|receiver)\.delivery_count\b/g, to: '$1.deliveries_so_far' }],
]

test.each(CHANGES)('%s: renamed', async (name, change) => {
  const { connection, warnings } = await connected(change)
  await everythingFlows(connection, (cleanup) => open.push(cleanup))
  expect(warnings.filter((text) => text.includes(REACHES[name].expects))).toHaveLength(1)
})

test('every reach has a change', () => {
  expect(CHANGES.map(([name]) => name).sort()).toEqual(Object.keys(REACHES).sort())
})
