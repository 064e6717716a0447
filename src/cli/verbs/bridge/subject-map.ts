/**
 * `--map PATTERN=SUBJECT`: subjects on their way over a bridge. `*` and `#` in the pattern are `$1`, `$2` … in the new
 * subject, in order: `us.*.#=usa.$1.$2`.
 */
import { UsageError } from '../../command/errors.ts'

type SubjectMap = (subject: string | undefined) => string | undefined

/** The first pattern that fits decides; a subject that fits none stays. @throws UsageError */
export function subjectMap(rules: readonly string[]): SubjectMap {
  const compiled = rules.map((rule) => {
    const at = rule.indexOf('=')
    if (at < 0) throw new UsageError(`option --map: '${rule}' is no PATTERN=SUBJECT`)
    return { pattern: expression(rule.slice(0, at)), subject: rule.slice(at + 1) }
  })
  return (subject) => {
    for (const { pattern, subject: replacement } of compiled) {
      const match = pattern.exec(subject ?? '')
      if (match) return tidy(replacement.replace(/\$(\d)/g, (_, index: string) => match[Number(index)] ?? ''))
    }
    return subject
  }
}

function expression(pattern: string): RegExp {
  let source = ''
  let dot = false
  for (const word of pattern.split('.')) {
    if (word === '#') {
      // Any number of words, none too: the dot belongs to them.
      source += dot ? '(?:\\.(.*))?' : '(?:(.*?)(?:\\.|$))?'
      continue
    }
    source += dot ? '\\.' : ''
    source += word === '*' ? '([^.]+)' : word.replace(/[\\^$+?()[\]{}|]/g, '\\$&')
    dot = true
  }
  return new RegExp(`^${source}$`, 's')
}

/** A `#` that stood for nothing leaves no empty word behind. */
function tidy(subject: string): string {
  return subject.replace(/\.{2,}/g, '.').replace(/^\.|\.$/g, '')
}
