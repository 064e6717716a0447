import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PatternTrie } from '../../../../src/broker/nodes/pattern-trie.ts'
import { compilePattern } from '../../../../src/core/pattern.ts'

const word = fc.constantFrom('a', 'b', 'c', '', 'ä')
const patternWord = fc.oneof({ weight: 3, arbitrary: word }, fc.constantFrom('*', '#', '#'))
const subject = fc.array(word, { maxLength: 6 }).map((words) => words.join('.'))
const pattern = fc.array(patternWord, { maxLength: 6 }).map((words) => words.join('.'))

const runs = { numRuns: 3_000 }

test('it finds exactly those whose pattern fits by the reference matcher, each once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(pattern, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
      fc.array(subject, { minLength: 1, maxLength: 5 }),
      (subscribers, subjects) => {
        const trie = new PatternTrie<number>()
        subscribers.forEach((patterns, at) => {
          for (const one of patterns) trie.add(one, at)
        })
        for (const text of subjects) {
          const expected = subscribers.flatMap((patterns, at) =>
            patterns.some((one) => compilePattern(one)(text)) ? [at] : [],
          )
          expect([...trie.match(text)].sort((a, b) => a - b)).toEqual(expected)
        }
      },
    ),
    runs,
  )
})

test('what was removed is found no more, what was added again in between is', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 20 }), subject, (entries, text) => {
      const trie = new PatternTrie<number>()
      entries.forEach(([one], at) => {
        trie.add(one, at)
      })
      trie.match(text)
      entries.forEach(([one, removed], at) => {
        if (removed) trie.remove(one, at)
      })
      const expected = entries.flatMap(([one, removed], at) =>
        !removed && compilePattern(one)(text) ? [at] : [],
      )
      expect([...trie.match(text)].sort((a, b) => a - b)).toEqual(expected)
    }),
    runs,
  )
})

test('a pattern given twice counts until it was removed twice', () => {
  const trie = new PatternTrie<string>()
  trie.add('a.*', 'x')
  trie.add('a.*', 'x')
  trie.remove('a.*', 'x')
  expect(trie.match('a.b')).toEqual(['x'])
  trie.remove('a.*', 'x')
  expect(trie.match('a.b')).toEqual([])
  trie.remove('a.*', 'x')
})

test('a pattern of nothing but # and * cannot blow up', () => {
  const trie = new PatternTrie<string>()
  const nasty = Array.from({ length: 60 }, (_, at) => (at % 2 ? '*' : '#')).join('.')
  trie.add(nasty, 'nasty')
  trie.add(Array.from({ length: 60 }, (_, at) => (at % 2 ? 'a' : '#')).join('.'), 'worse')
  const start = performance.now()
  expect([...trie.match(Array.from({ length: 200 }, () => 'a').join('.'))].sort()).toEqual(['nasty', 'worse'])
  expect(performance.now() - start).toBeLessThan(1_000)
})

test('ten thousand patterns that do not fit are not looked at', () => {
  const trie = new PatternTrie<number>()
  for (let at = 0; at < 10_000; at++) trie.add(`x.${at}.#`, at)
  trie.add('*.fit', -1)
  expect(trie.match('x.fit')).toEqual([-1])
})
