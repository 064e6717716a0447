/** What tests of an adapter say and hear through the contract; needs no test runner. */
import { randomUUID } from 'node:crypto'
import {
  type AdapterDelivery,
  type AdapterSender,
  type ConnectionEvents,
  type ConnectTarget,
  NO_LIMITS,
  type NodeRef,
  type NodeSpec,
  plainQueue,
  type ReceiverEvents,
  type ReceiverSpec,
} from '../../src/contract/adapter.ts'
import type { MessagingError } from '../../src/model/errors.ts'
import { noProperties, type OutgoingMessage } from '../../src/model/message.ts'

export function target(url: string, changes: Partial<ConnectTarget> = {}): ConnectTarget {
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

class Waiting {
  #waiting: (() => void)[] = []

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  protected wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Records what a connection reports. */
export class Reports extends Waiting implements ConnectionEvents {
  readonly lost: MessagingError[] = []
  readonly warnings: MessagingError[] = []
  readonly blocks: string[] = []

  disconnected(cause: MessagingError): void {
    this.lost.push(cause)
    this.wake()
  }
  blocked(reason: string): void {
    this.blocks.push(`blocked: ${reason}`)
    this.wake()
  }
  unblocked(): void {
    this.blocks.push('unblocked')
    this.wake()
  }
  warning(error: MessagingError): void {
    this.warnings.push(error)
    this.wake()
  }
}

/** Collects what a receiver hands over. */
export class Inbox extends Waiting implements ReceiverEvents {
  readonly deliveries: AdapterDelivery[] = []
  readonly detaches: MessagingError[] = []
  readonly lostOnes: AdapterDelivery[] = []
  readonly gaps: { reason: string; count: number | undefined }[] = []
  ended = 0
  #taken = 0

  deliver(delivery: AdapterDelivery): void {
    this.deliveries.push(delivery)
    this.wake()
  }
  lost(delivery: AdapterDelivery): void {
    this.lostOnes.push(delivery)
    this.wake()
  }
  gap(reason: string, count: number | undefined): void {
    this.gaps.push({ reason, count })
    this.wake()
  }
  end(): void {
    this.ended++
    this.wake()
  }
  detached(error: MessagingError): void {
    this.detaches.push(error)
    this.wake()
  }

  /** The next delivery not taken yet. */
  async next(): Promise<AdapterDelivery> {
    await this.until(() => this.deliveries.length > this.#taken)
    return this.deliveries[this.#taken++]!
  }

  async take(count: number): Promise<AdapterDelivery[]> {
    await this.until(() => this.deliveries.length >= this.#taken + count)
    const taken = this.deliveries.slice(this.#taken, this.#taken + count)
    this.#taken += count
    return taken
  }

  /** What came and was not taken. */
  get rest(): AdapterDelivery[] {
    return this.deliveries.slice(this.#taken)
  }
}

export function nodeSpec(changes: Partial<NodeSpec> & { name: string }): NodeSpec {
  return { ...plainQueue(changes.name), ...changes }
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
    autoDelete: false,
    limits: NO_LIMITS,
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
    contentType: 'text/plain',
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
    original: undefined,
    ...changes,
  }
}

/** Sends and resolves with the outcome. */
export function send(
  sender: AdapterSender,
  outgoing: OutgoingMessage = message(),
  resend = false,
): Promise<MessagingError | undefined> {
  return new Promise((resolve) => sender.send({ message: outgoing, resend, settle: resolve }))
}

/** Sends and fails unless it was accepted. */
export async function sendOk(sender: AdapterSender, outgoing: OutgoingMessage = message()): Promise<void> {
  const error = await send(sender, outgoing)
  if (error) throw error
}

/** Sends texts, all in one turn. */
export async function sendAll(sender: AdapterSender, bodies: readonly string[]): Promise<void> {
  await Promise.all(bodies.map((body) => sendOk(sender, message(body))))
}

export function text(delivery: AdapterDelivery): string {
  return Buffer.from(delivery.message.body as Uint8Array).toString()
}

export function texts(deliveries: readonly AdapterDelivery[]): string[] {
  return deliveries.map(text)
}

export function range(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at))
}

export async function rejection(promise: Promise<unknown>): Promise<MessagingError> {
  try {
    await promise
  } catch (error) {
    return error as MessagingError
  }
  throw new Error('It did not reject')
}

/** Resolves when the condition holds; fails after a while. */
export async function becomes(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 8_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not become so in ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
