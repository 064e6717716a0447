/** What a copy of a message from another broker brings along: native extras, which the hub keeps and hands on. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { zeromqAdapter } from '../../../src/adapters/zeromq/adapter.ts'
import { Op } from '../../../src/adapters/zeromq/wire/protocol.ts'
import type { AdapterConnection } from '../../../src/contract/adapter.ts'
import { createHub, type Hub } from '../../../src/index.ts'
import type { IncomingMessage } from '../../../src/model/message.ts'
import { Inbox, message, nodeSpec, Reports, receiverSpec, sendOk, target } from '../../support/contract.ts'
import { BarePeer } from './bare-peer.ts'

const node = nodeSpec({ name: 'copies', type: 'queue', durable: false })
let hub: Hub
let connection: AdapterConnection

beforeAll(async () => {
  hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  connection = await zeromqAdapter.connect(target(hub.urls[0]!), new Reports(), AbortSignal.timeout(10_000))
  await connection.declare(node)
})
afterAll(async () => {
  await connection.close()
  await hub.close()
})

const annotations = {
  contentEncoding: 'gzip',
  type: 'order',
  'x-count': 12n,
  'x-nested': { list: [1, null, new Date(0)], bytes: Uint8Array.from([1, 2]) },
  exchange: 'where it was',
}

function copy(): ReturnType<typeof message> {
  const original = { ...message(), annotations } as IncomingMessage
  return message('body', { original })
}

it('native extras come through with their types, those of the place not', async () => {
  const sender = await connection.attachSender(
    { target: node, capacity: 10, reliability: 'at-least-once', link: {} },
    { detached: () => {} },
  )
  await sendOk(sender, copy())
  const inbox = new Inbox()
  const receiver = await connection.attachReceiver(receiverSpec(node, { credit: 10 }), inbox)
  const delivery = await inbox.next()
  const { exchange: _exchange, ...belonging } = annotations
  expect({ ...delivery.message.annotations }).toEqual({
    ...belonging,
    'x-nested': { ...belonging['x-nested'] },
  })
  receiver.accept(delivery)
  await receiver.close()
})

it('a client of the first version of the protocol gets the message without them', async () => {
  const sender = await connection.attachSender(
    { target: node, capacity: 10, reliability: 'at-least-once', link: {} },
    { detached: () => {} },
  )
  await sendOk(sender, copy())
  using peer = new BarePeer(hub.urls[0]!, 1)
  await peer.hello()
  await peer.call('attachReceiver', 1, { spec: { source: { name: 'copies', type: 'queue' }, credit: 1 } })
  const { payload } = await peer.next(Op.DELIVER)
  const header = payload.readUInt32BE(9)
  // Type text/plain, without the bit for what it does not know.
  expect(payload[15]).toBe(2)
  expect(payload.toString('utf8', 13 + header)).toBe('body')
})
