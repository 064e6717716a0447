import { describe, expect, it } from 'vitest'
import { loggable } from '../../../src/api/message/loggable.ts'
import { type Printable, printForm } from '../../../src/cli/print/printable.ts'
import { repr } from '../../../src/cli/print/python-repr.ts'
import { tableLines } from '../../../src/cli/print/table.ts'
import { jsonText, visible, visibleBytes, visibleLines } from '../../../src/cli/print/terminal-text.ts'
import { jsonable } from '../../../src/tools/message/jsonable.ts'

describe("Python's print form", () => {
  it.each([
    ['plain', "'plain'"],
    ["it's", '"it\'s"'],
    ['both \' and "', "'both \\' and \"'"],
    ['a\\b\n\t\r\x1b\x7f\x85', "'a\\\\b\\n\\t\\r\\x1b\\x7f\\x85'"],
    ['é 漢 😀', "'é 漢 😀'"],
    ['\u202e\u2028\ud800', "'\\u202e\\u2028\\ud800'"],
    ['\u00a0', "'\\xa0'"],
    [null, 'None'],
    [true, 'True'],
    [1.5, '1.5'],
    [-0, '-0.0'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [12345678901234567890n, '12345678901234567890'],
    [Buffer.from("a'\x00\xff\n", 'latin1'), 'b"a\'\\x00\\xff\\n"'],
    [[1, 'a', [null]], "[1, 'a', [None]]"],
    [{ a: 1, "b'": { c: false } }, "{'a': 1, \"b'\": {'c': False}}"],
    [new Date(0), "datetime('1970-01-01T00:00:00.000Z')"],
  ])('%o', (value, text) => {
    expect(repr(value)).toBe(text)
  })

  const nothing: Printable = {
    id: undefined,
    subject: undefined,
    userId: undefined,
    replyTo: undefined,
    correlationId: undefined,
    priority: undefined,
    ttlMs: undefined,
    durable: false,
    redelivered: false,
    properties: {},
    contentType: undefined,
    content: undefined,
  }

  it.each([
    [{}, 'Message()'],
    [{ content: 'x' }, "Message('x')"],
    [{ content: 'x', contentType: 'text/plain' }, "Message('x')"],
    [{ content: 'x', subject: 's' }, "Message(subject='s', content='x')"],
    [{ content: 'x', contentType: 'text/html' }, "Message(content_type='text/html', content='x')"],
    [{ contentType: 'text/plain' }, "Message(content_type='text/plain')"],
    [{ content: { k: 'v' }, contentType: 'amqp/map' }, "Message({'k': 'v'})"],
    [{ content: Buffer.from([255]) }, "Message(b'\\xff')"],
    [{ ttlMs: 10_000, priority: 0 }, 'Message(priority=0, ttl=10.0)'],
    [{ ttlMs: 1500, durable: true, redelivered: true }, 'Message(ttl=1.5, durable=True, redelivered=True)'],
    [{ properties: { 'spout-id': 'x:0' } }, "Message(properties={'spout-id': 'x:0'})"],
    [
      { id: 'mine', userId: 'u', replyTo: 'r/s', correlationId: 'c' },
      "Message(id='mine', user_id='u', reply_to='r/s', correlation_id='c')",
    ],
    [{ id: 'AbCdEfGhIjKlMnOp-1z' }, 'Message()'],
  ])('%o', (fields, text) => {
    expect(printForm({ ...nothing, ...fields })).toBe(text)
  })
})

describe('text of strangers', () => {
  it('is shown, and does nothing', () => {
    expect(visible('a\x1b[2J\r\nb\t\u202e\u2028\x9b')).toBe('a\\x1b[2J\\r\\nb\\t\\u202e\\u2028\\x9b')
    expect(visibleLines('a\n\tb\r')).toBe('a\n\tb\\r')
    expect(visibleBytes(Buffer.from([0x41, 0xff, 0x0a]))).toBe('A\\xff\\x0a')
  })

  it('as JSON is the same JSON', () => {
    const value = { 'k\u009b': 'a\x7f\u202e\u2028\x1b\ud83d\ude00' }
    const text = jsonText(value)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e\u2028]/)
    expect(JSON.parse(text)).toEqual(value)
  })

  it('tables keep their columns, whatever the names are', () => {
    expect(
      tableLines(
        [{ title: 'NAME' }, { title: 'DEPTH', align: 'right' }],
        [
          ['a\n', 1],
          ['漢字', undefined],
        ],
      ),
    ).toEqual(['NAME  DEPTH', 'a\\n       1', '漢字      -'])
  })
})

describe('what a stranger has nested without end', () => {
  let deep: unknown = 1
  for (let depth = 0; depth < 20_000; depth++) deep = depth % 2 === 0 ? [deep] : { a: deep }

  it('is shown as far as anybody reads', () => {
    expect(repr(deep)).toMatch(/^\{'a': \[\{'a': .*\{\.\.\.\}.*\}$/)
    expect(JSON.stringify(jsonable(deep))).toContain('"…"')
    expect(JSON.stringify(loggable(deep))).toContain('"…"')
  })
})

it('a table has as many rows as a broker has nodes', () => {
  const rows = Array.from({ length: 200_000 }, (_, at) => [`node-${at}`])
  expect(tableLines([{ title: 'NAME' }], rows)).toHaveLength(200_001)
})
