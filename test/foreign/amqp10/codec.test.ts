/** Messages of strangers through the codec alone: decoded as the standard means them, and copied byte by byte. */
import { deepStrictEqual, equal, ok, throws } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { AmqpMessage } from '../../../src/adapters/qpid/codec/amqp-message.ts'
import { decodeMessage, encodeMessage } from '../../../src/adapters/qpid/codec/codec.ts'
import { narrowed } from '../../../src/adapters/qpid/codec/narrow-sections.ts'
import { DELIVERY_ANNOTATIONS, isBody, sectionsOf, VALUE } from '../../../src/adapters/qpid/codec/sections.ts'
import { artemis } from '../../../src/adapters/qpid/nodes/products/artemis.ts'
import { brokerJ } from '../../../src/adapters/qpid/nodes/products/broker-j.ts'
import { bodyBytes } from '../../../src/model/body-codec.ts'
import { copyOf, deadLetterOf } from '../../../src/model/copy.ts'
import type { MessagingError } from '../../../src/model/errors.ts'
import { StructuredBody } from '../../../src/model/message.ts'
import { runs, timeoutOf } from '../runs.ts'
import { comparable } from './comparable.ts'
import { anyMessage, damagedMessage } from './messages.ts'

const COUNT = 400

describe('any legal message', () => {
  test('is decoded as it was meant, and its copy is the same bytes', { timeout: timeoutOf(COUNT, 5) }, () => {
    fc.assert(
      fc.property(anyMessage, ({ bytes, plain }) => {
        const { message } = decodeMessage(bytes)
        equal(message.damage, undefined)
        const { body, properties, annotations } = message
        deepStrictEqual(
          comparable(body instanceof StructuredBody ? body.value : body),
          comparable(plain.body),
        )
        const nested = annotations?.properties as Record<string, unknown> | undefined
        deepStrictEqual(comparable({ ...properties, ...nested }), comparable(plain.properties))
        ok(encodeMessage(copyOf(message)).equals(bytes), 'the copy')
        const restored = AmqpMessage.fromWireForm(message.wireForm ?? bytes, bodyBytes(body))
        ok(restored.bytes.equals(bytes), 'restored')
      }),
      runs(COUNT),
    )
  })

  test('means the same to a broker whose decoder takes less', { timeout: timeoutOf(COUNT, 5) }, () => {
    fc.assert(
      fc.property(anyMessage, ({ bytes }) => {
        const { message } = decodeMessage(bytes)
        const narrow = narrowed(bytes)
        const same = decodeMessage(narrow).message
        deepStrictEqual(comparable(plainBody(same)), comparable(plainBody(message)))
        deepStrictEqual(comparable(same.properties), comparable(message.properties))
        deepStrictEqual(comparable(same.annotations), comparable(message.annotations))
        const sections = sectionsOf(narrow)
        const body = sections.filter(({ code }) => isBody(code))
        ok(body.length < 2, 'one section')
        ok(!body.some(({ code, value }) => code === VALUE && [0x45, 0xc0, 0xd0].includes(narrow[value]!)))
        ok(!sections.some(({ code }) => code === DELIVERY_ANNOTATIONS))
      }),
      runs(COUNT),
    )
  })

  test('becomes a dead letter or a delayed copy without losing anything else', {
    timeout: timeoutOf(COUNT, 5),
  }, () => {
    fc.assert(
      fc.property(anyMessage, ({ bytes }) => {
        const { message } = decodeMessage(bytes)
        const letter = decodeMessage(encodeMessage(deadLetterOf(message, 'bad', 3, 'orders'))).message
        const reason = { 'sluice-reason': 'bad', 'sluice-deliveries': 3, 'sluice-origin': 'orders' }
        deepStrictEqual(comparable(letter.properties), comparable({ ...message.properties, ...reason }))
        equal(letter.ttlMs, undefined)
        equal(letter.annotations?.absoluteExpiryTime, undefined)
        equal(kept(letter), kept(message))

        const delayed = encodeMessage({ ...copyOf(message), delayMs: 100, deliveriesBefore: 2, to: 'there' })
        const later = decodeMessage(delayed)
        equal(later.failures, 2)
        deepStrictEqual(comparable(later.message.properties), comparable(message.properties))
        equal(kept(later.message), kept(message))
        // Once more, on a link that needs no address.
        const again = decodeMessage(encodeMessage(copyOf(later.message))).message
        deepStrictEqual(comparable(again.annotations), comparable({ ...message.annotations, to: 'there' }))
      }),
      runs(COUNT),
    )
  })
})

test('whatever comes is decoded or told as DECODE_FAILED, and can be copied', {
  timeout: timeoutOf(COUNT * 2, 5),
}, () => {
  fc.assert(
    fc.property(damagedMessage, (bytes) => {
      const { message } = decodeMessage(bytes)
      if (message.damage) {
        equal(message.damage.code, 'DECODE_FAILED')
        equal(message.body, message.bytes)
      }
      encodeMessage(copyOf(message))
      const letter = decodeMessage(encodeMessage(deadLetterOf(message, 'bad', 1, 'q'))).message
      ok(letter.damage !== undefined || letter.properties['sluice-reason'] === 'bad')
      const form = message.wireForm
      if (form) ok(AmqpMessage.fromWireForm(form, bodyBytes(message.body)).bytes.equals(bytes), 'restored')
    }),
    runs(COUNT * 2),
  )
})

test('an array of nulls beside the body, over which Broker-J ends itself, is refused there, and goes out elsewhere', () => {
  const annotations = (value: string): Buffer => Buffer.from(`005372${value}005375a00178`, 'hex')
  const copy = (bytes: Buffer) => () =>
    encodeMessage(copyOf(decodeMessage(bytes).message), brokerJ.dialect).toString('hex')
  for (const array of [
    'e0020140',
    'f0000000050000000140',
    'e00601747ae1461f',
    '00a3017ae0020140',
    'c0060241e0020140',
  ]) {
    const inside = `a303782d61${array}`
    const bytes = annotations(`c1${(inside.length / 2 + 1).toString(16).padStart(2, '0')}02${inside}`)
    throws(copy(bytes), { code: 'ENCODE_FAILED' }, array)
    ok(encodeMessage(copyOf(decodeMessage(bytes).message), artemis.dialect).equals(bytes), array)
  }
  const flags = annotations('c10a02a303782d61e0020141')
  equal(copy(flags)(), flags.toString('hex'))
  const body = Buffer.from('005377e0020140', 'hex')
  equal(copy(body)(), body.toString('hex'))
})

test('a wire form may come from anybody', { timeout: timeoutOf(COUNT, 5) }, () => {
  fc.assert(
    fc.property(damagedMessage, fc.uint8Array({ maxLength: 300 }), (form, body) => {
      try {
        AmqpMessage.fromWireForm(form, body)
      } catch (error) {
        equal((error as MessagingError).code, 'DECODE_FAILED')
      }
    }),
    runs(COUNT),
  )
})

/** Sections that no copy may change. */
function kept({ bytes, sections }: AmqpMessage): string {
  return sections
    .filter(({ code }) => code === undefined || isBody(code) || code === 0x71 || code === 0x78)
    .map(({ from, to }) => bytes.toString('hex', from, to))
    .join()
}

function plainBody({ body }: AmqpMessage): unknown {
  return body instanceof StructuredBody ? body.value : body
}
