/** The inverse of the parser: writes an address string, with quotes where they are needed. */
import { MessagingError } from '../errors.ts'
import { isBareWord } from './literal.ts'
import type { AddressValue, ParsedAddress } from './types.ts'

/** Characters that are read back as they stand, by place. */
const BARE_NAME = /^[a-zA-Z0-9_.#*%@$^!+\-{}[\]:,]+$/
const BARE_SUBJECT = /^[a-zA-Z0-9_.#*%@$^!+\-{}[\]:,/]+$/

/**
 * Writes an address string that {@link parseAddress} reads back to equal parts.
 *
 * A `bigint` that a `number` can hold comes back as a number; options that are `undefined` are left out.
 *
 * @throws `ADDRESS_MALFORMED` when an option has a value that no address string can hold (NaN, a function, a cycle)
 * @example
 * ```ts
 * formatAddress({ name: 'my queue', options: { create: 'always' } }) // "'my queue'; {create: always}"
 * ```
 */
export function formatAddress(address: ParsedAddress): string {
  if (typeof address?.name !== 'string') throw new TypeError('formatAddress() takes the parts of an address')
  let text = BARE_NAME.test(address.name) ? address.name : quote(address.name)
  const { subject, options } = address
  if (subject !== undefined) text += `/${BARE_SUBJECT.test(subject) ? subject : quote(subject)}`
  if (options !== undefined) text += `; ${formatValue(options, [])}`
  return text
}

function formatValue(value: AddressValue, path: readonly object[]): string {
  switch (typeof value) {
    case 'string':
      return formatWord(value)
    case 'number':
      return formatNumber(value)
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? 'True' : 'False'
    case 'object': {
      if (value === null) return 'None'
      if (path.includes(value)) throw unwritable('holds itself')
      const inside = [...path, value]
      if (isList(value)) return `[${value.map((item) => formatValue(item, inside)).join(', ')}]`
      const entries = Object.entries(value).filter(([, item]) => item !== undefined)
      return `{${entries.map(([key, item]) => `${formatWord(key)}: ${formatValue(item, inside)}`).join(', ')}}`
    }
  }
  throw unwritable(`is of type ${typeof value}`)
}

function isList(value: object): value is readonly AddressValue[] {
  return Array.isArray(value)
}

function formatWord(word: string): string {
  return isBareWord(word) ? word : quote(word)
}

/** The grammar has no exponents, and a number without a point is a whole number of any size. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) throw unwritable(`is ${value}`)
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value)
  if (Number.isInteger(value)) return `${Object.is(value, -0) ? '-0' : BigInt(value)}.0`
  const [digits, exponent] = value.toString().split('e') as [string, string?]
  if (exponent === undefined) return digits
  // Only small numbers come here: whole ones were written above.
  const [, sign, whole, fraction] = /^(-?)(\d)(?:\.(\d+))?$/.exec(digits)!
  return `${sign}0.${'0'.repeat(-Number(exponent) - 1)}${whole}${fraction ?? ''}`
}

// What would be lost in Python's literals, or would act on a terminal.
const ESCAPED = /[\\'\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

function quote(text: string): string {
  return `'${text.replace(ESCAPED, escapeCharacter)}'`
}

function escapeCharacter(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`
  if (character === '\n') return '\\n'
  const hex = character.codePointAt(0)!.toString(16)
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function unwritable(why: string): MessagingError {
  return new MessagingError('ADDRESS_MALFORMED', `An option ${why}: an address string cannot hold that`, {
    hint: 'Use strings, finite numbers, booleans, null, lists and maps of these.',
  })
}
