/** Every place where this adapter reaches into amqplib: with amqplib built otherwise there, a warning tells, and messages flow. */
import { REACHES } from '../../../src/adapters/rabbitmq/wire/reaches.ts'
import { rabbitmqHarness } from '../../conformance/harness/rabbitmq.ts'
import { brokerUrl } from '../../support/brokers.ts'
import { proveReaches } from '../../support/reaches.ts'

await proveReaches({
  library: 'amqplib',
  folder: 'lib',
  url: brokerUrl('rabbitmq'),
  harness: rabbitmqHarness,
  reaches: REACHES,
  changes: [
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
  ],
})
