/**
 * `drain -p FORMAT`: Python's %-formatting with named fields, `%(path)[flags][width][.precision]conversion`.
 *
 * The whole format is checked before anything is received. Conversions: `s` text, `r` print form, `d` whole number, `f` number
 * with fraction, `j` JSON.
 */

import type { FormatMessage } from '../../tools/message/fields.ts'
import { jsonable } from '../../tools/message/jsonable.ts'
import { CONTENT, MESSAGE, type Reader, readPath } from '../../tools/message/path.ts'
import { CommandError } from '../command/errors.ts'
import { printableOf, printForm } from './printable.ts'
import { repr, str } from './python-repr.ts'
import { jsonText, visible, visibleBytes } from './terminal-text.ts'

type Piece = string | Uint8Array

interface Field {
  readonly path: string
  readonly read: Reader
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly conversion: string
}

const CONVERSIONS = 'srdfj'

/** Longest padding a format may ask for; more is a slip or an attack on memory. */
const MAX_WIDTH = 10_000

/** A checked format. */
export class Template {
  readonly #parts: readonly (string | Field)[]

  /** @throws CommandError when the format is wrong */
  constructor(format: string) {
    this.#parts = parse(format)
  }

  /**
   * The pieces of one message's text. Fields and properties never act on a terminal nor begin a line of their own; the content
   * does not either with `harmless` (a terminal), and without it `%(C)s` gives the very bytes of the body.
   *
   * @throws CommandError when the message lacks what the format names
   */
  render(message: FormatMessage, harmless: boolean): Piece[] {
    return this.#parts.map((part) => (typeof part === 'string' ? part : renderField(part, message, harmless)))
  }
}

function parse(format: string): (string | Field)[] {
  const parts: (string | Field)[] = []
  let at = 0
  while (at < format.length) {
    const percent = format.indexOf('%', at)
    if (percent < 0) {
      parts.push(format.slice(at))
      break
    }
    if (percent > at) parts.push(format.slice(at, percent))
    if (format[percent + 1] === '%') {
      parts.push('%')
      at = percent + 2
      continue
    }
    const end = endOfPath(format, percent + 1)
    const match = /^([-+ #0]*)(\d*)(?:\.(\d*))?([hlL]?)(.)/su.exec(format.slice(end + 1))
    if (!match)
      throw new CommandError(
        'the print format is incomplete: a conversion (s, r, d, f or j) is missing at its end',
      )
    const [whole, flags, width, precision, , conversion] = match
    const path = format.slice(percent + 2, end)
    if (!CONVERSIONS.includes(conversion!)) {
      throw new CommandError(`%(${path}): unsupported conversion '${conversion}'; use s, r, d, f or j`)
    }
    if (Number(width) > MAX_WIDTH || Number(precision ?? 0) > 100)
      throw new CommandError(`%(${path}): the width or precision is too large`)
    parts.push({
      path,
      read: readPath(path),
      flags: flags!,
      width: Number(width),
      precision: precision === undefined ? undefined : Number(precision),
      conversion: conversion!,
    })
    at = end + 1 + whole.length
  }
  return parts
}

/** Index of the bracket that closes the one at `open`; brackets inside are counted, as in Python. */
function endOfPath(format: string, open: number): number {
  if (format[open] !== '(') {
    throw new CommandError(
      `the print format has a '%' without a name at position ${open}`,
      'Write %(M.subject)s, and %% for a percent sign.',
    )
  }
  let depth = 0
  for (let at = open; at < format.length; at++) {
    if (format[at] === '(') depth += 1
    if (format[at] === ')') depth -= 1
    if (depth === 0) return at
  }
  throw new CommandError("the print format is incomplete: a ')' is missing")
}

function renderField(field: Field, message: FormatMessage, harmless: boolean): Piece {
  const plain = field.width === 0 && field.precision === undefined
  if (field.read === CONTENT && field.conversion === 's' && plain) {
    const bytes = bytesOfContent(message)
    if (bytes) return harmless ? visibleBytes(bytes) : bytes
  }
  const value = field.read(message)
  const text = pad(convert(field, value === message ? printForm(printableOf(message)) : value), field)
  return harmless || field.read !== CONTENT ? visible(text) : text
}

/** Typed bodies have no text of their own: they are shown in print form. */
function bytesOfContent(message: FormatMessage): Uint8Array | undefined {
  return message.contentType?.startsWith('amqp/') ? undefined : message.bytes
}

function convert(field: Field, value: unknown): string {
  const { precision } = field
  switch (field.conversion) {
    case 'd':
      return signed(field, BigInt(Math.trunc(number(field, value))).toString())
    case 'f':
      return signed(field, number(field, value).toFixed(precision ?? 6))
    case 'j':
      return jsonText(jsonable(value))
    default: {
      const text = field.conversion === 'r' && field.read !== MESSAGE ? repr(value) : str(value)
      return precision === undefined ? text : [...text].slice(0, precision).join('')
    }
  }
}

function number(field: Field, value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  const amount = typeof value === 'bigint' ? Number(value) : value
  if (typeof amount === 'number' && Number.isFinite(amount)) return amount
  throw new CommandError(`%(${field.path})${field.conversion}: a number is required, not ${repr(value)}`)
}

function signed(field: Field, digits: string): string {
  if (digits.startsWith('-')) return digits
  return field.flags.includes('+') ? `+${digits}` : field.flags.includes(' ') ? ` ${digits}` : digits
}

function pad(text: string, { width, flags, conversion }: Field): string {
  const missing = width - [...text].length
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  if (!flags.includes('0') || (conversion !== 'd' && conversion !== 'f')) return ' '.repeat(missing) + text
  const sign = /^[+\- ]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}
