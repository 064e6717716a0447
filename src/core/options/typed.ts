/**
 * Checks the options of a call in the same words for all: a wrong type is a `TypeError`, a value out of bounds `CONFIG_INVALID`.
 * What is `undefined` was not said, and passes. `call` is as a program writes it: `consume()`.
 */
import { MessagingError } from '../../model/errors.ts'
import { isPromiseLike } from '../called-safely.ts'

/** @throws TypeError */
export function checkType(
  call: string,
  name: string,
  value: unknown,
  type: 'boolean' | 'function' | 'number' | 'string',
): void {
  if (value !== undefined && typeof value !== type) throw new TypeError(`${call}: ${name} is no ${type}`)
}

/**
 * An object that says what it says by its properties. Of a list, a Map, a boxed text or a promise that nobody awaited none would be read: they
 * are a slip, and no options; so is a Proxy that was revoked, of which nothing can be read.
 */
export function isRecord(value: unknown): value is object {
  try {
    return typeof value === 'object' && value !== null && !(Symbol.iterator in value) && !isPromiseLike(value)
  } catch {
    return false
  }
}

/** @throws TypeError */
export function checkSignal(call: string, value: unknown): void {
  if (value !== undefined && !(isRecord(value) && value instanceof AbortSignal))
    throw new TypeError(`${call}: signal is no AbortSignal`)
}

/** @throws TypeError on what is no {@link isRecord} */
export function checkObject(call: string, name: string, value: unknown): void {
  if (value !== undefined && !isRecord(value)) throw new TypeError(`${call}: ${name} is no object`)
}

/**
 * @param allowed what `fits` takes, in words behind «is not»
 * @throws TypeError, `CONFIG_INVALID`
 */
export function checkNumber(
  call: string,
  name: string,
  value: unknown,
  fits: (value: number) => boolean,
  allowed: string,
): void {
  checkType(call, name, value, 'number')
  if (value !== undefined && !fits(value as number)) throw outOfBounds(call, name, value, allowed)
}

/** @throws `CONFIG_INVALID` */
export function checkOneOf(call: string, name: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value as string))
    throw outOfBounds(call, name, value, `one of ${allowed.join(', ')}`)
}

export function outOfBounds(call: string, name: string, value: unknown, allowed: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `${call}: ${name}: ${shownValue(value)} is not ${allowed}`, {
    context: { option: name },
  })
}

/** A wrong value in an error: of an object its kind, since its text is its own affair, and may throw or have no end. */
export function shownValue(value: unknown): string {
  return Object(value) === value ? `a value of type ${typeof value}` : String(value)
}
