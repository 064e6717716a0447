/**
 * Names of nodes as Broker-J can hold them. It reads a slash in an address as «exchange/key», so a slash inside a name (and the escape
 * character itself) is written as %2F (%25). Other products have rules of their own (`products/`).
 */
import { formatAddress, parseAddress } from '../../../model/address-text/index.ts'

/** Where Broker-J is asked to make, change and tell of nodes. */
export const MANAGEMENT = '$management'

export function wireName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}

export function shownName(name: string): string {
  return name.replaceAll('%2F', '/').replaceAll('%25', '%')
}

/** Nothing in it means anything in an address string or on the wire. */
const PLAIN = /^[\w.-]+$/

/** An address string (`name`, `name/subject`) as the wire wants it. */
export function wireAddress(address: string): string {
  if (PLAIN.test(address)) return address
  const { name, subject } = parseAddress(address)
  // Dynamic nodes of brokers may hold slashes of their own, which are the broker's business.
  if (name.startsWith('/') || name.includes('://')) return name
  return subject === undefined ? wireName(name) : `${wireName(name)}/${subject}`
}

/** The wire's address, quoted where its characters would mean something else in an address string. */
export function shownReplyTo(wire: string): string {
  const slash = wire.indexOf('/')
  // Broker-J's `exchange/key`; an address that begins with a slash, or a URL, is one name.
  if (slash > 0 && !wire.includes('://')) {
    return formatAddress({ name: shownName(wire.slice(0, slash)), subject: wire.slice(slash + 1) })
  }
  return formatAddress({ name: slash < 0 ? shownName(wire) : wire })
}
