import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inputLines } from '../../../src/cli/lines/input-lines.ts'
import { lineToMessage, messageToLine } from '../../../src/cli/lines/message-lines.ts'
import type { PropertyValue, ReceivedMessage } from '../../../src/index.ts'

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

async function gather(...parts: Uint8Array[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of inputLines(chunks(...parts))) lines.push(Buffer.from(line).toString('latin1'))
  return lines
}

describe('lines of the input', () => {
  it.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\nb\r\n', ['a', '', 'b\r']],
    ['\xff\x00\n', ['\xff\x00']],
  ])('%j', async (text, lines) => {
    expect(await gather(Buffer.from(text, 'latin1'))).toEqual(lines)
  })

  it('are the same however the input is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ max: 12, maxLength: 60 }),
        fc.array(fc.nat(60)),
        async (bytes, cuts) => {
          const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
          const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
          const lines = await gather(...parts)
          expect(lines).toEqual(await gather(bytes))
          const ended = bytes.length === 0 || bytes.at(-1) === 10
          expect(Buffer.from(lines.join('\n') + (ended && bytes.length > 0 ? '\n' : ''), 'latin1')).toEqual(
            Buffer.from(bytes),
          )
        },
      ),
    )
  })
})

describe('whole messages as lines', () => {
  const value: fc.Arbitrary<PropertyValue> = fc.oneof(
    fc.string({ unit: 'binary' }).filter((text) => Buffer.from(text).toString() === text),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
  )

  it('come back with every field, type and byte', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), value, { noNullPrototype: false }),
        fc.uint8Array(),
        fc.string(),
        (properties, bytes, subject) => {
          const message = {
            id: 'i',
            subject,
            contentType: 'text/plain',
            replyTo: 'r',
            correlationId: undefined,
            userId: 'u',
            groupId: 'g',
            priority: 3,
            ttlMs: 1000,
            durable: true,
            createdAt: new Date(5),
            properties,
            bytes,
          } as unknown as ReceivedMessage
          const line = messageToLine(message)
          expect(line).not.toContain('\n')
          const { body, fields } = lineToMessage(Buffer.from(line), 1)
          expect(Buffer.from(body as Uint8Array)).toEqual(Buffer.from(bytes))
          expect({ ...fields.properties }).toEqual({ ...properties })
          expect(fields).toMatchObject({
            id: 'i',
            contentType: 'text/plain',
            replyTo: 'r',
            userId: 'u',
            groupId: 'g',
            priority: 3,
            ttlMs: 1000,
            durable: true,
            createdAt: new Date(5),
          })
          expect(fields.subject ?? '').toBe(subject)
        },
      ),
    )
  })

  it('a typed body comes back as its value', () => {
    const text = '{"n":{"@bigint":"12"},"@@at":[{"@bytes":"AQI="}]}'
    const { body } = lineToMessage(Buffer.from(JSON.stringify({ contentType: 'amqp/map', text })), 1)
    expect(body).toEqual(Object.assign(Object.create(null), { n: 12n, '@at': [new Uint8Array([1, 2])] }))
  })

  it('bytes under the type of a typed body that they do not fit come back as they came', () => {
    const { body, extras } = lineToMessage(Buffer.from('{"text":"not json","contentType":"amqp/map"}'), 1)
    expect(body).toEqual(Buffer.from('not json'))
    // They go on as a copy: encoding them anew would refuse them.
    expect(extras).toEqual({})
  })

  it.each([
    'no json',
    '[]',
    '{}',
    '{"text":1}',
    '{"text":"a","priority":"high"}',
    '{"text":"a","properties":{"p":{}}}',
    '{"text":"a","properties":{"p":[1]}}',
    '{"text":"a","createdAt":"never"}',
  ])('%s is refused by its number', (line) => {
    expect(() => lineToMessage(Buffer.from(line), 7)).toThrow(/^line 7: /)
  })
})
