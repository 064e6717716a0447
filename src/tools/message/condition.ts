/**
 * Which messages are meant: paths of `drain -p`, compared. Nothing is evaluated, and no text is taken for a pattern that could run long.
 *
 * ```text
 * condition  = all { "or" all }
 * all        = one { "and" one }
 * one        = "not" one | "(" condition ")" | operand [ operator operand ]
 * operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" (the left text holds the right one, in any case)
 * operand    = path (M.subject, P["spout-id"], C["key"][0], len(C)) | 'text' | "text" | number | true | false | null
 * ```
 *
 * A path alone: it is there, and neither false, zero nor empty. A text alone: somewhere in the id, the subject, a property or the body.
 * What a message does not have is equal to `null` and to nothing else.
 */
import { CommandError } from '../errors.ts'
import { contentOf, type FormatMessage } from './fields.ts'
import { readPathAt } from './path.ts'

type Test = (message: FormatMessage) => boolean

export interface Condition {
  readonly fits: Test
  /** It looks into bodies. */
  readonly readsBody: boolean
}

const MAX_LENGTH = 4_096
const MAX_DEPTH = 32
/** Of a body that a text is looked for in. Unit: bytes. */
const MAX_SEARCHED = 1024 * 1024

/** @throws CommandError on anything but a condition */
export function readCondition(text: string): Condition {
  return new ConditionReader(text).read()
}

/** `undefined`: there is none. */
type Value = unknown

interface Operand {
  readonly of: (message: FormatMessage) => Value
  /** A text that stands alone is looked for everywhere. */
  readonly literal: string | undefined
}

class ConditionReader {
  readonly #text: string
  #at = 0
  #depth = 0
  #readsBody = false

  constructor(text: string) {
    this.#text = text
  }

