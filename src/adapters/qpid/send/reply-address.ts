/** `reply-to` as an address string of this library. */
import { formatAddress } from '../../../model/address-text/index.ts'
import { shownName } from '../nodes/names.ts'

/** The wire's address, quoted where its characters would mean something else in an address string. */
export function shownReplyTo(wire: string): string {
  const slash = wire.indexOf('/')
  // Broker-J's `exchange/key`; an address that begins with a slash, or a URL, is one name.
  if (slash > 0 && !wire.includes('://')) {
    return formatAddress({ name: shownName(wire.slice(0, slash)), subject: wire.slice(slash + 1) })
  }
  return formatAddress({ name: slash < 0 ? shownName(wire) : wire })
}
