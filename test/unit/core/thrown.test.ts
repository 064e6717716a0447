import { describe, expect, it } from 'vitest'
import { asMessagingError, isMessagingError, messageOfThrown } from '../../../src/model/errors.ts'
import { thrownText } from '../../../src/model/thrown.ts'

describe('what was thrown, as text', () => {
  it('is name, message and the first lines of the stack', () => {
    const text = thrownText(new TypeError('no such field'))
    expect(text).toMatch(/^TypeError: no such field\n\s+at /)
    expect(text.split('\n').length).toBeLessThanOrEqual(11)
  })

  it('has at most 4 KiB, cut between characters', () => {
    for (const filler of ['a', 'ü', '€', '😀']) {
      const text = thrownText(
        Object.assign(new Error(filler.repeat(9_000)), { stack: `\n  at ${filler.repeat(9_000)}` }),
      )
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096)
      expect(Buffer.byteLength(text)).toBeGreaterThan(4_090)
      expect(text).not.toContain('\ufffd')
      expect(text).toContain('\n  at ')
    }
  })

  it('hides the secrets of URLs, also of one that a cut goes through', () => {
    const url = 'redis://app:s3cret@host/0'
    expect(thrownText(new Error(`cannot reach ${url}`))).not.toContain('s3cret')
    for (let before = 2_000; before < 2_048; before++) {
      const text = thrownText(new Error(`${'x'.repeat(before)} ${url}`))
      expect(text).not.toMatch(/app:s/)
    }
  })

  it('is valid Unicode, and there whatever a program throws', () => {
    expect(thrownText(new Error('half \ud83d'))).toContain('half \ufffd')
    expect(thrownText('text')).toBe('text')
    expect(thrownText(undefined)).toBe('undefined')
    expect(thrownText(Symbol('s'))).toBe('Symbol(s)')
    const hostile = {
      toString() {
        throw new Error('no')
      },
    }
    expect(thrownText(hostile)).toBe('something that cannot be told as text was thrown')
    expect(thrownText(Object.create(null))).toBe('something that cannot be told as text was thrown')
  })
})

it.each([
  [new Error('lost'), 'lost'],
  [new RangeError(''), 'RangeError without a message'],
  ['text', 'text'],
  ['', "'' was thrown"],
  [undefined, 'undefined was thrown'],
  [{ status: 404, body: { deep: { deeper: 1 } } }, '{ status: 404, body: { deep: [Object] } } was thrown'],
  [Object.create(null), '[Object: null prototype] {} was thrown'],
])('%o as a message: %s', (thrown, message) => {
  expect(messageOfThrown(thrown)).toBe(message)
})

it.each([
  [
    'a revoked Proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
  ],
  [
    'a Proxy that throws',
    () =>
      new Proxy(
        {},
        {
          has: () => {
            throw new Error('no')
          },
        },
      ),
  ],
])('%s that was thrown is no MessagingError, and asking does no harm', (_, make) => {
  expect(isMessagingError(make())).toBe(false)
  expect(asMessagingError(make()).code).toBe('INTERNAL')
})
