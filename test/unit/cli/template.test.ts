import { describe, expect, it } from 'vitest'
import { Template } from '../../../src/cli/print/template.ts'
import type { FormatMessage } from '../../../src/tools/message/fields.ts'

function message(fields: Partial<Record<keyof FormatMessage, unknown>> = {}): FormatMessage {
  const bytes = (fields.bytes as Uint8Array) ?? Buffer.from(String(fields.body ?? 'hello'))
  return {
    id: 'i-1',
    subject: 'us.weather',
    contentType: 'text/plain',
    properties: { 'spout-id': 'x:0', n: 5, f: 2.5, none: null, yes: true },
    durable: false,
    redelivered: false,
    deliveryCount: 1,
    body: 'hello',
    annotations: {},
    ...fields,
    bytes,
  } as unknown as FormatMessage
}

function render(format: string, fields = {}, harmless = false): string {
  return Buffer.concat(
    new Template(format).render(message(fields), harmless).map((piece) => Buffer.from(piece)),
  ).toString()
}

describe('formats', () => {
  it.each([
    ['plain', 'plain'],
    ['100%%', '100%'],
    ['%(M.subject)s', 'us.weather'],
    ['%(P["spout-id"])s', 'x:0'],
    ["%(P['spout-id'])s", 'x:0'],
    ['%( P [ "n" ] )s', '5'],
    ['%(M.properties["n"])d', '5'],
    ['%(C)s', 'hello'],
    ['%(M.content)s', 'hello'],
    ['%(len(C))s', '5'],
    ['%(len(P))d', '5'],
    ['%(C[0])s%(C[-1])s', 'ho'],
    ['%(M.subject)r', "'us.weather'"],
    ['%(M.reply_to)s', 'None'],
    ['%(M.durable)s %(P["yes"])d', 'False 1'],
    ['%(M.user_id)s %(M.userId)s', 'None None'],
    ['[%(M.subject)12s]', '[  us.weather]'],
    ['[%(M.subject)-12s]', '[us.weather  ]'],
    ['[%(M.subject).2s]', '[us]'],
    ['%(P["n"])03d', '005'],
    ['%(P["n"])+d', '+5'],
    ['%(P["f"])d', '2'],
    ['%(P["f"])f', '2.500000'],
    ['%(P["f"])08.2f', '00002.50'],
    ['%(P)j', '{"spout-id":"x:0","n":5,"f":2.5,"none":null,"yes":true}'],
    [
      '%(M)s',
      "Message(id='i-1', subject='us.weather', properties={'spout-id': 'x:0', 'n': 5, 'f': 2.5, 'none': None, 'yes': True}, content='hello')",
    ],
    ['a%(C)sb%(C)sc', 'ahellobhelloc'],
  ])('%s', (format, text) => {
    expect(render(format)).toBe(text)
  })

  it('reads into maps and lists', () => {
    const body = { k: ['a', { b: 1 }], 'with "quotes"': 2 }
    expect(
      render('%(C["k"][0])s %(C["k"][1]["b"])d %(len(C["k"]))d', { body, contentType: 'amqp/map' }),
    ).toBe('a 1 2')
    expect(render('%(C["with \\"quotes\\""])d', { body })).toBe('2')
    expect(render('%(C)s', { body: { a: [1, null] }, contentType: 'amqp/map' })).toBe("{'a': [1, None]}")
  })

  it('keys like __proto__ and constructor are data, or not there', () => {
    expect(() => render('%(P["__proto__"])s')).toThrow("the message has no '__proto__'")
    expect(() => render('%(P["constructor"])s')).toThrow("the message has no 'constructor'")
    const properties = JSON.parse('{"__proto__": "data"}')
    expect(render('%(P["__proto__"])s', { properties })).toBe('data')
  })

  it('gives the very bytes of the content', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0x1b])
    const pieces = new Template('%(C)s').render(message({ bytes, contentType: undefined }), false)
    expect(Buffer.from(pieces[0] as Uint8Array)).toEqual(bytes)
  })

  it('on a terminal nothing of a message acts on it', () => {
    const evil = 'a\x1b[2J\r\nforged\u202e\x07'
    const fields = { subject: evil, body: evil, properties: { p: evil } }
    for (const format of ['%(C)s', '%(M.subject)s', '%(P["p"])20s', '%(M)s', '%(P)j', '%(C)r']) {
      const text = render(format, fields, true)
      expect(text).toContain('forged')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
    }
    expect(render('%(C)s', { bytes: Buffer.from([0xff, 0x1b, 0x41]) }, true)).toBe('\\xff\\x1bA')
  })

  it.each([
    '%(1+1)s',
    '%(M.subject',
    '%(M.subject)',
    '%(M.subject)x',
    '%(M.subject)',
    '%s',
    '%',
    '%()s',
    '%(X)s',
    '%(M.nothing)s',
    '%(M["subject"])s',
    '%(P.n)s',
    '%(C.n)s',
    '%(P[n])s',
    '%(P["n")s',
    '%(len(C)s',
    '%(len)s',
    '%(M.subject.upper())s',
    '%(__import__("os").system("true"))s',
    '%(M.__class__)s',
    '%(C)99999999s',
  ])('%s is refused before any message', (format) => {
    expect(() => new Template(format)).toThrow(expect.objectContaining({ name: 'CommandError' }))
  })

  it('suggests the field that was meant', () => {
    expect(() => new Template('%(M.subjet)s')).toThrow("did you mean 'subject'?")
  })

  it.each([
    ['%(P["missing"])s', "the message has no 'missing'"],
    ['%(C[99])s', 'there is no item 99'],
    ['%(P["n"]["x"])s', 'no map or list there'],
    ['%(len(P["n"]))s', 'has no length'],
    ['%(M.subject)d', 'a number is required'],
    ['%(P["none"])f', 'a number is required'],
  ])('%s fails on a message that lacks it', (format, text) => {
    const template = new Template(format)
    expect(() => template.render(message(), false)).toThrow(text)
  })
})
