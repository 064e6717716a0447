/** The grammar of Apache Qpid address strings: text to parts, and parts to text. */
export { formatAddress } from './formatter.ts'
export { parseAddress } from './parser.ts'
export type { AddressList, AddressMap, AddressValue, ParsedAddress } from './types.ts'
