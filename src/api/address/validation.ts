/**
 * Checks options against a description, in the words of the Qpid Python client: `node: durable: [] is not a bool`.
 * A value of `None` counts as absent.
 */
import { nearest } from '../../core/options/nearest.ts'
import type { AddressMap, AddressValue } from '../../model/address-text/types.ts'

/** What a check found: the text without its path, and a suggestion where one is near. */
interface Flaw {
  readonly text: string
  readonly suggestion?: string
}

/** Answers with every flaw of a value. */
export type Check = (value: AddressValue) => readonly Flaw[]

const NONE: readonly Flaw[] = []

export function oneOf(...allowed: readonly string[]): Check {
  const list = `(${allowed.map((word) => `'${word}'`).join(', ')})`
  return (value) => {
    if (typeof value === 'string' && allowed.includes(value)) return NONE
    const near = typeof value === 'string' ? nearest(value, allowed) : undefined
    return [{ text: `${show(value)} not in ${list}`, ...(near !== undefined && { suggestion: near }) }]
  }
}

export const isBool: Check = (value) => (typeof value === 'boolean' ? NONE : wrongType(value, 'bool'))

export const isString: Check = (value) => (typeof value === 'string' ? NONE : wrongType(value, 'string'))

export const isAmount: Check = (value) =>
  (typeof value === 'number' || typeof value === 'bigint') && value >= 0
    ? NONE
    : wrongType(value, 'number from 0')

export const isAnyMap: Check = (value) => (isMap(value) ? NONE : wrongType(value, 'map'))

export const isMapOrList: Check = (value) =>
  isMap(value) || Array.isArray(value) ? NONE : wrongType(value, 'map or list')

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return wrongType(value, 'list')
    for (const item of value) {
      const flaws = check(item)
      if (flaws.length > 0) return flaws
    }
    return NONE
  }
}

/** A map with these keys and no others. */
export function mapOf(fields: Readonly<Record<string, Check>>): Check {
  const known = Object.keys(fields)
  return (value) => {
    if (!isMap(value)) return wrongType(value, 'map')
    const flaws: Flaw[] = []
    for (const key of known) {
      const item = value[key]
      if (item === undefined || item === null) continue
      for (const flaw of fields[key]!(item)) flaws.push({ ...flaw, text: `${key}: ${flaw.text}` })
    }
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue
      const near = nearest(key, known)
      flaws.push({ text: `${key}: illegal key`, ...(near !== undefined && { suggestion: near }) })
    }
    return flaws
  }
}

export function isMap(value: AddressValue | undefined): value is AddressMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrongType(value: AddressValue, type: string): readonly Flaw[] {
  return [{ text: `${show(value)} is not a ${type}` }]
}

/** Python's print form: a string bare on the outside and quoted inside of maps and lists. */
function show(value: AddressValue, inside = false): string {
  if (typeof value === 'string') return inside ? `'${value}'` : value
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value !== 'object') return String(value)
  if (!isMap(value)) return `[${value.map((item) => show(item, true)).join(', ')}]`
  const entries = Object.entries(value).map(([key, item]) => `'${key}': ${show(item, true)}`)
  return `{${entries.join(', ')}}`
}
