/** Fields of a message from JSON: from the line of a dump, or from what the page of the console writes. */
import type { MessageFields } from '../../index.ts'
import { CommandError } from '../errors.ts'
import { plainToDate, plainToProperty } from './plain.ts'

/** Fields that are text. */
export const TEXT_FIELDS = [
  'id',
  'subject',
  'contentType',
  'replyTo',
  'correlationId',
  'userId',
  'groupId',
] as const

type Plain = Readonly<Record<string, unknown>>

/**
 * @param numbers names of the fields that are numbers
 * @param where named in errors
 * @throws CommandError on a field of a wrong type
 */
export function plainToFields(plain: Plain, numbers: readonly string[], where: string): MessageFields {
  const fields: Record<string, unknown> = {}
  const take = (names: readonly string[], type: string): void => {
    for (const name of names)
      if (plain[name] !== undefined) fields[name] = expected(plain[name], type, `${where}: ${name}`)
  }
  take(TEXT_FIELDS, 'string')
  take(numbers, 'number')
  take(['durable'], 'boolean')
  if (plain.createdAt !== undefined) fields.createdAt = plainToDate(plain.createdAt, where)
  if (plain.properties !== undefined) {
    const given = expected(plain.properties, 'object', `${where}: properties`) as Plain
    const properties: Record<string, unknown> = Object.create(null)
    for (const [name, value] of Object.entries(given)) properties[name] = plainToProperty(value, where)
    fields.properties = properties
  }
  return fields
}

/** @throws CommandError when it is of another type; a list is no object */
export function expected(value: unknown, type: string, what: string): unknown {
  if (typeof value === type && value !== null && !Array.isArray(value)) return value
  throw new CommandError(`${what} is no ${type}`)
}
