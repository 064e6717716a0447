/** `URL#ADDRESS`: one end of a bridge. */
import { createHash } from 'node:crypto'
import { brokerUrl } from '../broker/broker-url.ts'
import { UsageError } from '../errors.ts'

export interface EndPoint {
  readonly broker: string
  readonly address: string
}

/** The first `#` divides; an address that begins with `#` has a second one. */
export function endPoint(text: string, which: string): EndPoint {
  const at = text.indexOf('#')
  if (at <= 0 || at === text.length - 1) {
    throw new UsageError(`${which} is no URL#ADDRESS, as in rabbitmq://localhost#orders`)
  }
  return { broker: text.slice(0, at), address: text.slice(at + 1) }
}

/**
 * A short mark of a node at a broker, by which a bridge knows a message that has been there. Nothing can be read from it:
 * no host, no login.
 */
export function placeMark({ broker }: EndPoint, node: string): string {
  const place = brokerUrl(broker, [broker])
    .replace(/\/\/[^@/]*@/, '//')
    .replace(/[?].*$/, '')
  return createHash('sha256').update(`${place.toLowerCase()}\0${node}`).digest('base64url').slice(0, 12)
}
