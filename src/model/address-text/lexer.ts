/**
 * Tokens of address strings, as the Qpid Python client cuts them: first fitting kind wins, in the order of {@link KINDS}.
 *
 * The whole text is cut before parsing begins, so that an unknown character is reported before any wrong order of tokens.
 */
import { MessagingError } from '../errors.ts'

export type TokenKind =
  | 'LBRACE'
  | 'RBRACE'
  | 'LBRACK'
  | 'RBRACK'
  | 'COLON'
  | 'SEMI'
  | 'SLASH'
  | 'COMMA'
  | 'NUMBER'
  | 'ID'
  | 'STRING'
  | 'ESC'
  | 'SYM'
  | 'WSPACE'
  | 'EOF'

export interface Token {
  readonly kind: TokenKind
  /** As written; empty for EOF. */
  readonly text: string
  /** Offset in the address. Unit: UTF-16 units. */
  readonly at: number
}

/** A bare word, as it may stand for a key or a value. */
export const ID_PATTERN = '[a-zA-Z_](?:[a-zA-Z0-9_-]*[a-zA-Z0-9_])?'

// A quote may hold line breaks here and is refused when its value is read, as in the originals.
const KINDS: readonly (readonly [TokenKind, string])[] = [
  ['LBRACE', '\\{'],
  ['RBRACE', '\\}'],
  ['LBRACK', '\\['],
  ['RBRACK', '\\]'],
  ['COLON', ':'],
  ['SEMI', ';'],
  ['SLASH', '/'],
  ['COMMA', ','],
  ['NUMBER', '[+-]?[0-9]*\\.?[0-9]+'],
  ['ID', ID_PATTERN],
  ['STRING', '"[^\\\\"]*(?:\\\\[^\\n][^\\\\"]*)*"|\'[^\\\\\']*(?:\\\\[^\\n][^\\\\\']*)*\''],
  ['ESC', '\\\\[^ux]|\\\\x[0-9a-fA-F]{2}|\\\\u[0-9a-fA-F]{4}'],
  ['SYM', '[.#*%@$^!+\\-]'],
  ['WSPACE', '[ \\n\\r\\t]+'],
]

const TOKEN = new RegExp(KINDS.map(([, pattern]) => `(${pattern})`).join('|'), 'uy')

/** Cuts `text`, leaving white space out. @throws `ADDRESS_MALFORMED` at a character that begins no token */
export function lex(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (!match) throw unrecognized(text, at)
    const kind = kindOf(match)
    if (kind !== 'WSPACE') tokens.push({ kind, text: match[0], at })
    at += match[0].length
  }
  tokens.push({ kind: 'EOF', text: '', at })
  return tokens
}

/** How a token is called in errors: `SEMI(;)`. */
export function describeToken(token: Token): string {
  return token.kind === 'EOF' ? 'EOF' : `${token.kind}(${token.text})`
}

function kindOf(match: RegExpExecArray): TokenKind {
  let group = 1
  while (match[group] === undefined) group += 1
  return KINDS[group - 1]![0]
}

interface Position {
  readonly line: number
  readonly column: number
  readonly lineText: string
}

/**
 * Line and column as the originals count: lines from 1; columns in characters, from 0 on the first line and, the line
 * break being counted in, from 1 on the others.
 */
function positionOf(text: string, at: number): Position {
  const before = text.slice(0, at)
  const lastBreak = before.lastIndexOf('\n')
  const end = text.indexOf('\n', lastBreak + 1)
  return {
    line: before.split('\n').length,
    column: [...before.slice(Math.max(lastBreak, 0))].length,
    lineText: text.slice(lastBreak + 1, end < 0 ? undefined : end),
  }
}

/** An error that points into the address; `describe` gets the place as `line:L,C:`. */
export function malformed(
  text: string,
  at: number,
  describe: string,
  details: {
    readonly expected?: readonly TokenKind[]
    readonly separator?: string
    readonly hint?: string
  } = {},
): MessagingError {
  const { line, column, lineText } = positionOf(text, at)
  return new MessagingError(
    'ADDRESS_MALFORMED',
    `${describe} line:${line},${column}:${details.separator ?? ''}${lineText}`,
    {
      context: { address: text, line, column, ...(details.expected && { expected: details.expected }) },
      hint: details.hint,
    },
  )
}

function unrecognized(text: string, at: number): MessagingError {
  const quote = text[at] === '"' || text[at] === "'"
  return malformed(text, at, 'unrecognized characters', {
    separator: ' ',
    hint: quote
      ? 'Close the quote that begins there.'
      : "Put words with special characters in quotes: 'a&b'.",
  })
}
