/** Options of `queue()`, `topic()` and their like: checked where they are written, so that a wrong one shows there. */
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { MessagingError } from '../../model/errors.ts'
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
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`${builder}(): the options are no object`)
  checkKnownKeys(options, NODE_OPTIONS, `${builder}()`)
  for (const name of ['durable', 'exclusive'] as const) checkType(builder, options, name, 'boolean')
  for (const name of ['maxDeliveries', 'maxLength', 'ttlMs', 'expiresMs'] as const) {
    checkType(builder, options, name, 'number')
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw invalid(builder, name, ` is ${value}, not a whole number above 0`)
    }
  }
  for (const name of ['create', 'assert', 'delete'] as const) {
    const value = options[name]
    if (value !== undefined && !POLICIES.includes(value)) {
      const shown = typeof value === 'string' ? `'${value}'` : typeof value
      throw invalid(builder, name, `: ${shown} is not one of ${POLICIES.join(', ')}`)
    }
  }
  const { native } = options
  if (native !== undefined && (typeof native !== 'object' || native === null || Array.isArray(native)))
    throw new TypeError(`${builder}(): native is no object`)
  const { deadLetter } = options
  if (deadLetter !== undefined && !DEAD_LETTER_KINDS.includes(toAddress(deadLetter).kind))
    throw new TypeError(`${builder}(): deadLetter is no queue`)
  if (options.schema !== undefined && typeof options.schema?.['~standard']?.validate !== 'function') {
    throw new TypeError(`${builder}(): schema is no Standard Schema`)
  }
  return Object.freeze({ ...options })
}

function checkType(builder: string, options: object, name: string, type: string): void {
  const value = (options as Record<string, unknown>)[name]
  if (value !== undefined && typeof value !== type) throw new TypeError(`${builder}(): ${name} is no ${type}`)
}

function invalid(builder: string, option: string, problem: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `${builder}(): ${option}${problem}`, {
    context: { option },
  })
}
