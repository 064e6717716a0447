/**
 * JSON laid out for reading, from its text: nothing is parsed, so large numbers, double keys and the order stay as they are,
 * and a text that was cut off is laid out as far as it goes. Depth of indentation and number of tokens are bounded, so that
 * no text makes the page slow.
 */
interface JsonToken {
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'mark'
  readonly text: string
}

const MAX_TOKENS = 20_000
const MAX_INDENT = 24
const TOKEN = /"(?:[^"\\]|\\[\s\S])*"?|-?\d[\d.eE+-]*|[A-Za-z]+|[{}[\],:]|\S/gy

/** The tokens with the line feeds and blanks between them as marks; what lies beyond the bound comes as one string. */
export function jsonTokens(text: string): JsonToken[] {
  const tokens: JsonToken[] = []
  let depth = 0
  let at = 0
  const mark = (mark: string) => tokens.push({ kind: 'mark', text: mark })
  const line = () => mark(`\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`)
  while (true) {
    at = afterBlank(text, at)
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0]
    if (token === undefined) return tokens
    if (tokens.length >= MAX_TOKENS) {
      tokens.push({ kind: 'string', text: text.slice(at) })
      return tokens
    }
    at += token.length
    const next = text[afterBlank(text, at)]
    if (token === '{' || token === '[') {
      mark(token)
      depth++
      if (next === '}' || next === ']') continue
      if (next !== undefined) line()
    } else if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1)
      const before = tokens.at(-1)?.text
      if (before !== '{' && before !== '[') line()
      mark(token)
    } else if (token === ',') {
      mark(token)
      line()
    } else if (token === ':') mark(': ')
    else tokens.push({ kind: kindOf(token, next), text: token })
  }
}

function kindOf(token: string, next: string | undefined): JsonToken['kind'] {
  if (token.startsWith('"')) return next === ':' ? 'key' : 'string'
  return /^[-\d]/.test(token) ? 'number' : 'word'
}

function afterBlank(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++
  return at
}
