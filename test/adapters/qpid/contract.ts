/** Values and calls of the contract for the tests of the Qpid adapter; the broker is the one that `SLUICE_TEST_QPID` names. */
import { randomUUID } from 'node:crypto'
import type {
  AdapterDelivery,
  AdapterSender,
  ConnectTarget,
  NodeRef,
  NodeSpec,
  ReceiverSpec,
} from '../../../src/api/adapter.ts'
import type { MessagingError } from '../../../src/api/errors.ts'
import { noProperties, type OutgoingMessage } from '../../../src/api/message.ts'

export const url = process.env.SLUICE_TEST_QPID ?? ''
if (url === '') {
  throw new Error(
    'SLUICE_TEST_QPID is not set: give the URL of a real Qpid Broker-J, e.g. qpid://user:password@127.0.0.1:5672 (npm run brokers -- up qpid)',
  )
}

export function target(changes: Partial<ConnectTarget> = {}): ConnectTarget {
  return {
    url,
    clientName: 'sluice-test',
    username: undefined,
    password: undefined,
    tls: undefined,
    heartbeatMs: 10_000,
    native: {},
    ...changes,
  }
}

export function nodeSpec(changes: Partial<NodeSpec> & { name: string }): NodeSpec {
  return {
    type: 'queue',
    durable: true,
    maxDeliveries: undefined,
    deadLetter: undefined,
    maxLength: undefined,
    ttlMs: undefined,
    expiresMs: undefined,
    exclusive: false,
    autoDelete: false,
    bindings: [],
    native: {},
    ...changes,
  }
}

export function receiverSpec(source: NodeRef, changes: Partial<ReceiverSpec> = {}): ReceiverSpec {
  return {
    source: { name: source.name, type: source.type },
    mode: 'consume',
    follow: false,
    credit: 100,
    reliability: 'at-least-once',
    patterns: source.type === 'topic' || source.type === 'broadcast' ? ['#'] : [],
    subscription: undefined,
    exclusive: false,
    limits: {
      maxDeliveries: undefined,
      deadLetter: undefined,
      maxLength: undefined,
      ttlMs: undefined,
      expiresMs: undefined,
      native: {},
    },
    link: {},
    ...changes,
  }
}

export function message(
  body: string | Uint8Array = 'x',
  changes: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return {
    id: randomUUID(),
    to: undefined,
    members: undefined,
    subject: undefined,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    contentType: undefined,
    properties: noProperties(),
    replyTo: undefined,
    correlationId: undefined,
    priority: undefined,
    ttlMs: undefined,
    delayMs: undefined,
    durable: true,
    userId: undefined,
    groupId: undefined,
    createdAt: Date.now(),
    deliveriesBefore: 0,
    ...changes,
  }
}

/** Sends and resolves with the outcome. */
export function send(
  sender: AdapterSender,
  outgoing: OutgoingMessage = message(),
): Promise<MessagingError | undefined> {
  return new Promise((resolve) => sender.send({ message: outgoing, resend: false, settle: resolve }))
}

/** Sends and fails unless it was accepted. */
export async function sendOk(sender: AdapterSender, outgoing: OutgoingMessage = message()): Promise<void> {
  const error = await send(sender, outgoing)
  if (error) throw error
}

export function text(delivery: AdapterDelivery): string {
  return Buffer.from(delivery.message.body as Uint8Array).toString()
}

export function texts(deliveries: readonly AdapterDelivery[]): string[] {
  return deliveries.map(text)
}

export async function rejection(promise: Promise<unknown>): Promise<MessagingError> {
  try {
    await promise
  } catch (error) {
    return error as MessagingError
  }
  throw new Error('It did not reject')
}
