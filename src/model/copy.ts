/** Messages that exist already, to be sent again with the same id and all that they say. */
import {
  DEAD_LETTER_DEATHS,
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type IncomingMessage,
  type OutgoingMessage,
  type Properties,
  type PropertyValue,
} from './message.ts'
import { keptTime, priorityInRange, untoldTime } from './ranges.ts'

/** Of a message that came in, or that the embedded broker keeps. */
export function copyOf(message: IncomingMessage | OutgoingMessage): OutgoingMessage {
  return {
    id: message.id,
    to: undefined,
    members: undefined,
    subject: message.subject,
    body: message.body,
    contentType: message.contentType,
    properties: message.properties,
    replyTo: message.replyTo,
    correlationId: message.correlationId,
    priority: priorityInRange(message.priority),
    ttlMs: message.ttlMs,
    delayMs: undefined,
    durable: message.durable,
    userId: message.userId,
    groupId: message.groupId,
    createdAt: keptTime(message.createdAt) ?? untoldTime(),
    deliveriesBefore: 0,
    original: 'original' in message ? message.original : message,
  }
}

/**
 * A copy that says why it is a dead letter. It lives for ever. The facts are those of this death; of earlier ones only their number is kept.
 *
 * @param error what was thrown, as `thrownText` tells it
 */
export function deadLetterOf(
  message: IncomingMessage | OutgoingMessage,
  reason: string,
  deliveries: number,
  origin: string,
  error?: string,
): OutgoingMessage {
  const properties: Record<string, PropertyValue> = Object.assign(Object.create(null), message.properties)
  properties[DEAD_LETTER_REASON] = reason
  properties[DEAD_LETTER_DELIVERIES] = deliveries
  properties[DEAD_LETTER_ORIGIN] = origin
  const deaths = deathsOf(message.properties)
  if (deaths > 0) properties[DEAD_LETTER_DEATHS] = deaths + 1
  if (error !== undefined) properties[DEAD_LETTER_ERROR] = error
  else delete properties[DEAD_LETTER_ERROR]
  const copy = copyOf(message)
  copy.properties = properties
  copy.ttlMs = undefined
  return copy
}

/**
 * What a dead letter said before it died: without reason, count, origin and error, so that its next death is told rightly. What is kept is
 * how often it died.
 */
export function revivedProperties(letter: Properties): Properties {
  const properties: Record<string, PropertyValue> = Object.assign(Object.create(null), letter)
  const deaths = deathsOf(letter)
  for (const fact of [DEAD_LETTER_REASON, DEAD_LETTER_DELIVERIES, DEAD_LETTER_ORIGIN, DEAD_LETTER_ERROR])
    delete properties[fact]
  if (deaths > 0) properties[DEAD_LETTER_DEATHS] = deaths
  return properties
}

/** Whether a copy is no dead letter any more, and its original is one: native notes of its death go as well. */
export function isRevived(copy: Properties, original: Properties): boolean {
  return DEAD_LETTER_REASON in original && !(DEAD_LETTER_REASON in copy)
}

/** How often a message died; anybody may have written anything there. */
function deathsOf(properties: Properties): number {
  const told = Number(properties[DEAD_LETTER_DEATHS] ?? 0)
  const least = properties[DEAD_LETTER_REASON] === undefined ? 0 : 1
  return Number.isSafeInteger(told) && told > least ? told : least
}

/** Whether a property of a copy is still the original's: then it keeps the type that it has on the wire. */
export function sameProperty(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (Object.is(a, b)) return true
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime()
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
}
