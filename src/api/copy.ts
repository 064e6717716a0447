/** Messages that exist already, to be sent again with the same id. */
import {
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type MessageContent,
  type OutgoingMessage,
  type PropertyValue,
} from './message.ts'

export function copyOf(message: MessageContent): OutgoingMessage {
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
    priority: message.priority,
    ttlMs: message.ttlMs,
    delayMs: undefined,
    durable: message.durable,
    userId: message.userId,
    groupId: message.groupId,
    createdAt: message.createdAt ?? Date.now(),
    deliveriesBefore: 0,
  }
}

/** A copy that says why it is a dead letter. It lives for ever. */
export function deadLetterOf(
  message: MessageContent,
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
