/** Values of single tokens: Python's string and number literals, bare escapes, constants. */
import { ID_PATTERN, malformed, type Token } from './lexer.ts'

/** Bare words that are values of their own. Others are strings, `TRUE` and `null` too. */
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['None', null],
])

const ID = new RegExp(`^(?:${ID_PATTERN})$`)

/** True when `word` can stand bare as a key or value and is read back as that string. */
export function isBareWord(word: string): boolean {
  return ID.test(word) && !CONSTANTS.has(word)
}

/** A piece of a name or subject. */
export function textOf(token: Token, address: string): string {
  if (token.kind === 'STRING') return stringOf(token, address)
  if (token.kind !== 'ESC') return token.text
  const kind = token.text[1]
  if (kind === 'x' || kind === 'u') return String.fromCharCode(Number.parseInt(token.text.slice(2), 16))
  return token.text.slice(1)
}

/** A value in the options. */
export function tokenValue(token: Token, address: string): string | number | bigint | boolean | null {
  if (token.kind === 'STRING') return stringOf(token, address)
  if (token.kind === 'NUMBER') return numberOf(token, address)
  const constant = CONSTANTS.get(token.text)
  return constant === undefined ? token.text : constant
}

/** A key: constants and numbers have one spelling each. */
export function keyOf(token: Token, address: string): string {
  const value = tokenValue(token, address)
  if (value === true) return 'True'
  if (value === false) return 'False'
  return value === null ? 'None' : String(value)
}

function numberOf(token: Token, address: string): number | bigint {
  const { text } = token
  if (text.includes('.')) return Number(text)
  if (/^[+-]?0+[1-9]/.test(text)) {
    // Octal for one Python, an error for the next: neither reading is safe to guess.
    throw malformed(address, token.at, `leading zeros in NUMBER(${text})`, {
      hint: 'Write the number without leading zeros, or put it in quotes.',
    })
  }
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  return BigInt(text.replace('+', ''))
}

const SIMPLE: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const ESCAPE =
  /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^0-7xuUN])|([xuUN]))/gsu

function stringOf(token: Token, address: string): string {
  const inside = token.text.slice(1, -1)
  const control = inside.search(/[\n\r\0]/)
  if (control >= 0) {
    throw malformed(address, token.at + 1 + control, 'line break or NUL in quotes', {
      hint: 'Write \\n, \\r or \\x00 inside the quotes.',
    })
  }
  if (!inside.includes('\\')) return inside
  return inside.replace(ESCAPE, (whole, octal, x, u, long, other, wrong, offset: number) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
    const hex: string | undefined = x ?? u ?? long
    const code = hex === undefined ? -1 : Number.parseInt(hex, 16)
    if (wrong !== undefined || code > 0x10ffff) {
      throw malformed(address, token.at + 1 + offset, `unusable escape ${whole}`, {
        hint: 'Escapes are \\xHH, \\uHHHH, \\UHHHHHHHH and Python’s single letters; \\\\ is a backslash.',
      })
    }
    if (code >= 0) return String.fromCodePoint(code)
    // Unknown escapes keep their backslash, as in Python.
    return SIMPLE[other] ?? whole
  })
}
