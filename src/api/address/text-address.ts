/** Addresses written as text, and what is taken wherever an address is. */
import { isRecord } from '../../core/options/typed.ts'
import type { AnyAddress, TextAddress } from './address.ts'
import { interpretAddress } from './interpret.ts'
import { checkName } from './names.ts'

/**
 * An Apache Qpid address string: `name/subject; {create: always, node: {type: topic}}`.
 *
 * The builders create their node when it is missing; a string follows Qpid's policies (`create` defaults to `never`).
 *
 * @throws `ADDRESS_MALFORMED` with line and column, `ADDRESS_OPTION_INVALID` naming the option
 *
 * @example
 * ```ts
 * const orders = address<Order>('orders; {create: always, node: {x-declare: {arguments: {qpid.max_count: 1000}}}}')
 * await connection.send(orders, { id: 7 })
 * ```
 */
export function address<Body = unknown>(text: string): TextAddress<Body> {
  if (typeof text !== 'string') throw new TypeError('address() takes a string')
  const parsed = interpretAddress(text)
  checkName(parsed.name)
  return Object.freeze({ kind: 'text', name: parsed.name, options: {}, text, parsed })
}

/** Address strings are taken wherever an address is. */
export function toAddress<A extends AnyAddress>(from: A | string): A | TextAddress {
  if (typeof from === 'string') return address(from)
  if (!isRecord(from) || typeof from.kind !== 'string') {
    throw new TypeError(
      'Not an address: use queue(), topic(), broadcast(), multicast(), service(), mailbox() or a string',
    )
  }
  if (!Object.isFrozen(from)) checkWritten(from)
  return from
}

/** Not made by a builder: read from JSON, perhaps. @throws as the builders do */
function checkWritten({ name, options }: AnyAddress): void {
  checkName(name)
  if (!isRecord(options)) throw new TypeError('Not an address: it has no options')
}
