/**
 * `--map PATTERN=SUBJECT`: subjects on their way over a bridge. `*` and `#` in the pattern are `$1`, `$2` … in the new
 * subject, in order: `us.*.#=usa.$1.$2`.
 */
import { UsageError } from '../../command/errors.ts'

type SubjectMap = (subject: string | undefined) => string | undefined

/** The first pattern that reachable decides; a subject that reachable none stays. @throws UsageError */
export function subjectMap(rules: readonly string[]): SubjectMap {
  const compiled = rules.map((rule) => {
    const at = rule.indexOf('=')
    if (at < 0) throw new UsageError(`option --map: '${rule}' is no PATTERN=SUBJECT`)
    return { pattern: wordsOf(rule.slice(0, at)), subject: rule.slice(at + 1) }
  })
  return (subject) => {
    const words = wordsOf(subject ?? '')
    for (const { pattern, subject: replacement } of compiled) {
      const parts = partsOf(pattern, words)
      if (!parts) continue
      const all = [subject ?? '', ...parts]
      return tidy(replacement.replace(/\$(\d)/g, (_, index: string) => all[Number(index)] ?? ''))
    }
    return subject
  }
}

function wordsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split('.')
}

/**
 * What each `*` and `#` stands for; `undefined` where the pattern does not fit. A `#` at the beginning takes as little as it can, and at least
 * a word where it can, any other as much as it can. In steps, one for each word of either: subjects are what strangers have made of them.
 */
function partsOf(pattern: readonly string[], words: readonly string[]): string[] | undefined {
  const width = words.length + 1
  /** Whether the rest of the pattern fits the rest of the words, by the places of both. */
  const reachable = new Uint8Array((pattern.length + 1) * width)
  const reaches = (at: number, word: number): boolean => reachable[at * width + word] === 1
  reachable[pattern.length * width + words.length] = 1
  for (let at = pattern.length - 1; at >= 0; at--) {
    for (let word = words.length; word >= 0; word--) {
      const wanted = pattern[at]!
      const isFit =
        wanted === '#'
          ? reaches(at + 1, word) || (word < words.length && reaches(at, word + 1))
          : word < words.length && takes(wanted, words[word]!) && reaches(at + 1, word + 1)
      if (isFit) reachable[at * width + word] = 1
    }
  }
  if (!reaches(0, 0)) return undefined
  const parts: string[] = []
  let word = 0
  for (const [at, wanted] of pattern.entries()) {
    let end = word + 1
    if (wanted === '#') {
      const ends = Array.from({ length: width - word }, (_, taken) => word + taken)
      const inOrder = at === 0 ? [...ends.slice(1), word] : ends.reverse()
      end = inOrder.find((candidate) => reaches(at + 1, candidate))!
    }
    if (wanted === '#' || wanted === '*') parts.push(words.slice(word, end).join('.'))
    word = end
  }
  return parts
}

function takes(wanted: string, word: string): boolean {
  return wanted === '*' ? word !== '' : wanted === word
}

/** A `#` that stood for nothing leaves no empty word behind. */
function tidy(subject: string): string {
  return subject.replace(/\.{2,}/g, '.').replace(/^\.|\.$/g, '')
}
