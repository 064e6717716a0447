/** Texts by which rows are found: an index of PostgreSQL holds about 2,700 bytes of each, and no text of it a NUL. */
import { createHash } from 'node:crypto'

/** Longest text that stands for itself. Unit: UTF-8 bytes. */
const MAX_BYTES = 1_024

/** The text, or its hash where an index cannot hold it: ids of messages are whatever their senders have made. */
export function indexed(text: string): string {
  if (Buffer.byteLength(text) <= MAX_BYTES && !text.includes('\0')) return text
  return `sha256:${createHash('sha256').update(text).digest('base64url')}`
}
