/**
 * The `x-declare` map: what every broker can make of it, and what only some can.
 * Names are those of AMQP 0-10 and of the C++ broker, as Qpid's users write them.
 */

import type { AddressMap, AddressValue } from '../../model/address-text/types.ts'
import { MessagingError } from '../../model/errors.ts'
import { isMap } from './validation.ts'

/** Settings with a meaning on every broker. */
export interface PortableDeclare {
  readonly durable?: boolean
  readonly autoDelete?: boolean
  readonly exclusive?: boolean
  /** `alternate-exchange`: where what is rejected goes. */
  readonly deadLetter?: string
  /** Exchange type: `topic`, `direct`, `fanout`, `headers`. */
  readonly exchangeType?: string
  /** `qpid.max_count` with the policy `reject`, which is the default one. */
  readonly maxLength?: number
  /** `qpid.auto_delete_timeout`. Unit: ms. */
  readonly expiresMs?: number
}

/** An `x-declare` map, taken apart. */
export interface DeclareOptions {
  readonly portable: PortableDeclare
  /** What has no portable meaning, as it was written; for a broker that knows these names, or to be refused by name. */
  readonly rest: AddressMap
}

/** An `x-subscribe` map, taken apart. */
export interface SubscribeOptions {
  /** One receiver at a time. */
  readonly exclusive: boolean
  /** For a broker that knows these names. */
  readonly arguments: AddressMap | undefined
  /** What has no meaning anywhere. */
  readonly rest: AddressMap
}

const EMPTY: AddressMap = Object.freeze(Object.create(null))

/** @throws `ADDRESS_OPTION_INVALID` when a portable setting has an unusable value */
export function interpretDeclare(declare: AddressMap | undefined, path: string): DeclareOptions {
  if (declare === undefined) return { portable: {}, rest: EMPTY }
  const portable: { -readonly [K in keyof PortableDeclare]: PortableDeclare[K] } = {}
  const rest: Record<string, AddressValue> = Object.create(null)
  for (const [key, value] of Object.entries(declare)) {
    if (value === null) continue
    const at = `${path}: ${key}`
    if (key === 'durable') portable.durable = truth(value, at)
    else if (key === 'auto-delete') portable.autoDelete = truth(value, at)
    else if (key === 'exclusive') portable.exclusive = truth(value, at)
    else if (key === 'alternate-exchange') portable.deadLetter = word(value, at)
    else if (key === 'type') portable.exchangeType = word(value, at)
    else if (key === 'arguments') {
      const others = interpretArguments(value, portable, at)
      if (Object.keys(others).length > 0) rest.arguments = others
    } else rest[key] = value
  }
  return { portable, rest }
}

/** @throws `ADDRESS_OPTION_INVALID` when a setting has an unusable value */
export function interpretSubscribe(subscribe: AddressMap | undefined, path: string): SubscribeOptions {
  const { exclusive = null, arguments: inner = null, ...rest } = subscribe ?? {}
  if (inner !== null && !isMap(inner)) throw invalid(`${path}: arguments`, 'is not a map')
  return {
    exclusive: exclusive !== null && truth(exclusive, `${path}: exclusive`),
    arguments: inner ?? undefined,
    rest,
  }
}

function interpretArguments(
  value: AddressValue,
  portable: { maxLength?: number; expiresMs?: number },
  path: string,
): AddressMap {
  if (!isMap(value)) throw invalid(path, 'is not a map')
  const rest: Record<string, AddressValue> = Object.create(null)
  const policy = value['qpid.policy_type']
  const refuses = policy === undefined || policy === null || policy === 'reject'
  for (const [key, item] of Object.entries(value)) {
    const at = `${path}: ${key}`
    if (key === 'qpid.max_count' && refuses) portable.maxLength = wholeNumber(item, at)
    else if (key === 'qpid.policy_type' && refuses && value['qpid.max_count'] !== undefined) continue
    else if (key === 'qpid.auto_delete_timeout') portable.expiresMs = wholeNumber(item, at) * 1000
    else rest[key] = item
  }
  return rest
}

/** The originals hand these on as they are, so that people write `True` with and without quotes. */
function truth(value: AddressValue, path: string): boolean {
  if (typeof value === 'boolean') return value
  if (value === 'True' || value === 'true') return true
  if (value === 'False' || value === 'false') return false
  throw invalid(path, 'is not a bool')
}

function word(value: AddressValue, path: string): string {
  if (typeof value === 'string') return value
  throw invalid(path, 'is not a string')
}

function wholeNumber(value: AddressValue, path: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw invalid(path, 'is not a whole number above 0')
}

function invalid(path: string, flaw: string): MessagingError {
  return new MessagingError('ADDRESS_OPTION_INVALID', `error in options: ${path} ${flaw}`, {
    context: { option: path.replaceAll(': ', '.') },
  })
}
