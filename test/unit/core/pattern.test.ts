import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../../src/core/pattern.ts'

/** The rule written down as plainly as possible, to hold the fast one against. */
function reference(pattern: string[], words: string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') return reference(rest, words) || (words.length > 0 && reference(pattern, words.slice(1)))
  return words.length > 0 && (first === '*' || first === words[0]) && reference(rest, words.slice(1))
}

describe('patterns', () => {
  it.each([
    ['us.*', 'us.weather', true],
    ['us.*', 'us', false],
    ['us.*', 'us.weather.rain', false],
    ['us.#', 'us', true],
    ['#.weather', 'weather', true],
    ['#.weather', 'us.ny.weather', true],
    ['#', '', true],
    ['*', '', false],
    ['a.#.b', 'a.b', true],
    ['a..b', 'a..b', true],
    ['a.*.b', 'a..b', true],
    ['us.*', 'usx.a', false],
  ])('%s against %s is %s', (pattern, subject, fits) => {
    expect(compilePattern(pattern)(subject)).toBe(fits)
  })

  it('fit exactly what the rule says', () => {
    const word = fc.constantFrom('a', 'b', 'c', '')
    const patternWord = fc.oneof(word, fc.constantFrom('*', '#'))
    fc.assert(
      fc.property(
        fc.array(patternWord, { minLength: 1, maxLength: 6 }),
        fc.array(word, { minLength: 1, maxLength: 6 }),
        (p, s) => {
          const subject = s.join('.')
          const words = subject === '' ? [] : subject.split('.')
          const pattern = p.join('.')
          const expected = pattern === subject || reference(pattern.split('.'), words)
          expect(compilePattern(pattern)(subject)).toBe(expected)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('a hostile pattern costs no more than pattern times subject', () => {
    const matcher = compilePattern(Array(60).fill('#').join('.a.'))
    const began = performance.now()
    expect(matcher(Array(60).fill('b').join('.'))).toBe(false)
    expect(performance.now() - began).toBeLessThan(200)
  })
})
