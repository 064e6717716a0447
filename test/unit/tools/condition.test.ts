/** Conditions on messages: what they mean, and what is refused. */
import { describe, expect, it } from 'vitest'
import { readCondition } from '../../../src/tools/message/condition.ts'
import type { FormatMessage } from '../../../src/tools/message/fields.ts'

const message = {
  id: 'id-7',
  subject: 'us.Weather',
  contentType: 'application/json',
  priority: 4,
  durable: true,
  properties: {
    attempts: 3,
    big: 9007199254740993n,
    name: 'Ada',
    flag: false,
    at: new Date(0),
    nothing: null,
  },
  body: { total: 10.5, lines: ['a', 'b'], deep: { x: '1' } },
  bytes: Buffer.from('{"total":10.5,"lines":["a","b"]}'),
  annotations: {},
} as unknown as FormatMessage

const fits = (text: string): boolean => readCondition(text).fits(message)

describe('a condition', () => {
  it.each([
    ['M.id = "id-7"', true],
    ["M.id == 'id-7'", true],
    ['M.id != "id-7"', false],
    ['M.subject ~ "WEATHER"', true],
    ['M.subject ~ "snow"', false],
    ['P["attempts"] > 2', true],
    ['P["attempts"] >= 3 and P["attempts"] <= 3', true],
    ['P["attempts"] < 3', false],
    ['P["attempts"] = "3"', true],
    ['P["big"] > 9007199254740992', true],
    ['P["name"] < "Bob"', true],
    ['P["at"] < "1970-01-02"', true],
    ['P["flag"] = false', true],
    ['P["flag"]', false],
    ['M.durable', true],
    ['P["missing"]', false],
    ['P["missing"] = null', true],
    ['P["nothing"] = null', true],
    ['P["missing"] != null', false],
    ['P["missing"] > 1', false],
    ['P["missing"] != "x"', true],
    ['C["total"] > 10', true],
    ['C["lines"][-1] = "b"', true],
    ['C["deep"]["x"] = 1', true],
    ['len(C["lines"]) = 2', true],
    ['C["lines"] = "a"', false],
    ['not M.durable', false],
    ['not not M.durable', true],
    ['M.priority = 1 or M.priority = 4 and M.durable', true],
    ['(M.priority = 1 or M.priority = 4) and not M.durable', false],
    ['NOT (M.priority = 1) AND M.durable', true],
    ['"weather"', true],
    ['"ada"', true],
    ['"attempts"', true],
    ['"10.5"', true],
    ['"nowhere"', false],
    ["'it\\'s' = \"it's\"", true],
    ['  M.id="id-7"  ', true],
  ])('%s: %s', (text, expected) => {
    expect(fits(text)).toBe(expected)
  })

  it.each([
    '',
    'M.',
    'M.nothing',
    'x',
    'M.id =',
    '= 1',
    'M.id = 1 2',
    'M.id and',
    '(M.id',
    'M.id)',
    'M.id === 1',
    'M.id && M.subject',
    'P.attempts',
    '"open',
    'process.exit(1)',
    'M.constructor',
    '('.repeat(100),
    `${'not '.repeat(100)}M.id`,
    `"${'a'.repeat(5_000)}"`,
  ])('%s is refused', (text) => {
    expect(() => readCondition(text)).toThrow(expect.objectContaining({ name: 'CommandError' }))
  })

  it.each([
    ['M.id = "C"', false],
    ['P["C"] = 1', false],
    ['len(P) > 1', false],
    ['M.content_type = "x"', false],
    ['C = 1', true],
    ['len(C) > 1', true],
    ['len( C["x"])', true],
    ['M', true],
    ['len(M)', true],
    ['M.body ~ "x"', true],
    ['M . content', true],
    ['"text"', true],
    ['M.id = 1 or not (P["a"] and C)', true],
  ])('%s reads bodies: %s', (text, expected) => {
    expect(readCondition(text).readsBody).toBe(expected)
  })
})
