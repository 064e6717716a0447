/**
 * The small language inside `%(...)`: reading a part of a message, and nothing else. No code is ever evaluated.
 *
 * ```text
 * path  = root { "." field | "[" index "]" } | "len(" path ")"
 * root  = M (message) | P (its properties) | C (its content)
 * index = 'text' | "text" | whole number (negative: from the end)
 * ```
 *
 * What can be known without a message is checked when the path is read: roots, fields, syntax. A property or an index that a
 * message does not have is an error of that message.
 */
import { nearest } from '../../core/options/nearest.ts'
import { CommandError } from '../errors.ts'
import { contentOf, FIELDS, type FormatMessage } from './fields.ts'

export type Reader = (message: FormatMessage) => unknown

/** The content itself: written byte by byte where it can be. */
export const CONTENT: Reader = (message) => contentOf(message)

/** The message as a whole: its print form. */
export const MESSAGE: Reader = (message) => message

/** @throws CommandError on anything but a path */
export function readPath(text: string): Reader {
  return new PathReader(text).read()
}

/** The path that begins at a place of a longer text, and where it ends. @throws CommandError */
export function readPathAt(text: string, at: number): { readonly reader: Reader; readonly end: number } {
  return new PathReader(text, at).readPart()
}

class PathReader {
  readonly #text: string
  #at: number

  constructor(text: string, at = 0) {
    this.#text = text
    this.#at = at
  }

  readPart(): { readonly reader: Reader; readonly end: number } {
    const reader = this.#path()
    return { reader, end: this.#at }
  }

  read(): Reader {
    const reader = this.#path()
    this.#space()
    if (this.#at < this.#text.length) throw this.#wrong('unexpected text')
    return reader
  }

  #path(): Reader {
    const word = this.#word('M, P, C or len(...)')
    if (word === 'len') {
      this.#expect('(')
      const inner = this.#path()
      this.#expect(')')
      return (message) => lengthOf(inner(message))
    }
    let reader = this.#root(word)
    for (;;) {
      this.#space()
      const next = this.#text[this.#at]
      if (next === '.') {
        this.#at += 1
        reader = this.#field(reader)
      } else if (next === '[') {
        this.#at += 1
        reader = this.#index(reader)
      } else return reader
    }
  }

  #root(word: string): Reader {
    if (word === 'M') return MESSAGE
    if (word === 'P') return (message) => message.properties
    if (word === 'C') return CONTENT
    throw this.#wrong(`'${word}' is none of M (message), P (properties), C (content), len(...)`)
  }

  #field(of: Reader): Reader {
    const name = this.#word('a field')
    if (of !== MESSAGE) throw this.#wrong(`only M has fields; write ["${name}"] for the key of a map`)
    const field = FIELDS.get(name)
    if (field) return field
    const near = nearest(name, [...FIELDS.keys()])
    throw this.#wrong(
      `a message has no field '${name}'${near === undefined ? `; fields: ${[...FIELDS.keys()].join(', ')}` : `; did you mean '${near}'?`}`,
    )
  }

  #index(of: Reader): Reader {
    this.#space()
    const rest = this.#text.slice(this.#at)
    const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/s.exec(rest)
    const whole = /^[+-]?\d+/.exec(rest)
    const match = quoted ?? whole
    if (!match) throw this.#wrong('expected a quoted key or a whole number')
    this.#at += match[0].length
    this.#expect(']')
    if (of === MESSAGE) throw this.#wrong('a message has fields, not keys: M.subject')
    if (!quoted) return (message) => itemOf(of(message), Number(match[0]), this.#text)
    const key = (quoted[1] ?? quoted[2])!.replace(/\\(.)/gs, '$1')
    return (message) => itemOf(of(message), key, this.#text)
  }

  #word(expected: string): string {
    this.#space()
    const match = /^[A-Za-z_]\w*/.exec(this.#text.slice(this.#at))
    if (!match) throw this.#wrong(`expected ${expected}`)
    this.#at += match[0].length
    return match[0]
  }

  #expect(character: string): void {
    this.#space()
    if (this.#text[this.#at] !== character) throw this.#wrong(`expected '${character}'`)
    this.#at += 1
  }

  #space(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1
  }

  #wrong(why: string): CommandError {
    return new CommandError(
      `%(${this.#text}): ${why}`,
      'Write paths such as M.subject, P["spout-id"], C["key"][0], len(C); nothing is evaluated.',
    )
  }
}

function itemOf(value: unknown, key: string | number, path: string): unknown {
  if (typeof key === 'number') {
    const items = typeof value === 'string' ? [...value] : value
    if (Array.isArray(items) || items instanceof Uint8Array) {
      const index = key < 0 ? items.length + key : key
      if (index < items.length && index >= 0) return items[index]
      throw missing(path, `there is no item ${key}`)
    }
  }
  const isMap =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  if (isMap && Object.hasOwn(value, key)) return (value as Record<string, unknown>)[key]
  throw missing(path, isMap ? `the message has no '${key}'` : 'the message has no map or list there')
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length
  if (typeof value === 'object' && value !== null && !(value instanceof Date))
    return Object.keys(value).length
  throw new CommandError('len(...): the value has no length')
}

function missing(path: string, why: string): CommandError {
  return new CommandError(`%(${path}): ${why}`)
}
