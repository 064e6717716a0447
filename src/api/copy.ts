import type { AdapterDelivery } from './adapter.ts'
import type { OutgoingMessage } from './message.ts'

/** The message of a delivery, to be sent again with the same id. */
export function copyOf(delivery: AdapterDelivery): OutgoingMessage {
  const { message } = delivery
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