  read(): Condition {
    if (this.#text.length > MAX_LENGTH) throw this.#wrong(`longer than ${MAX_LENGTH} characters`)
    const fits = this.#any()
    this.#space()
    if (this.#at < this.#text.length) throw this.#wrong('unexpected text')
    return { fits, readsBody: this.#readsBody }
  }

  #any(): Test {
    const tests = [this.#all()]
    while (this.#word('or')) tests.push(this.#all())
    return tests.length === 1 ? tests[0]! : (message) => tests.some((test) => test(message))
  }

  #all(): Test {
    const tests = [this.#one()]
    while (this.#word('and')) tests.push(this.#one())
    return tests.length === 1 ? tests[0]! : (message) => tests.every((test) => test(message))
  }

  #one(): Test {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#wrong('nested too deep')
    try {
      if (this.#word('not')) {
        const test = this.#one()
        return (message) => !test(message)
      }
      if (this.#sign('(')) {
        const test = this.#any()
        if (!this.#sign(')')) throw this.#wrong("expected ')'")
        return test
      }
      return this.#comparison()
    } finally {
      this.#depth -= 1
    }
  }

  #comparison(): Test {
    const left = this.#operand()
    const operator = ['==', '!=', '<=', '>=', '=', '<', '>', '~'].find((sign) => this.#sign(sign))
    if (operator === undefined) {
      if (left.literal === undefined) return (message) => isThere(left.of(message))
      this.#readsBody = true
      const wanted = left.literal.toLowerCase()
      return (message) => saysAnywhere(message, wanted)
    }
    const right = this.#operand()
    const compare = COMPARISONS[operator]!
    return (message) => compare(left.of(message), right.of(message))
  }

  #operand(): Operand {
    this.#space()
    const rest = this.#text.slice(this.#at)
    const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/s.exec(rest)
    if (quoted) {
      this.#at += quoted[0].length
      const literal = (quoted[1] ?? quoted[2])!.replace(/\\(.)/gs, '$1')
      return { of: () => literal, literal }
    }
    const number = /^[+-]?\d+(?:\.\d+)?(?![\w.])/.exec(rest)
    if (number) {
      this.#at += number[0].length
      const value = Number(number[0])
      return { of: () => value, literal: undefined }
    }
    for (const [word, value] of CONSTANTS)
      if (this.#word(word)) return { of: () => value, literal: undefined }
    return this.#path()
  }

  #path(): Operand {
    const begin = this.#at
    const { reader, end } = readPathAt(this.#text, begin)
    this.#at = end
    const path = this.#text.slice(begin, end)
    // A message as a whole holds its body.
    if (/^\s*(?:len\s*\(\s*)*(?:C\b|M\s*(?:$|\)|\.\s*(?:content|body)\b))/.test(path)) this.#readsBody = true
    return { of: (message) => valueRead(() => reader(message)), literal: undefined }
  }

  #word(word: string): boolean {
    this.#space()
    const rest = this.#text.slice(this.#at, this.#at + word.length + 1)
    if (rest.slice(0, word.length).toLowerCase() !== word || /^\w$/.test(rest.charAt(word.length)))
      return false
    this.#at += word.length
    return true
  }

  #sign(sign: string): boolean {
    this.#space()
    if (!this.#text.startsWith(sign, this.#at)) return false
    this.#at += sign.length
    return true
  }

  #space(): void {
    while (/^\s$/.test(this.#text.charAt(this.#at))) this.#at += 1
  }

  #wrong(why: string): CommandError {
    return new CommandError(
      `${this.#text.slice(0, 200)}: ${why}`,
      'Write conditions such as M.subject ~ "us." and P["attempts"] > 3, or a text alone to look for it everywhere.',
    )
  }
}

const CONSTANTS: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
]

const COMPARISONS: Readonly<Record<string, (left: Value, right: Value) => boolean>> = {
  '=': isEqual,
  '==': isEqual,
  '!=': (left, right) => !isEqual(left, right),
  '<': (left, right) => order(left, right) < 0,
  '<=': (left, right) => order(left, right) <= 0,
  '>': (left, right) => order(left, right) > 0,
  '>=': (left, right) => order(left, right) >= 0,
  '~': (left, right) => {
    const text = textOf(left)
    const part = textOf(right)
    return text !== undefined && part !== undefined && text.toLowerCase().includes(part.toLowerCase())
  },
}

function isEqual(left: Value, right: Value): boolean {
  if (left === null || left === undefined || right === null || right === undefined)
    return (left ?? null) === (right ?? null)
  if (isNumeric(left) && isNumeric(right)) return order(left, right) === 0
  if (typeof left === 'boolean' || typeof right === 'boolean') return left === right
  return textOf(left) === textOf(right)
}

/** Not a number where there is no order. */
function order(left: Value, right: Value): number {
  if (isNumeric(left) && isNumeric(right))
    return left < right ? -1 : left > right ? 1 : Number(left) === Number(right) ? 0 : Number.NaN
  const a = textOf(left)
  const b = textOf(right)
  if (a === undefined || b === undefined) return Number.NaN
  return a < b ? -1 : a > b ? 1 : 0
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** `undefined` for what has no text of its own: a map, a list. */
function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value
  if (isNumeric(value) || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (value instanceof Uint8Array) return new TextDecoder().decode(value.subarray(0, MAX_SEARCHED))
  return undefined
}

function isThere(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false
  return !(Array.isArray(value) && value.length === 0)
}

function valueRead(read: () => Value): Value {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** In the text that a person would search: ids, subject, addresses, properties, and the first part of the body. */
function saysAnywhere(message: FormatMessage, wanted: string): boolean {
  const says = (value: Value): boolean => textOf(value)?.toLowerCase().includes(wanted) ?? false
  const { id, subject, correlationId, replyTo, userId, groupId, contentType, properties } = message
  if ([id, subject, correlationId, replyTo, userId, groupId, contentType].some(says)) return true
  if (Object.entries(properties).some(([name, value]) => says(name) || says(value))) return true
  const content = contentOf(message)
  return says(typeof content === 'string' ? content : message.bytes)
}
