import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../src/model/address-text/index.ts'
import type { MessagingError } from '../../../src/model/errors.ts'

function refusal(text: string): MessagingError {
  try {
    parseAddress(text)
  } catch (error) {
    return error as MessagingError
  }
  throw new Error(`${text} was taken`)
}

describe('names and subjects', () => {
  it.each([
    ['q', 'q', undefined],
    ['my queue', 'myqueue', undefined],
    ['my\nqueue ', 'myqueue', undefined],
    ["'my queue'", 'my queue', undefined],
    ["foo'a b'c", 'fooa bc', undefined],
    ["''", '', undefined],
    ["''/''", '', ''],
    ['amq.topic/a.*.#', 'amq.topic', 'a.*.#'],
    ['q/', 'q', undefined],
    ['q/a/b', 'q', 'a/b'],
    ['a{b}[c]:d,e', 'a{b}[c]:d,e', undefined],
    ['\\/\\;\\ ', '/; ', undefined],
    ['\\x41\\u00e9', 'Aé', undefined],
    ['"a;b/c"', 'a;b/c', undefined],
    ['"\\t\\x41\\101\\u00e9\\q\\\\"', '\tAAé\\q\\', undefined],
    ['"\\U0001f600"', '😀', undefined],
    ["'é😀'", 'é😀', undefined],
    ['+-5.x_-', '+-5.x_-', undefined],
  ])('%j is the name %j with the subject %j', (text, name, subject) => {
    expect(parseAddress(text)).toEqual(subject === undefined ? { name } : { name, subject })
  })
})

describe('options', () => {
  it.each([
    ['{}', {}],
    ['{a: b}', { a: 'b' }],
    ['{a: b,}', { a: 'b' }],
    ['{a: [],}', { a: [] }],
    ['{a: [1, 2,]}', { a: [1, 2] }],
    ['{a: 1, a: 2}', { a: 2 }],
    ["{a: 'x y', 'b c': \"d\"}", { a: 'x y', 'b c': 'd' }],
    [
      '{a: True, b: true, c: False, d: false, e: None, f: TRUE, g: null, h: yes}',
      {
        a: true,
        b: true,
        c: false,
        d: false,
        e: null,
        f: 'TRUE',
        g: 'null',
        h: 'yes',
      },
    ],
    [
      '{a: 1, b: -2, c: +3, d: 1.5, e: .5, f: -.5, g: 0, h: 1.0}',
      { a: 1, b: -2, c: 3, d: 1.5, e: 0.5, f: -0.5, g: 0, h: 1 },
    ],
    ['{a: 9007199254740993, b: -9007199254740993}', { a: 9007199254740993n, b: -9007199254740993n }],
    ['{1: a, 1.5: b, True: c, true: d, None: e}', { 1: 'a', '1.5': 'b', True: 'd', None: 'e' }],
    ['{a: {b: {c: [{d: e}]}}}', { a: { b: { c: [{ d: 'e' }] } } }],
    ['{a: at-least-once}', { a: 'at-least-once' }],
  ])('%s', (text, options) => {
    expect(parseAddress(`q;${text}`)).toEqual({ name: 'q', options })
  })

  it('keys like __proto__ are data', () => {
    const { options } = parseAddress('q; {__proto__: {polluted: yes}, constructor: x}')
    expect(Object.getPrototypeOf(options)).toBe(null)
    expect(Object.keys(options!)).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>).polluted).toBe(undefined)
  })
})

describe('errors say what was expected, and where', () => {
  it.each([
    ['', 'unexpected token EOF line:1,0:'],
    [';', 'unexpected token SEMI(;) line:1,0:;'],
    ['/s', 'unexpected token SLASH(/) line:1,0:/s'],
    ['q;', 'expecting LBRACE, got EOF line:1,2:q;'],
    ['q; {a: b', 'expecting (COMMA, RBRACE), got EOF line:1,8:q; {a: b'],
    ['q; {a: b} c', 'expecting EOF, got ID(c) line:1,10:q; {a: b} c'],
    ['q; {a b}', 'expecting COLON, got ID(b) line:1,6:q; {a b}'],
    ['q; {a: }', 'expecting (NUMBER, STRING, ID, LBRACE, LBRACK), got RBRACE(}) line:1,7:q; {a: }'],
    ['q; {,}', 'expecting (NUMBER, STRING, ID, LBRACE, LBRACK, RBRACE), got COMMA(,) line:1,4:q; {,}'],
    ['q; {a: [1 2]}', 'expecting (COMMA, RBRACK), got NUMBER(2) line:1,10:q; {a: [1 2]}'],
    ['q; {a: [,]}', 'expecting (NUMBER, STRING, ID, LBRACE, LBRACK), got COMMA(,) line:1,8:q; {a: [,]}'],
    ['q; {a: 1e5}', 'expecting (COMMA, RBRACE), got ID(e5) line:1,8:q; {a: 1e5}'],
    ['q; {a: amq.topic}', 'expecting (COMMA, RBRACE), got SYM(.) line:1,10:q; {a: amq.topic}'],
    ['a=b', 'unrecognized characters line:1,1: a=b'],
    ['é', 'unrecognized characters line:1,0: é'],
    ["'open", "unrecognized characters line:1,0: 'open"],
    ['q; {a: [}, =', 'unrecognized characters line:1,11: q; {a: [}, ='],
    ['\\x4', 'unrecognized characters line:1,0: \\x4'],
    ['q; {{}: a}', 'expecting (NUMBER, STRING, ID, RBRACE), got LBRACE({) line:1,4:q; {{}: a}'],
    ['q; {a: 010}', 'leading zeros in NUMBER(010) line:1,7:q; {a: 010}'],
    ["q; {a: '\\x4'}", "unusable escape \\x line:1,8:q; {a: '\\x4'}"],
    ["q; {a: '\\U11000000'}", "unusable escape \\U11000000 line:1,8:q; {a: '\\U11000000'}"],
  ])('%j', (text, message) => {
    const error = refusal(text)
    expect(error.code).toBe('ADDRESS_MALFORMED')
    expect(error.message).toBe(message)
  })

  it('place and expected tokens are there for programs', () => {
    expect(refusal('q; {\n  a: b\n  c: d}').context).toMatchObject({
      line: 3,
      column: 3,
      expected: ['COMMA', 'RBRACE'],
    })
  })

  it('shows the line of the error, and counts characters, not code units', () => {
    expect(refusal("'😀' =").context).toMatchObject({ line: 1, column: 4 })
    expect(refusal('q; {\n  a: b\n  c: d}').message).toBe(
      'expecting (COMMA, RBRACE), got ID(c) line:3,3:  c: d}',
    )
  })

  it('a line break in quotes is refused', () => {
    expect(refusal("'a\nb'").message).toMatch(/^line break or NUL in quotes line:1,2:/)
  })

  it('deep nesting ends in an error, not in a full stack', () => {
    expect(refusal(`q; {a: ${'['.repeat(100_000)}`).message).toMatch(/^nested deeper than 100 levels/)
  })

  it('a long text is read in linear time', () => {
    const long = `'${'a\\n'.repeat(500_000)}'`
    expect(parseAddress(long).name).toHaveLength(1_000_000)
  })

  it('something else than a string is a TypeError', () => {
    expect(() => parseAddress(undefined as never)).toThrow(TypeError)
  })
})
