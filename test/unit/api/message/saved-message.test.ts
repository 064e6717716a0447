import { expect, test } from 'vitest'
import { WireMessage } from '../../../../src/api/message/wire-message.ts'
import type { Adapter } from '../../../../src/contract/adapter.ts'
import { messageExtras, restoredMessage } from '../../../../src/index.ts'
import { type IncomingMessage, noProperties } from '../../../../src/model/message.ts'

const plain: IncomingMessage = {
  id: 'i',
  subject: 's',
  body: Buffer.from('{}'),
  contentType: 'application/json',
  properties: noProperties(),
  replyTo: undefined,
  correlationId: undefined,
  priority: undefined,
  ttlMs: undefined,
  durable: true,
  userId: undefined,
  groupId: undefined,
  createdAt: 5,
  annotations: undefined,
}
const received = (more: Partial<IncomingMessage>): WireMessage =>
  new WireMessage({ ...plain, ...more }, new Map())

test('a message that says nothing beyond its fields has no extras', () => {
  expect(messageExtras(received({}), 'memory')).toBeUndefined()
  expect(
    messageExtras(received({ annotations: { exchange: '', routingKey: 'q' } }), 'rabbitmq'),
  ).toBeUndefined()
})

test('annotations come back with their types, through JSON', () => {
  const annotations = {
    type: 'order',
    trace: { span: 1n, at: new Date(7) },
    list: [null, new Uint8Array([1])],
  }
  const extras = JSON.parse(JSON.stringify(messageExtras(received({ annotations }), 'qpid')))
  const back = restoredMessage(Buffer.from('{}'), { id: 'i', priority: 3 }, extras)
  expect(back.id).toBe('i')
  expect(back.priority).toBe(3)
  expect(back.annotations.type).toBe('order')
  expect(back.annotations.trace).toEqual(Object.assign(Object.create(null), annotations.trace))
  expect(back.annotations.list).toEqual([null, new Uint8Array([1])])
})

test('what stood on the wire goes to the adapter that it came by, with the body', () => {
  const extras = messageExtras(received({ wireForm: Buffer.from('form') }), 'own')
  expect(extras).toEqual({ native: { adapter: 'own', form: Buffer.from('form').toString('base64') } })
  const adapter = {
    fromWireForm: (form: Uint8Array, body: Uint8Array) => ({
      ...plain,
      id: Buffer.from(form).toString(),
      body,
    }),
  } as unknown as Adapter
  const back = restoredMessage(Buffer.from('"b"'), {}, extras!, adapter)
  expect([back.id, back.body]).toEqual(['form', 'b'])
  // Without the adapter the fields say what they can.
  expect(restoredMessage(Buffer.from('"b"'), { id: 'i' }, extras!).id).toBe('i')
})

test('extras that are none are refused', () => {
  expect(() => restoredMessage(Buffer.from(''), {}, { annotations: 'text' })).toThrow(/no record/)
})

test('a typed body goes on as a typed body', () => {
  const back = restoredMessage({ n: 1n }, { contentType: 'amqp/map' }, { annotations: { a: 1 } })
  expect(back.body).toEqual({ n: 1n })
})
