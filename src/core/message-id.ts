/** Message ids: unique across processes by a random part, cheap by a counter. */
import { randomBytes } from 'node:crypto'

const BASE = 36
/** Last two digits of the count, ready made: turning a number into text costs more than all the rest. */
const LOW = Array.from({ length: BASE ** 2 }, (_, low) => low.toString(BASE).padStart(2, '0'))

const prefix = `${randomBytes(12).toString('base64url')}-`
let high = 0
let low = 0
let stem = prefix + high.toString(BASE)

/** A new id: 16 random characters, a dash, a count in base 36. */
export function newMessageId(): string {
  if (low === LOW.length) {
    low = 0
    stem = prefix + (++high).toString(BASE)
  }
  return stem + LOW[low++]
}

/** A random name part for private nodes and links. */
export function randomName(): string {
  return randomBytes(9).toString('base64url')
}
