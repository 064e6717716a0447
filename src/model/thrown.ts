/** What was thrown, as text that may travel with a message. */
import { redact } from './errors.ts'

/** Unit: UTF-8 bytes. */
const MAX_BYTES = 4_096
/** Of the message, so that some lines of the stack have room behind it. Unit: UTF-8 bytes. */
const MAX_MESSAGE_BYTES = 2_048
const MAX_STACK_LINES = 10
/** Of a text before secrets are looked for in it; far beyond what is kept, so that the cut never takes the end off a secret that is. */
const MAX_LOOKED_AT = 32_768

/**
 * Name, message and the first lines of the stack, in at most 4 KiB of UTF-8; secrets of URLs are hidden. Never throws, whatever a
 * program has thrown.
 */
export function thrownText(error: unknown): string {
  try {
    const text = error instanceof Error ? textOf(error) : cut(safe(String(error)), MAX_MESSAGE_BYTES)
    return cut(text, MAX_BYTES)
  } catch {
    return 'something that cannot be told as text was thrown'
  }
}

/** Why a message is a dead letter, where nobody chose the words: as {@link thrownText} tells it, without the stack. */
export function reasonText(text: string): string {
  return cut(safe(text), MAX_BYTES)
}

function textOf(error: Error): string {
  // Each for itself: `Error: text` would look like a URL.
  const head = cut(`${safe(String(error.name))}: ${safe(String(error.message))}`, MAX_MESSAGE_BYTES)
  const frames = String(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_STACK_LINES)
  return [head, ...frames.map(safe)].join('\n')
}

/** Without secrets, and valid Unicode, which every wire can carry. */
function safe(text: string): string {
  return redact(text.slice(0, MAX_LOOKED_AT)).toWellFormed()
}

function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  let end = bytes
  // A byte that goes on with a character: the character begins before.
  while ((encoded[end]! & 0xc0) === 0x80) end--
  return encoded.toString('utf8', 0, end)
}
