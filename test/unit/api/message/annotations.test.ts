import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type AnnotationValue,
  annotationsText,
  belonging,
  parseAnnotations,
} from '../../../../src/model/annotations.ts'
import { noProperties } from '../../../../src/model/message.ts'
import { priorityInRange, timeInRange } from '../../../../src/model/ranges.ts'

const scalar = fc.oneof(
  fc.string(),
  fc.constantFrom('@bigint', '@', '__proto__'),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
)
const { value } = fc.letrec<{ value: AnnotationValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 8 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('@bigint', '@@x', '@date')), tie('value'), {
      noNullPrototype: false,
      maxKeys: 8,
    }),
  ),
}))

test('annotations come back from their text with every value and type', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { noNullPrototype: true, maxKeys: 8 }), (annotations) => {
      expect(shape(parseAnnotations(annotationsText(annotations)))).toEqual(shape(annotations))
    }),
  )
})

test('text from anybody gives annotations or nothing, whatever its shape', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json({ maxDepth: 8 })), (text) => {
      const parsed = parseAnnotations(text)
      expect(parsed === undefined || Object.getPrototypeOf(parsed) === null).toBe(true)
    }),
  )
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`
  expect(parseAnnotations(deep)).toBeDefined()
})

test('where a message was is no part of it', () => {
  const annotations = { exchange: 'amq.topic', routingKey: 'a', type: 'order', 'x-death': [] }
  expect({ ...belonging({ ...message, annotations }) }).toEqual({ type: 'order', 'x-death': [] })
  expect(belonging({ ...message, annotations: { exchange: '', routingKey: 'q' } })).toBeUndefined()
})

test('priorities and times of other programs come into range, or count as not said', () => {
  expect([0, 9, 10, 200, -1, Number.NaN, undefined].map(priorityInRange)).toEqual([
    0,
    9,
    9,
    9,
    undefined,
    undefined,
    undefined,
  ])
  expect([0, 8.64e15, 8.64e15 + 1, -8.64e15, Number.NaN, 1.5].map(timeInRange)).toEqual([
    0,
    8.64e15,
    undefined,
    -8.64e15,
    undefined,
    1,
  ])
})

const message = {
  id: '',
  subject: undefined,
  body: new Uint8Array(),
  contentType: undefined,
  properties: noProperties(),
  replyTo: undefined,
  correlationId: undefined,
  priority: undefined,
  ttlMs: undefined,
  durable: false,
  userId: undefined,
  groupId: undefined,
  createdAt: undefined,
}

/** Bytes of whatever class as plain ones, maps of whatever prototype as lists of pairs. */
function shape(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (value instanceof Date || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(shape)
  return new Map(Object.entries(value).map(([key, item]) => [key, shape(item)]))
}
