/** Messages that exist already, to be sent again with the same id and all that they say. */
import {
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type IncomingMessage,
  type OutgoingMessage,
  type PropertyValue,
} from './message.ts'
import { priorityInRange, timeInRange } from './ranges.ts'

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
    createdAt: timeInRange(message.createdAt) ?? Date.now(),
    deliveriesBefore: 0,
    original: 'original' in message ? message.original : message,
  }
}

/** A copy that says why it is a dead letter. It lives for ever. */
export function deadLetterOf(
  message: IncomingMessage | OutgoingMessage,
  reason: string,
  deliveries: number,
  origin: string,
): OutgoingMessage {
  const properties: Record<string, PropertyValue> = Object.assign(Object.create(null), message.properties)
  properties[DEAD_LETTER_REASON] = reason
  properties[DEAD_LETTER_DELIVERIES] = deliveries
  properties[DEAD_LETTER_ORIGIN] = origin
  const copy = copyOf(message)
  copy.properties = properties
  copy.ttlMs = undefined
  return copy
}

/** Whether a property of a copy is still the original's: then it keeps the type that it has on the wire. */
export function sameProperty(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (Object.is(a, b)) return true
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime()
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
}
