import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AddressValue, formatAddress, parseAddress } from '../../../src/model/address-text/index.ts'

const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'ab01_-.\'"\\ \n\r\t/;{}[]:,#*é\u2028\u202e\ud800'.split('')) }),
  fc.constantFrom(
    'True',
    'true',
    'None',
    'null',
    '__proto__',
    'constructor',
    '5',
    '1.5',
    'at-least-once',
    '',
  ),
)

/** A bigint within the safe range is read back as a number, which formatAddress says. */
const bigint = fc
  .bigInt()
  .filter((value) => value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER))

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 1e21, -1e300, 1e-7, 5e-324, -1.5e-10, Number.MAX_VALUE, 2 ** 53),
)

const value: fc.Arbitrary<AddressValue> = fc.letrec<{ value: AddressValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    word,
    number,
    bigint,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    mapOf(tie('value')),
  ),
})).value

function mapOf(of: fc.Arbitrary<AddressValue>) {
  return fc.dictionary(word, of, { maxKeys: 4, noNullPrototype: false }).map((map) => {
    const bare: Record<string, AddressValue> = Object.create(null)
    for (const key of Object.keys(map)) bare[key] = map[key]!
    return bare
  })
}

const address = fc.record({ name: word, subject: word, options: mapOf(value) }, { requiredKeys: ['name'] })

describe('formatAddress', () => {
  it('is read back to the same parts', () => {
    fc.assert(
      fc.property(address, (parts) => {
        // Not toStrictEqual, which reads the key 'constructor'.
        return isDeepStrictEqual(parseAddress(formatAddress(parts)), { ...parts })
      }),
      { numRuns: 3000 },
    )
  })

  it('writes what it has read to an equal text the second time', () => {
    fc.assert(
      fc.property(address, (parts) => {
        const text = formatAddress(parts)
        expect(formatAddress(parseAddress(text))).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('any text is either refused with a place, or written and read back to the same parts', () => {
    const text = fc
      .array(
        fc.constantFrom(
          ...'ab1 .-\'"\\/;{}[]:,'.split(''),
          'x-y',
          '; {',
          'a: ',
          "'q'",
          'True',
          '\\x41',
          '\n',
        ),
        {
          maxLength: 14,
        },
      )
      .map((pieces) => pieces.join(''))
    let taken = 0
    fc.assert(
      fc.property(text, (candidate) => {
        let parts: ReturnType<typeof parseAddress>
        try {
          parts = parseAddress(candidate)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ADDRESS_MALFORMED', context: { line: expect.any(Number) } })
          return
        }
        taken += 1
        expect(isDeepStrictEqual(parseAddress(formatAddress(parts)), parts)).toBe(true)
      }),
      { numRuns: 5000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it.each([
    [{ name: 'q' }, 'q'],
    [{ name: 'my queue' }, "'my queue'"],
    [{ name: 'amq.topic', subject: 'a.*.#' }, 'amq.topic/a.*.#'],
    [{ name: 'a/b', subject: 'c/d' }, "'a/b'/c/d"],
    [
      { name: 'q', options: { create: 'always', node: { durable: true } } },
      'q; {create: always, node: {durable: True}}',
    ],
    [{ name: 'q', options: { a: 'true', b: '5', c: "it's" } }, "q; {a: 'true', b: '5', c: 'it\\'s'}"],
    [{ name: '\x1b[2J\n' }, "'\\x1b[2J\\n'"],
    [
      { name: 'q', options: { a: [1, 1e21, 1e-7, -0, null] } },
      'q; {a: [1, 1000000000000000000000.0, 0.0000001, -0.0, None]}',
    ],
  ])('%j', (parts, text) => {
    expect(formatAddress(parts)).toBe(text)
  })

  it('refuses what no address string can hold', () => {
    const loop: Record<string, AddressValue> = {}
    loop.a = loop
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Symbol('x'), () => 0]) {
      expect(() => formatAddress({ name: 'q', options: { a: bad as never } })).toThrow(
        expect.objectContaining({ code: 'ADDRESS_MALFORMED' }),
      )
    }
    expect(() => formatAddress({ name: 'q', options: loop })).toThrow(/holds itself/)
  })
})
