/**
 * Names of nodes as Broker-J can hold them. It reads a slash in an address as «exchange/key», so a slash inside a name (and the escape
 * character itself) is written as %2F (%25).
 */
import { parseAddress } from '../../api/address-text/index.ts'

export function wireName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}

export function shownName(name: string): string {
  return name.replaceAll('%2F', '/').replaceAll('%25', '%')
}

/** An address string (`name`, `name/subject`) as the wire wants it. */
export function wireAddress(address: string): string {
  const { name, subject } = parseAddress(address)
  // Dynamic nodes of brokers may hold slashes of their own, which are the broker's business.
  if (name.startsWith('/') || name.includes('://')) return name
  return subject === undefined ? wireName(name) : `${wireName(name)}/${subject}`
}
