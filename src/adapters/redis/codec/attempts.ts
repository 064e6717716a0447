/**
 * Which attempts were made to send a message whose answer was lost: the link and the number it had there. The server
 * keeps, for some minutes, how far each link had come, so that a resend is stored once without a record for every message.
 *
 * The application may give equal ids to different messages, so the message itself is the key.
 */
import type { OutgoingMessage } from '../../../model/message.ts'

export interface Attempt {
  readonly link: string
  readonly number: number
}

/** More losses in a row than this, and the oldest attempts are no longer looked for. */
const MAX_ATTEMPTS = 20

const inDoubt = new WeakMap<OutgoingMessage, readonly Attempt[]>()
const NONE: readonly Attempt[] = []

export function noteAttempt(message: OutgoingMessage, attempt: Attempt): void {
  const earlier = inDoubt.get(message) ?? NONE
  inDoubt.set(message, [...earlier, attempt].slice(-MAX_ATTEMPTS))
}

export function attemptsOf(message: OutgoingMessage): readonly Attempt[] {
  return inDoubt.get(message) ?? NONE
}
