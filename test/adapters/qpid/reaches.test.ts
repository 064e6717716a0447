/** Every place where this adapter reaches into rhea: with rhea built otherwise there, a warning tells, and messages flow. */
import { REACHES } from '../../../src/adapters/qpid/wire/reaches.ts'
import { qpidHarness } from '../../conformance/harness/qpid.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { proveReaches } from '../../support/reaches.ts'

await proveReaches({
  library: 'rhea',
  folder: 'lib',
  url: brokerUrl('qpid'),
  harness: qpidHarness,
  reaches: REACHES,
  changes: [
    ['turns', 'renamed', { from: /\b_register\b/g, to: '_schedule' }],
    [
      'rawTransfers',
      'renamed',
      { from: /(Incoming\.prototype|incoming)\.on_transfer\b/g, to: '$1.take_transfer' },
    ],
    ['deliveryTable', 'renamed', { from: /\bpop_if\b/g, to: 'drop_while' }],
    ['verdicts', 'renamed', { from: /\.updated\b/g, to: '.changed' }],
    ['idleTimers', 'renamed', { from: /\bheartbeat_in\b/g, to: 'silence_timer' }],
    [
      'receiverFlow',
      'renamed',
      { from: /((?:Receiver|Sender)\.prototype|_get_link\(frame\))\.on_flow\b/g, to: '$1.take_flow' },
    ],
    ['peerHabits', 'renamed', { from: /\b_write_flow\b/g, to: '_put_flow' }],
    [
      'senderCredit',
      'renamed',
      { from: /\b(this|link|receiver)\.delivery_count\b/g, to: '$1.deliveries_so_far' },
    ],
  ],
})
