/** Names that no other test, run or worker uses. */
import { randomBytes } from 'node:crypto'

export function uniqueName(prefix = 'test'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}
