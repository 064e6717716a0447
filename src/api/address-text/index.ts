/** Apache Qpid address strings: text to parts, parts to meaning, parts to text. */
export type { DeclareOptions, PortableDeclare } from './declare.ts'
export { formatAddress } from './formatter.ts'
export {
  type AddressPolicy,
  type InterpretedAddress,
  type InterpretedLink,
  type InterpretedNode,
  type InterpretedOptions,
  interpretAddress,
  interpretAddressOptions,
} from './interpret.ts'
export { parseAddress } from './parser.ts'
export type { AddressList, AddressMap, AddressValue, ParsedAddress } from './types.ts'
