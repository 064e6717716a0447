/**
 * A short mark of a node at a broker, by which a bridge knows a message that has been there. Nothing can be read from it:
 * no host, no login.
 */
import { createHash } from 'node:crypto'

export function placeMark(url: string, node: string): string {
  const place = url.replace(/\/\/[^@/]*@/, '//').replace(/[?].*$/, '')
  return createHash('sha256').update(`${place.toLowerCase()}\0${node}`).digest('base64url').slice(0, 12)
}
