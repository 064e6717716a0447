/** What messages say differently to each product. */
import { formatAddress, parseAddress } from '../../../model/address-text/index.ts'
import { shownReplyTo, wireAddress } from '../nodes/names.ts'
import { DELIVERY_TIME, NOT_BEFORE } from './own-annotations.ts'

export interface Dialect {
  /** An address string (`name`, `name/subject`) as `to` and `reply-to` have it on the wire. */
  wireAddress(address: string): string
  /** The other way round. */
  shownAddress(wire: string): string
  /** Annotation with the time (ms since 1970) until which the broker holds a message back. */
  readonly notBefore: string
  /** Annotation, with its value of type ubyte, of a message to a member's queue by a link without target. */
  readonly toQueue: readonly [name: string, value: number] | undefined
  /** Writes a message so that the product's decoder takes it, where that takes less than the standard allows; throws where it cannot. */
  readonly narrow: ((bytes: Buffer) => Buffer) | undefined
}

export const BROKER_J_DIALECT: Dialect = {
  wireAddress,
  shownAddress: shownReplyTo,
  notBefore: NOT_BEFORE,
  toQueue: undefined,
  narrow: undefined,
}

/** Names go out as they are: what is in them is the broker's business. */
export const PLAIN_DIALECT: Dialect = {
  wireAddress(address) {
    const { name, subject } = parseAddress(address)
    return subject === undefined ? name : `${name}/${subject}`
  },
  shownAddress: (wire) => formatAddress({ name: wire }),
  notBefore: DELIVERY_TIME,
  toQueue: undefined,
  narrow: undefined,
}
