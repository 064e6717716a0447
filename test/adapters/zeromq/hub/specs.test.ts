/** What a client asks for is taken, or refused by name: whatever JSON it is. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  nodeRef,
  nodeSpec,
  receiverSpec,
  senderSpec,
  verdictOf,
} from '../../../../src/adapters/zeromq/hub/specs.ts'
import type { NodeSpec, ReceiverSpec, SenderSpec } from '../../../../src/contract/adapter.ts'
import { MessagingError } from '../../../../src/index.ts'

const limits = {
  maxDeliveries: 3,
  deadLetter: { name: 'dead', type: undefined },
  maxLength: 0,
  ttlMs: 10,
  expiresMs: undefined,
  native: { anything: 1 },
}
const node: NodeSpec = {
  name: 'a/b',
  type: 'topic',
  durable: true,
  exclusive: false,
  autoDelete: true,
  bindings: [{ source: 's', key: '' }],
  ...limits,
}
const sender: SenderSpec = {
  target: { name: 'a', type: 'queue' },
  capacity: 5,
  reliability: 'at-most-once',
  link: {},
}
const receiver: ReceiverSpec = {
  source: { name: 'a', type: 'topic' },
  mode: 'consume',
  follow: false,
  credit: 0,
  reliability: 'at-least-once',
  patterns: ['#', ''],
  subscription: { name: 's', durable: true },
  exclusive: true,
  autoDelete: true,
  limits,
  link: { name: 'l', bindings: [] },
}

describe('specifications from the wire', () => {
  it('what the library asks for comes through as it is', () => {
    const overTheWire = <T>(value: T): unknown => JSON.parse(JSON.stringify(value))
    expect(nodeSpec(overTheWire(node))).toEqual(node)
    expect(senderSpec(overTheWire(sender))).toEqual(sender)
    expect(receiverSpec(overTheWire(receiver))).toEqual(receiver)
  })

  it('no capacity or credit is larger than the hub can remember', () => {
    expect(senderSpec({ capacity: 1e15 }).capacity).toBe(1_000_000)
    expect(receiverSpec({ source: { name: 'a' }, credit: 1e15 }).credit).toBe(1_000_000)
  })

  it('anything else is refused as CONFIG_INVALID, and never with another error', () => {
    const names = [...Object.keys(node), ...Object.keys(receiver), ...Object.keys(sender), 'kind', 'delayMs']
    const asked = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 })),
    )
    fc.assert(
      fc.property(asked, (value) => {
        for (const read of [nodeRef, nodeSpec, senderSpec, receiverSpec, verdictOf]) {
          try {
            read(value)
          } catch (error) {
            expect(error).toBeInstanceOf(MessagingError)
            expect((error as MessagingError).code).toBe('CONFIG_INVALID')
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})
