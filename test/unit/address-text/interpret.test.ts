import { describe, expect, it } from 'vitest'
import { interpretAddress, interpretAddressOptions } from '../../../src/api/address/interpret.ts'
import { parseAddress } from '../../../src/model/address-text/index.ts'
import type { MessagingError } from '../../../src/model/errors.ts'

function refusal(options: string): MessagingError {
  try {
    interpretAddress(`q; ${options}`)
  } catch (error) {
    return error as MessagingError
  }
  throw new Error(`${options} was taken`)
}

describe('defaults', () => {
  it('without options nothing is made, checked or deleted, and messages are taken', () => {
    expect(interpretAddress('q/s')).toMatchObject({
      name: 'q',
      subject: 's',
      create: 'never',
      assert: 'never',
      delete: 'never',
      mode: 'consume',
      node: { type: undefined, durable: undefined, bindings: [], declare: { portable: {} } },
      link: { name: undefined, reliability: undefined, bindings: undefined, timeoutMs: undefined },
    })
  })

  it('None counts as absent', () => {
    const options = '{create: None, node: None, link: {name: None, x-bindings: None}, mode: None}'
    expect(interpretAddress(`q; ${options}`)).toEqual(interpretAddress('q'))
  })
})

describe('meaning', () => {
  it('takes every option of the table', () => {
    const meaning = interpretAddress(
      `news/us.*; {create: sender, assert: always, delete: receiver, mode: browse,
        node: {type: topic, durable: True, x-declare: {type: direct, foo: 1},
          x-bindings: [{exchange: 'amq.topic', key: 'a.#', arguments: {x-match: all}}, {queue: other}]},
        link: {name: sub, durable: true, reliability: unreliable, x-declare: {exclusive: True},
          x-bindings: [{key: b}], x-subscribe: {exclusive: True}, selector: "a = 'b'", timeout: 2.5}}`,
    )
    expect(meaning).toMatchObject({
      name: 'news',
      subject: 'us.*',
      create: 'sender',
      assert: 'always',
      delete: 'receiver',
      mode: 'browse',
      node: {
        type: 'topic',
        durable: true,
        declare: { portable: { exchangeType: 'direct' }, rest: { foo: 1 } },
        bindings: [{ source: 'amq.topic', key: 'a.#', arguments: { 'x-match': 'all' } }, { target: 'other' }],
      },
      link: {
        name: 'sub',
        durable: true,
        reliability: 'at-most-once',
        declare: { portable: { exclusive: true } },
        bindings: [{ key: 'b' }],
        subscribe: { exclusive: true },
        selector: "a = 'b'",
        timeoutMs: 2500,
      },
    })
  })

  it.each([
    ['unreliable', 'at-most-once'],
    ['at-most-once', 'at-most-once'],
    ['at-least-once', 'at-least-once'],
    ['exactly-once', 'at-least-once'],
  ])('reliability %s is %s', (word, meaning) => {
    expect(interpretAddress(`q; {link: {reliability: ${word}}}`).link.reliability).toBe(meaning)
  })

  it('settings of x-declare with a portable meaning are told apart from those of one broker', () => {
    const { declare } = interpretAddress(
      `q; {node: {x-declare: {auto-delete: 'True', exclusive: False, alternate-exchange: dead, arguments:
        {'qpid.max_count': 5, 'qpid.policy_type': reject, 'qpid.auto_delete_timeout': 3, 'qpid.max_size': 99}}}}`,
    ).node
    expect(declare.portable).toEqual({
      autoDelete: true,
      exclusive: false,
      deadLetter: 'dead',
      maxLength: 5,
      expiresMs: 3000,
    })
    expect(declare.rest).toEqual({ arguments: { 'qpid.max_size': 99 } })
  })

  it('a limit with another policy than reject is no portable limit', () => {
    const { declare } = interpretAddress(
      "q; {node: {x-declare: {arguments: {'qpid.max_count': 5, 'qpid.policy_type': ring}}}}",
    ).node
    expect(declare.portable).toEqual({})
    expect(declare.rest).toEqual({ arguments: { 'qpid.max_count': 5, 'qpid.policy_type': 'ring' } })
  })
})

