import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BodyCodec,
  bodyBytes,
  contentTypeOf,
  decodeBody,
  encodeBody,
} from '../../../../src/model/body-codec.ts'
import { parseStructured, stringifyStructured } from '../../../../src/model/structured-text.ts'

const none = new Map<string, BodyCodec>()

function roundTrip(body: unknown, contentType = contentTypeOf(body)): unknown {
  return decodeBody(bodyBytes(encodeBody(body, contentType, none)), contentType, none)
}

describe('bodies', () => {
  it.each([[null], [0], [''], [false], ['text ä€😀'], [[1, 2]], [{ a: { b: null } }]])(
    '%j comes back the same',
    (body) => {
      expect(roundTrip(body)).toEqual(body)
    },
  )

  it('bytes come back equal, and later changes of the sender do not show', () => {
    const bytes = Uint8Array.of(0, 255, 128)
    const encoded = bodyBytes(encodeBody(bytes, contentTypeOf(bytes), none))
    bytes[0] = 9
    expect([...encoded]).toEqual([0, 255, 128])
  })

  it('any JSON value comes back the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (typeof value !== 'string') expect(JSON.stringify(roundTrip(value))).toBe(JSON.stringify(value))
      }),
    )
  })

  it.each([
    ['a function', () => 0],
    ['NaN', Number.NaN],
    ['a Map', new Map([[1, 2]])],
    ['a bigint', 12n],
    ['a Promise', Promise.resolve(1)],
    ['an Error', new Error('lost')],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['floats', new Float64Array(1)],
  ])('%s is refused with ENCODE_FAILED', (_name, body) => {
    expect(() => encodeBody(body, contentTypeOf(body), none)).toThrow(
      expect.objectContaining({ code: 'ENCODE_FAILED' }),
    )
  })

  it('bytes that do not fit their content type are DECODE_FAILED', () => {
    const broken = Buffer.from([0xff, 0xfe, 0x7b])
    expect(() => decodeBody(broken, 'text/plain', none)).toThrow(
      expect.objectContaining({ code: 'DECODE_FAILED' }),
    )
    expect(() => decodeBody(broken, 'application/json', none)).toThrow(
      expect.objectContaining({ code: 'DECODE_FAILED' }),
    )
    expect(() => decodeBody(broken, 'text/plain; charset=nonsense', none)).toThrow(
      expect.objectContaining({ code: 'DECODE_FAILED' }),
    )
  })

  it('text that is no valid Unicode, or that its charset would read as other text, is refused', () => {
    expect(() => encodeBody('a\ud800', 'text/plain', none)).toThrow(
      expect.objectContaining({ code: 'ENCODE_FAILED' }),
    )
    expect(() => encodeBody('ä', 'text/plain; charset=iso-8859-1', none)).toThrow(
      expect.objectContaining({ code: 'ENCODE_FAILED' }),
    )
    expect(encodeBody('plain', 'text/plain; charset=iso-8859-1', none)).toEqual(Buffer.from('plain'))
  })

  it('an unknown content type stays bytes; another charset is read as such', () => {
    expect(decodeBody(Buffer.from('x'), 'image/png', none)).toEqual(Buffer.from('x'))
    expect(decodeBody(Buffer.from([0xe4]), 'text/plain; charset=iso-8859-1', none)).toBe('ä')
  })

  it('a codec of the application is used for its content type only', () => {
    const upper: BodyCodec = {
      contentType: 'text/x-upper',
      encode: (body) => Buffer.from(String(body).toUpperCase()),
      decode: (bytes) => Buffer.from(bytes).toString().toLowerCase(),
    }
    const table = new Map([[upper.contentType, upper]])
    expect(Buffer.from(bodyBytes(encodeBody('abc', 'text/x-upper', table))).toString()).toBe('ABC')
    expect(decodeBody(Buffer.from('ABC'), 'text/x-upper; v=1', table)).toBe('abc')
  })

  it.each([['text'], [Promise.resolve(Buffer.of(1))], [undefined], [[1]]])(
    'a codec that gives %s and no bytes is ENCODE_FAILED',
    (given) => {
      const odd: BodyCodec = { contentType: 'x/odd', encode: () => given as never, decode: () => 1 }
      const encode = () => encodeBody('abc', 'x/odd', new Map([[odd.contentType, odd]]))
      expect(encode).toThrow(/codec gave no Uint8Array/)
    },
  )
})

describe('structured bodies', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.boolean(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.constant(null),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('@bigint', '@', '@@x', '__proto__')),
        tie('value'),
        { maxKeys: 4, noNullPrototype: false },
      ),
    ),
  }))

  it('every value comes back with its type, keys like __proto__ and @bigint included', () => {
    fc.assert(
      fc.property(value, (input) => {
        const output = parseStructured(stringifyStructured(input))
        expect(stringifyStructured(output)).toBe(stringifyStructured(input))
      }),
    )
    expect(parseStructured(stringifyStructured([-0, Number.NaN, 2n ** 64n - 1n]))).toEqual([
      -0,
      Number.NaN,
      2n ** 64n - 1n,
    ])
  })

  it('nesting without end is refused instead of exhausting the stack', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
    expect(() => parseStructured(deep)).toThrow(/nested/)
  })
})
