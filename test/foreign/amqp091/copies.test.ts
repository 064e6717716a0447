/** Copies of foreign messages, as far as no broker is needed. */
import type { Message } from 'amqplib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rabbitmqAdapter } from '../../../src/adapters/rabbitmq/adapter.ts'
import { RabbitmqMessage } from '../../../src/adapters/rabbitmq/codec/incoming.ts'
import { publishOptions } from '../../../src/adapters/rabbitmq/codec/outgoing.ts'
import { RawProperties } from '../../../src/adapters/rabbitmq/wire/native-properties.ts'
import { WireMessage } from '../../../src/api/message/wire-message.ts'
import { copyOf, deadLetterOf } from '../../../src/model/copy.ts'
import type { MessagingError } from '../../../src/model/errors.ts'
import { runs, timeoutOf } from '../runs.ts'
import { foreignHeaders } from './messages.ts'

const route = { subjectIsKey: false, mandatory: true, login: 'guest' }

function hex(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('hex')
}

function received(header: Buffer, body: Buffer = Buffer.alloc(0)): RabbitmqMessage {
  const fields = { exchange: '', routingKey: 'q', deliveryTag: 1, redelivered: false }
  return new RabbitmqMessage({
    fields,
    properties: new RawProperties(header),
    content: body,
  } as unknown as Message)
}

test(
  'a copy that says what its original says is its original, byte for byte; so is its wire form',
  () => {
    fc.assert(
      fc.property(foreignHeaders('guest'), (header) => {
        const original = received(header)
        expect(hex(publishOptions(copyOf(original), route).headerBytes)).toBe(hex(header))
        const again = rabbitmqAdapter.fromWireForm!(original.wireForm!, new Uint8Array(0))
        expect(hex(publishOptions(copyOf(again), route).headerBytes)).toBe(hex(header))
      }),
      runs(3_000),
    )
  },
  timeoutOf(3_000, 1),
)

test(
  'a delayed copy, and one with another property, change what they say and nothing else',
  () => {
    fc.assert(
      fc.property(foreignHeaders('guest'), (header) => {
        const original = received(header)
        const delayed = { ...copyOf(original), delayMs: 100, deliveriesBefore: 2 }
        const held = received(publishOptions(delayed, route).headerBytes!)
        expect(held.ttlMs).toBe(original.ttlMs === undefined ? undefined : original.ttlMs - 100)
        const dead = received(
          publishOptions(deadLetterOf(original, 'broken', 3, 'orders'), route).headerBytes!,
        )
        expect({ ...dead.properties }).toEqual({
          ...original.properties,
          'sluice-reason': 'broken',
          'sluice-deliveries': 3,
          'sluice-origin': 'orders',
        })
        const taken = copyOf(dead)
        taken.properties = original.properties
        taken.ttlMs = original.ttlMs
        const once = received(publishOptions(taken, route).headerBytes!)
        expect(once.annotations).toEqual(original.annotations)
        expect(once.properties).toEqual(original.properties)
      }),
      runs(1_000),
    )
  },
  timeoutOf(1_000, 3),
)

test(
  'bytes that are no message are refused with DECODE_FAILED, whatever they are; no field of a message throws',
  () => {
    const bytes = fc.uint8Array({ maxLength: 60 })
    const bent = fc
      .tuple(foreignHeaders('guest'), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
      .map(([header, at, byte, cut]) => {
        const form = Buffer.concat([Buffer.of(1, 0, 1), Buffer.from('q'), header])
        form[at % form.length] = byte
        return cut ? form.subarray(0, at % form.length) : form
      })
    fc.assert(
      fc.property(fc.oneof(bytes, bent), (form) => {
        let message: ReturnType<NonNullable<typeof rabbitmqAdapter.fromWireForm>>
        try {
          message = rabbitmqAdapter.fromWireForm!(form, new Uint8Array(0))
        } catch (error) {
          expect((error as MessagingError).code).toBe('DECODE_FAILED')
          return
        }
        const read = new WireMessage(message, new Map() as never)
        expect(() => [read.annotations, JSON.stringify(read.toJSON())]).not.toThrow()
        publishOptions(copyOf(message), route)
      }),
      runs(3_000),
    )
  },
  timeoutOf(3_000, 1),
)
