/** Options of `queue()`, `topic()` and their like: checked where they are written, so that a wrong one shows there. */
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { checkNumber, checkObject, checkOneOf, checkType, isRecord } from '../../core/options/typed.ts'
import type { AnyAddress, NodeOptions } from './address.ts'
import { toAddress } from './text-address.ts'

export const NODE_OPTIONS = [
  'durable',
  'maxDeliveries',
  'deadLetter',
  'maxLength',
  'ttlMs',
  'expiresMs',
  'exclusive',
  'schema',
  'create',
  'assert',
  'delete',
  'native',
] as const satisfies readonly (keyof NodeOptions)[]

const DEAD_LETTER_KINDS: readonly string[] = ['queue', 'mailbox', 'text'] satisfies AnyAddress['kind'][]

const POLICIES: readonly string[] = ['always', 'sender', 'receiver', 'never']

/** A frozen copy. @throws `CONFIG_INVALID` naming the option; `TypeError` on a wrong type */
export function checkOptions<Body>(builder: string, options: NodeOptions<Body>): Readonly<NodeOptions<Body>> {
  const call = `${builder}()`
  if (!isRecord(options)) throw new TypeError(`${call}: the options are no object`)
  checkKnownKeys(options, NODE_OPTIONS, call)
  for (const name of ['durable', 'exclusive'] as const) checkType(call, name, options[name], 'boolean')
  for (const name of ['maxDeliveries', 'maxLength', 'ttlMs', 'expiresMs'] as const)
    checkNumber(call, name, options[name], isWholeAboveZero, 'a whole number above 0')
  for (const name of ['create', 'assert', 'delete'] as const) checkOneOf(call, name, options[name], POLICIES)
  checkObject(call, 'native', options.native)
  const { deadLetter, schema } = options
  if (deadLetter !== undefined && !DEAD_LETTER_KINDS.includes(toAddress(deadLetter).kind))
    throw new TypeError(`${call}: deadLetter is no queue`)
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw new TypeError(`${call}: schema is no Standard Schema`)
  return Object.freeze({ ...options })
}

function isWholeAboveZero(value: number): boolean {
  return Number.isInteger(value) && value > 0
}
