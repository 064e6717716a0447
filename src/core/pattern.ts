/**
 * Matching of subjects against patterns: words separated by `.`, `*` is exactly one word, `#` zero or more.
 * The rule is that of AMQP 0-9-1 topic exchanges. The empty subject has no words: only `#` (alone or
 * repeated) fits it.
 */

/** A compiled pattern; compile once per subscription, match per message. */
export type Matcher = (subject: string) => boolean

export function compilePattern(pattern: string): Matcher {
  const words = pattern.split('.')
  if (pattern === '#') return () => true
  if (!words.includes('*') && !words.includes('#')) return (subject) => subject === pattern
  return (subject) => matchWords(words, subject === '' ? [] : subject.split('.'))
}

/** Two-row dynamic programme: linear in pattern times subject, so that `#.#.#…` cannot blow up. */
function matchWords(pattern: readonly string[], words: readonly string[]): boolean {
  let reached = new Array<boolean>(words.length + 1).fill(false)
  reached[0] = true
  for (const part of pattern) {
    const next = new Array<boolean>(words.length + 1).fill(false)
    if (part === '#') {
      let any = false
      for (let at = 0; at <= words.length; at++) {
        any ||= reached[at]!
        next[at] = any
      }
    } else {
      for (let at = 0; at < words.length; at++) {
        next[at + 1] = reached[at]! && (part === '*' || part === words[at])
      }
    }
    reached = next
  }
  return reached[words.length]!
}
