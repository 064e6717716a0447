/**
 * Names of nodes as Broker-J can hold them. It reads a slash in an address as «exchange/key», so a slash inside a name (and the escape
 * character itself) is written as %2F (%25).
 */
import { parseAddress } from '../../../model/address-text/index.ts'
import type { Product } from './product.ts'

/** Where Broker-J is asked to make, change and tell of nodes. */
export const MANAGEMENT = '$management'

export function wireName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}

export function shownName(name: string): string {
  return name.replaceAll('%2F', '/').replaceAll('%25', '%')
}

/** Address of a queue that exists at this broker. */
export function queueAddress(name: string, { kind, version }: Product): string {
  if (kind !== 'rabbitmq') return wireName(name)
  // Its plain names and `/queue/…` would declare the queue, and fail where that has other settings.
  if (Number.parseInt(version, 10) >= 4) return `/queues/${encodeURIComponent(name)}`
  return `/amq/queue/${name.replaceAll('/', '%2F')}`
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
