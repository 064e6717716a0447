/**
 * Text of strangers made visible: what a browser would not show, or would let change the text around it, becomes an escape.
 * These are control and format characters, direction marks and overrides, separators of lines and paragraphs, lone
 * surrogates and fillers that look like nothing. A line feed and a tab are layout, and stay where the caller allows them.
 */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]/u
const HARMFUL_RUN = new RegExp(`${HARMFUL.source}+`, 'gu')
const LAYOUT = new Set(['\n', '\t'])
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' }

interface VisiblePart {
  readonly text: string
  /** Stands for characters that cannot be shown. */
  readonly escaped: boolean
}

/** The parts of a text, plain ones and escapes by turns. `layout`: line feeds and tabs stay. */
export function visibleParts(text: string, layout = false): VisiblePart[] {
  const parts: VisiblePart[] = []
  let plain = ''
  let from = 0
  const add = (part: string) => {
    if (plain !== '') parts.push({ text: plain, escaped: false })
    plain = ''
    parts.push({ text: part, escaped: true })
  }
  for (const match of text.matchAll(HARMFUL_RUN)) {
    plain += text.slice(from, match.index)
    let escapes = ''
    for (const character of match[0]) {
      if (layout && LAYOUT.has(character)) {
        if (escapes !== '') add(escapes)
        escapes = ''
        plain += character
      } else escapes += escapeOf(character)
    }
    if (escapes !== '') add(escapes)
    from = match.index + match[0].length
  }
  plain += text.slice(from)
  if (plain !== '') parts.push({ text: plain, escaped: false })
  return parts
}

/** The same as one string, for attributes and titles. */
export function visible(text: string): string {
  return visibleParts(text)
    .map((part) => part.text)
    .join('')
}

function escapeOf(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}
