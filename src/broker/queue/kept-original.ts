/**
 * What the engine keeps of the message that another is a copy of: its native extras as plain data, never the message of an
 * adapter itself, which would hold on to the adapter's memory.
 */
import {
  type Annotations,
  annotationsText,
  carriedAnnotations,
  parseAnnotations,
} from '../../model/annotations.ts'
import type { IncomingMessage, OutgoingMessage } from '../../model/message.ts'

class KeptOriginal {
  readonly annotations: Annotations

  constructor(annotations: Annotations) {
    this.annotations = annotations
  }
}

/** In the place of an original. Whoever writes a copy reads no more of it than `carriedAnnotations` does. */
export function keptOriginal(annotations: Annotations | undefined): IncomingMessage | undefined {
  return annotations && (new KeptOriginal(annotations) as unknown as IncomingMessage)
}

export function isKept({ original }: OutgoingMessage): boolean {
  return original === undefined || (original as unknown) instanceof KeptOriginal
}

/** The original of a message as the engine keeps it. */
export function originalToKeep(message: OutgoingMessage): IncomingMessage | undefined {
  if (isKept(message)) return message.original
  const annotations = carriedAnnotations(message)
  return annotations && keptOriginal(parseAnnotations(annotationsText(annotations)))
}
