import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyOffset, isPlain, plainContentType } from '../../../../src/adapters/redis/codec/envelope.ts'
import { RedisMessage } from '../../../../src/adapters/redis/codec/incoming.ts'
import { envelope } from '../../../../src/adapters/redis/codec/outgoing.ts'
import type { PropertyValue } from '../../../../src/model/message.ts'
import { message } from '../../../support/contract.ts'

const value: fc.Arbitrary<PropertyValue> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.constant(null),
)
const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString'))

function received(payload: Buffer): RedisMessage {
  return new RedisMessage(payload, { durable: true }, undefined)
}

function plain(one: PropertyValue): unknown {
  return one instanceof Uint8Array ? { bytes: [...one] } : one
}

describe('an envelope', () => {
  it('gives back every property with its type and value', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), fc.uint8Array(), (entries, body) => {
        const properties: Record<string, PropertyValue> = Object.create(null)
        for (const [name, one] of entries) properties[name] = one
        const copy = received(envelope(message('', { properties }), body))
        expect(Object.keys(copy.properties)).toEqual(Object.keys(properties))
        for (const name of Object.keys(properties)) {
          expect(plain(copy.properties[name]!)).toEqual(plain(properties[name]!))
        }
        expect([...copy.body]).toEqual([...body])
      }),
    )
  })

  it('gives back every field, and undefined for those not set', () => {
    const fields = {
      id: 'i "d" ü',
      subject: 'a.b',
      contentType: 'x/y',
      replyTo: 'r',
      correlationId: 'c',
      priority: 0,
      userId: 'u',
      groupId: 'g',
      createdAt: 1_234,
      durable: false,
    }
    expect(received(envelope(message('', fields), Buffer.from('b')))).toMatchObject(fields)
    const bare = received(envelope(message('', { contentType: undefined }), Buffer.alloc(0)))
    for (const name of [
      'subject',
      'contentType',
      'replyTo',
      'correlationId',
      'priority',
      'userId',
      'groupId',
    ] as const) {
      expect(bare[name]).toBeUndefined()
    }
    expect(bare.durable).toBe(true)
  })

  it('is never found in what another program wrote by chance, and harmless where it is broken', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const payload = Buffer.concat([Buffer.from([0xff, 0x53, 0x4c, 0x31]), bytes])
        const copy = received(payload)
        expect(typeof copy.id).toBe('string')
        expect(Object.getPrototypeOf(copy.properties)).toBeNull()
        expect(copy.contentType === undefined || typeof copy.contentType === 'string').toBe(true)
      }),
    )
    const odd = Buffer.from('{"id":7,"properties":[1],"priority":"x","durable":"no","createdAt":{}}')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(odd.length)
    const copy = received(Buffer.concat([Buffer.from([0xff, 0x53, 0x4c, 0x31]), length, odd]))
    expect(copy).toMatchObject({ id: '', priority: undefined, durable: true, createdAt: undefined })
  })
})

describe('a body without a header', () => {
  it.each([
    ['hello', 'text/plain'],
    ['', 'text/plain'],
    ['{"a":1}', 'application/json'],
    ['[1,2]', 'application/json'],
    ['[info] started', 'text/plain'],
    ['{', 'text/plain'],
    ['7', 'text/plain'],
    ['"text"', 'text/plain'],
    [Buffer.from([0xff, 0xfe]), 'application/octet-stream'],
  ])('%j is %s', (body, contentType) => {
    expect(plainContentType(Buffer.from(body as string))).toBe(contentType)
  })

  it('is used only where the receiver gets the same content type and bytes again', () => {
    const contentTypes = fc.constantFrom(
      'text/plain',
      'application/json',
      'application/octet-stream',
      'text/html',
      undefined,
    )
    const magic = Buffer.from([0xff, 0x53, 0x4c, 0x31, 0, 0, 0, 0])
    const bodies = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.string().map((text) => Buffer.from(text)),
      fc.jsonValue().map((json) => Buffer.from(JSON.stringify(json))),
      fc.uint8Array().map((bytes) => Buffer.concat([magic, bytes])),
    )
    fc.assert(
      fc.property(contentTypes, bodies, (contentType, body) => {
        if (!isPlain(contentType, body)) return
        expect(plainContentType(body)).toBe(contentType)
        expect(bodyOffset(body)).toBe(0)
      }),
      { numRuns: 2_000 },
    )
  })
})
