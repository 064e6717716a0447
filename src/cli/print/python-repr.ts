/** Values in Python's print form, which the originals of spout and drain use. */
import { isoText } from './iso-text.ts'
import { escapeCharacter } from './terminal-text.ts'

/** Nobody reads deeper, and what a stranger sent must end no tool; shown as Python shows what holds itself. */
const MAX_DEPTH = 200

/** Python's `repr`. One line, harmless on a terminal. */
export function repr(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return reprText(value)
    case 'number':
      return reprNumber(value)
    case 'boolean':
      return value ? 'True' : 'False'
    case 'object':
      return value === null ? 'None' : reprObject(value, depth)
    case 'undefined':
      return 'None'
    default:
      return String(value)
  }
}

/** Python's `str`: a string as it is, everything else by `repr`. */
export function str(value: unknown): string {
  return typeof value === 'string' ? value : repr(value)
}

function reprObject(value: object, depth: number): string {
  if (value instanceof Uint8Array) return reprBytes(value)
  if (value instanceof Date) return `datetime(${reprText(isoText(value) ?? 'invalid')})`
  const isList = Array.isArray(value)
  if (depth >= MAX_DEPTH) return isList ? '[...]' : '{...}'
  if (isList) return `[${value.map((item) => repr(item, depth + 1)).join(', ')}]`
  const entries = Object.entries(value).map(([key, item]) => `${reprText(key)}: ${repr(item, depth + 1)}`)
  return `{${entries.join(', ')}}`
}

function reprNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  if (Object.is(value, -0)) return '-0.0'
  return String(value)
}

// What Python's str.isprintable() says no to.
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]|\\/gu

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(UNPRINTABLE, escapeCharacter)
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}

function reprBytes(bytes: Uint8Array): string {
  const hasSingle = bytes.includes(0x27)
  const quote = hasSingle && !bytes.includes(0x22) ? '"' : "'"
  let text = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    if (character === '\\' || character === quote) text += `\\${character}`
    else if (byte < 0x20 || byte > 0x7e) text += escapeCharacter(character)
    else text += character
  }
  return `b${quote}${text}${quote}`
}
