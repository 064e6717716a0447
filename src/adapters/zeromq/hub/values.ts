/** Single values from the wire: what the API allows a program to say, no more. Pure. */
import { MAX_NAME_BYTES } from '../capabilities.ts'

/** As for a program's own delay. Unit: ms. */
const LONGEST_DELAY_MS = 1e15

/** The name of a node, a member, a subscription. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && nameProblem(value) === undefined
}

/** What is wrong with a name that is not empty; the same rules as in `queue()` and `topic()`. */
export function nameProblem(name: string): string | undefined {
  if (!name.isWellFormed()) return 'is no valid Unicode'
  if (/[\0\r\n]/.test(name)) return 'holds a NUL character or a line break'
  const bytes = Buffer.byteLength(name)
  return bytes > MAX_NAME_BYTES ? `has ${bytes} bytes in UTF-8, the limit is ${MAX_NAME_BYTES}` : undefined
}

export function isDelay(ms: number): boolean {
  return ms >= 0 && ms <= LONGEST_DELAY_MS
}

/** A number of a call, a delivery, a link. */
export function isUint32(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff
}
