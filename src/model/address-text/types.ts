/** What an address string says, as plain data. */

/** A value in the options of an address string. A `bigint` is a whole number that a `number` cannot hold exactly. */
export type AddressValue = string | number | bigint | boolean | null | AddressList | AddressMap

/** A list among the options. */
export type AddressList = readonly AddressValue[]

/** Has no prototype when it comes from the parser: keys like `__proto__` are data. */
export interface AddressMap {
  readonly [key: string]: AddressValue
}

/** The three parts of an address string. */
export interface ParsedAddress {
  /** The node; never empty. */
  readonly name: string
  /** Absent without a `/`, and when nothing follows it. */
  readonly subject?: string
  /** Absent without a `;`. */
  readonly options?: AddressMap
}
