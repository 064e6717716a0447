/**
 * Addresses that the page names. Looking takes the name and the subject alone: the options of an address string can make and delete
 * nodes, which is an act.
 */
import { formatAddress, parseAddress } from '../../index.ts'

/** The node of that name, as an address string. */
export function addressOf(name: string): string {
  return formatAddress({ name })
}

/** Name and subject of an address string. @throws `ADDRESS_MALFORMED` */
export function placeOf(address: string): { readonly name: string; readonly subject: string | undefined } {
  const { name, subject } = parseAddress(address)
  return { name, subject }
}

/** For looking at what waits: makes and deletes nothing. @throws `ADDRESS_MALFORMED` */
export function lookedAt(address: string): string {
  const { name, subject } = placeOf(address)
  return formatAddress({ name, subject })
}
