/** Reads what a call sends into the types of the protocol: every field named, of its type and in its bounds, and none that is not known. */
import { invalid } from '../errors.ts'

/** @throws Refused naming the field */
export type Shape<T> = (value: unknown, path: string) => T

export function text(maxLength = 4_096): Shape<string> {
  return (value, path) => {
    if (typeof value === 'string' && value.length <= maxLength) return value
    throw invalid(`${path} is no text of at most ${maxLength} characters`)
  }
}

export function whole(least: number, most: number): Shape<number> {
  return (value, path) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number
    throw invalid(`${path} is no whole number from ${least} to ${most}`)
  }
}

export const flag: Shape<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value
  throw invalid(`${path} is neither true nor false`)
}

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value, path) => {
    const word = words.find((known) => known === value)
    if (word !== undefined) return word
    throw invalid(`${path} is none of ${words.join(', ')}`)
  }
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined ? undefined : shape(value, path))
}

export function list<T>(shape: Shape<T>, maxLength: number): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > maxLength)
      throw invalid(`${path} is no list of at most ${maxLength}`)
    return value.map((item, index) => shape(item, `${path}[${index}]`))
  }
}

/** Any record: its keys are data. */
export const values: Shape<Readonly<Record<string, unknown>>> = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${path} is no object`)
  return Object.assign(Object.create(null), value)
}

export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const shapes = Object.entries(fields) as [string, Shape<unknown>][]
  return (value, path) => {
    const given = values(value, path)
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name))
    if (unknown !== undefined) throw invalid(`${path} has no field ${JSON.stringify(unknown.slice(0, 100))}`)
    const read: Record<string, unknown> = {}
    for (const [name, shape] of shapes) {
      const field = shape(given[name], path === '' ? name : `${path}.${name}`)
      if (field !== undefined) read[name] = field
    }
    return read as T
  }
}
