/**
 * Grammar of address strings, the dialect of the Qpid Python client:
 *
 * ```text
 * address = name [ "/" subject ] [ ";" map ]
 * map     = "{" [ key ":" value { "," key ":" value } [ "," ] ] "}"
 * list    = "[" [ value { "," value } [ "," ] ] "]"
 * value   = NUMBER | STRING | ID | map | list
 * ```
 *
 * Name and subject are all tokens up to the next delimiter, joined; white space outside quotes vanishes.
 */
import { describeToken, lex, malformed, type Token, type TokenKind } from './lexer.ts'
import { keyOf, textOf, tokenValue } from './literal.ts'
import type { AddressMap, AddressValue, ParsedAddress } from './types.ts'

/** Maps and lists inside each other. Bounds the stack against hostile text. */
const MAX_DEPTH = 100

const KEY: readonly TokenKind[] = ['NUMBER', 'STRING', 'ID']
const VALUE: readonly TokenKind[] = [...KEY, 'LBRACE', 'LBRACK']

/**
 * Takes an address string apart: grammar only, options are not looked into.
 *
 * @throws `ADDRESS_MALFORMED` whose text has `line:L,C` and the expected tokens, also as `context.line`,
 * `context.column`, `context.expected`
 * @throws TypeError when `text` is no string
 * @example
 * ```ts
 * parseAddress("my.news/us.*; {create: always, link: {name: 'a b'}}")
 * // { name: 'my.news', subject: 'us.*', options: { create: 'always', link: { name: 'a b' } } }
 * ```
 */
export function parseAddress(text: string): ParsedAddress {
  if (typeof text !== 'string') throw new TypeError('An address is a string')
  return new AddressParser(text).parse()
}

class AddressParser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #index = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = lex(text)
  }

  parse(): ParsedAddress {
    const name = this.#joinUntil('SLASH', 'SEMI')
    if (name === undefined) throw this.#unexpected()
    const subject = this.#take('SLASH') ? this.#joinUntil('SEMI') : undefined
    const options = this.#take('SEMI') ? this.#map() : undefined
    this.#eat('EOF')
    return {
      name,
      ...(subject !== undefined && { subject }),
      ...(options !== undefined && { options }),
    }
  }

  /** `undefined` when there is not one token; a pair of quotes is one. */
  #joinUntil(...ends: TokenKind[]): string | undefined {
    const pieces: string[] = []
    for (let next = this.#next(); next.kind !== 'EOF' && !ends.includes(next.kind); next = this.#next()) {
      pieces.push(textOf(next, this.#text))
      this.#index += 1
    }
    return pieces.length === 0 ? undefined : pieces.join('')
  }

  #map(): AddressMap {
    this.#eat('LBRACE')
    this.#deeper()
    const map: Record<string, AddressValue> = Object.create(null)
    while (this.#next().kind !== 'RBRACE') {
      const token = this.#next()
      if (!KEY.includes(token.kind))
        throw this.#unexpected(...(VALUE.includes(token.kind) ? KEY : VALUE), 'RBRACE')
      const key = keyOf(token, this.#text)
      this.#index += 1
      this.#eat('COLON')
      map[key] = this.#value()
      if (!this.#take('COMMA') && this.#next().kind !== 'RBRACE') throw this.#unexpected('COMMA', 'RBRACE')
    }
    this.#eat('RBRACE')
    this.#depth -= 1
    return map
  }

  #list(): readonly AddressValue[] {
    this.#eat('LBRACK')
    this.#deeper()
    const list: AddressValue[] = []
    while (this.#next().kind !== 'RBRACK') {
      list.push(this.#value())
      if (!this.#take('COMMA') && this.#next().kind !== 'RBRACK') throw this.#unexpected('COMMA', 'RBRACK')
    }
    this.#eat('RBRACK')
    this.#depth -= 1
    return list
  }

  #value(): AddressValue {
    const token = this.#next()
    if (token.kind === 'LBRACE') return this.#map()
    if (token.kind === 'LBRACK') return this.#list()
    if (!KEY.includes(token.kind)) throw this.#unexpected(...VALUE)
    const value = tokenValue(token, this.#text)
    this.#index += 1
    return value
  }

  #deeper(): void {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) {
      throw malformed(this.#text, this.#next().at, `nested deeper than ${MAX_DEPTH} levels`)
    }
  }

  #next(): Token {
    return this.#tokens[this.#index]!
  }

  #take(kind: TokenKind): boolean {
    if (this.#next().kind !== kind) return false
    this.#index += 1
    return true
  }

  #eat(kind: TokenKind): void {
    if (!this.#take(kind)) throw this.#unexpected(kind)
  }

  #unexpected(...expected: TokenKind[]): Error {
    const token = this.#next()
    const wanted = expected.length > 1 ? `(${expected.join(', ')})` : expected[0]
    const got = describeToken(token)
    return malformed(
      this.#text,
      token.at,
      wanted === undefined ? `unexpected token ${got}` : `expecting ${wanted}, got ${got}`,
      { expected },
    )
  }
}
