/** How the page writes what it shows. */
import { describe, expect, it } from 'vitest'
import { conditionOf } from '../../../src/console/page/text/condition.ts'
import { bytes, milliseconds, rate, whole } from '../../../src/console/page/text/figures.ts'
import { hexDump } from '../../../src/console/page/text/hex-dump.ts'
import { jsonTokens } from '../../../src/console/page/text/json-tokens.ts'
import { ago, exact, span } from '../../../src/console/page/text/times.ts'
import { visible, visibleParts } from '../../../src/console/page/text/visible.ts'
import { messagesOfFile } from '../../../src/console/page/views/send/from-file.ts'

const laidOut = (text: string): string =>
  jsonTokens(text)
    .map((token) => token.text)
    .join('')

describe('text of strangers', () => {
  it('shows control and direction characters, separators, lone surrogates and fillers as escapes', () => {
    expect(visible('a\u0007b\u202ec\u2028d\ud800e\u3164f\u200bg\n')).toBe(
      'a\\u0007b\\u202ec\\u2028d\\ud800e\\u3164f\\u200bg\\n',
    )
  })

  it('leaves letters, emoji and accents of every script as they are', () => {
    const text = 'naïve Ωμέγα 東京 🙂 e\u0301'
    expect(visibleParts(text)).toEqual([{ text, escaped: false }])
  })

  it('keeps line feeds and tabs where they are layout, and nothing else', () => {
    expect(visibleParts('a\n\tb\r\n', true)).toEqual([
      { text: 'a\n\tb', escaped: false },
      { text: '\\r', escaped: true },
      { text: '\n', escaped: false },
    ])
  })
})

describe('JSON', () => {
  it('is laid out without being parsed: large numbers, double keys and their order stay', () => {
    const text = '{"b":12345678901234567890,"a":1,"a":[],"c":{},"__proto__":[true,null]}'
    expect(laidOut(text)).toBe(
      '{\n  "b": 12345678901234567890,\n  "a": 1,\n  "a": [],\n  "c": {},\n  "__proto__": [\n    true,\n    null\n  ]\n}',
    )
  })

  it('tells keys from values', () => {
    const kinds = jsonTokens('{"a": "b"}').filter(({ kind }) => kind !== 'mark')
    expect(kinds).toEqual([
      { kind: 'key', text: '"a"' },
      { kind: 'string', text: '"b"' },
    ])
  })

  it('that was cut off, or is none, loses no character', () => {
    for (const text of ['{"a":[1,{"b":"tex', '{"a" 1}}]', '\u0001 hello', '"\\u12', '{"a":"x\ny"']) {
      expect(laidOut(text).replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
    }
  })

  it('nested 100,000 deep stays small and quick', () => {
    const begun = performance.now()
    const text = laidOut('['.repeat(100_000))
    expect(text.length).toBeLessThan(2_000_000)
    expect(performance.now() - begun).toBeLessThan(2_000)
  })
})

describe('figures', () => {
  it('are grouped, short and signed', () => {
    expect([whole(1234567), whole(undefined), rate(12.34), rate(-0.5), rate(0)]).toEqual([
      '1,234,567',
      '–',
      '+12.3/s',
      '−0.50/s',
      '0/s',
    ])
    expect([milliseconds(0.4), milliseconds(12.3), milliseconds(1234)]).toEqual(['0.40 ms', '12 ms', '1.2 s'])
    expect([bytes(512), bytes(1536), bytes(16 * 1024 * 1024)]).toEqual(['512 B', '1.5 KiB', '16 MiB'])
  })

  it('of time survive what is no time', () => {
    expect([ago(0, 65_000), ago(undefined), ago(Number.NaN)]).toEqual(['1 min', '', ''])
    expect([exact(Number.NaN), exact(8.64e15 + 1), span(500), span(90_061_000)]).toEqual([
      'not a time',
      'not a time',
      '500 ms',
      '1 d 1 h',
    ])
    expect(exact(8.64e15)).toMatch(/275760/)
  })
})

it('bytes are a dump with their letters', () => {
  expect(hexDump('48690a')).toBe(`000000  48 69 0a${' '.repeat(39)}  Hi·`)
})

it('a file of dumped lines is a message each, any other file one message', async () => {
  const lines = [
    '{"id":"a","contentType":"application/json","durable":true,"properties":{"n":1},"text":"{\\"x\\":1}"}',
    '{"id":"b","durable":false,"base64":"AP8="}',
  ]
  expect(await messagesOfFile(new Blob([lines.join('\n')]))).toEqual([
    {
      body: { kind: 'json', text: '{"x":1}' },
      fields: { id: 'a', contentType: 'application/json', durable: true, properties: { n: 1 } },
    },
    { body: { kind: 'base64', text: 'AP8=' }, fields: { id: 'b', durable: false } },
  ])
  expect(await messagesOfFile(new Blob(['{"text":"x"}']))).toEqual([
    { body: { kind: 'json', text: '{"text":"x"}' } },
  ])
  expect(await messagesOfFile(new Blob([new Uint8Array([0, 255])]))).toEqual([
    { body: { kind: 'base64', text: 'AP8=' } },
  ])
})

describe('the filter of messages', () => {
  it('takes plain words as a text, and a condition as it is', () => {
    expect(conditionOf(' late order ')).toBe("'late order'")
    expect(conditionOf('42')).toBe("'42'")
    for (const condition of ["M.subject = 'a'", 'P["x"]', 'not M.id', 'len(C) > 3', '"a" or "b"', ''])
      expect(conditionOf(condition)).toBe(condition)
  })
})