describe('names that begin with #', () => {
  it('get a fresh name each time and are made, exclusive and deleted by themselves', () => {
    const first = interpretAddress('#reply/s')
    expect(first.name).toMatch(/^[0-9a-f-]{36}#reply$/)
    expect(first.subject).toBe('s')
    expect(first.create).toBe('always')
    expect(first.node.declare.portable).toEqual({ autoDelete: true, exclusive: true })
    expect(interpretAddress('#reply').name).not.toBe(first.name)
  })

  it('keep what the user said, except that they are always made', () => {
    const { create, node } = interpretAddress(
      '#; {create: never, node: {type: topic, x-declare: {exclusive: False, type: fanout}}}',
    )
    expect(create).toBe('always')
    expect(node.type).toBe('topic')
    expect(node.declare.portable).toEqual({ autoDelete: true, exclusive: false, exchangeType: 'fanout' })
    expect(interpretAddress('#; {node: {type: topic}}').node.declare.portable).toEqual({ autoDelete: true })
  })

  it('do not hide a wrong option', () => {
    expect(() => interpretAddress('#; {node: asdf}')).toThrow('error in options: node: asdf is not a map')
    expect(() => interpretAddress('#; {node: {x-declare: 1}}')).toThrow('node: x-declare: 1 is not a map')
  })
})

describe('wrong options are named with path and allowed values', () => {
  it.each([
    ['{create: x}', "create: x not in ('always', 'sender', 'receiver', 'never')"],
    ['{mode: look}', "mode: look not in ('browse', 'consume')"],
    ['{node: {foo: bar}}', 'node: foo: illegal key'],
    ['{node: asdf}', 'node: asdf is not a map'],
    ['{node: {durable: []}}', 'node: durable: [] is not a bool'],
    ['{node: {durable: yes}}', 'node: durable: yes is not a bool'],
    ['{node: {type: exchange}}', "node: type: exchange not in ('queue', 'topic')"],
    ['{node: {x-bindings: {}}}', 'node: x-bindings: {} is not a list'],
    ['{node: {x-bindings: [{key: 5}]}}', 'node: x-bindings: key: 5 is not a string'],
    ['{link: {name: 5}}', 'link: name: 5 is not a string'],
    ["{link: {x-subscribe: ['a', {b: True}]}}", "link: x-subscribe: ['a', {'b': True}] is not a map"],
    ['{link: {timeout: -1}}', 'link: timeout: -1 is not a number from 0'],
    ['{foo: 1, __proto__: 2}', 'foo: illegal key, __proto__: illegal key'],
    [
      '{link: {reliability: sure}, create: x, extra: 1}',
      "create: x not in ('always', 'sender', 'receiver', 'never'), link: reliability: sure not in ('unreliable', 'at-most-once', 'at-least-once', 'exactly-once'), extra: illegal key",
    ],
    ['{node: {x-declare: {auto-delete: 5}}}', 'node: x-declare: auto-delete is not a bool'],
  ])('%s', (options, text) => {
    const error = refusal(options)
    expect(error.code).toBe('ADDRESS_OPTION_INVALID')
    expect(error.message).toBe(`error in options: ${text}`)
  })

  it('suggests the nearest key or value', () => {
    expect(refusal('{node: {durabel: True}}').hint).toBe("Did you mean 'durable'?")
    expect(refusal('{create: alwais}').hint).toBe("Did you mean 'always'?")
  })

  it.each([
    ['{link: {filter: []}}', 'link: filter'],
    ['{node: {properties: {}}}', 'node: properties'],
    ['{node: {capabilities: []}}', 'node: capabilities'],
  ])('%s is known but refused by name', (options, name) => {
    const error = refusal(options)
    expect(error.code).toBe('NOT_SUPPORTED')
    expect(error.message).toContain(name)
  })

  it('options can be interpreted without a text', () => {
    expect(interpretAddressOptions(undefined).create).toBe('never')
    expect(interpretAddressOptions(parseAddress('q; {create: always}').options).create).toBe('always')
  })
})
