/** Message ids: unique across processes by a random part, cheap by a counter. */
import { randomBytes } from 'node:crypto'

const prefix = `${randomBytes(12).toString('base64url')}-`
let counter = 0

/** A new id: 16 random characters, a dash, a count in base 36. */
export function newMessageId(): string {
  return prefix + (++counter).toString(36)
}

/** A random name part for private nodes and links. */
export function randomName(): string {
  return randomBytes(9).toString('base64url')
}
