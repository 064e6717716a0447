/**
 * Broker-J's management node (`$management`): requests told apart by correlation id, any number at once.
 *
 * A request is a map with the application properties `operation`, `type`, and for an existing object `index` and `key`; the answer carries
 * `statusCode` and a map.
 */
import { MessagingError } from '../../api/errors.ts'
import {
  noProperties,
  type OutgoingMessage,
  StructuredBody,
  type StructuredValue,
} from '../../api/message.ts'
import { newMessageId } from '../../core/message-id.ts'
import { decodeMessage, encodeMessage } from './codec.ts'
import { ADAPTER } from './errors.ts'
import type { Physical } from './physical.ts'
import type { RheaReceiver, RheaSender } from './rhea-types.ts'

/** Credit for answers; topped up one by one. */
const WINDOW = 200

export interface ManagementAnswer {
  readonly status: number
  readonly description: string
  readonly body: unknown
}

interface Waiting {
  resolve(answer: ManagementAnswer): void
  reject(error: MessagingError): void
}

export class Management {
  readonly #physical: Physical
  readonly #sender: RheaSender
  readonly #receiver: RheaReceiver
  readonly #waiting = new Map<string, Waiting>()

  private constructor(physical: Physical, sender: RheaSender, receiver: RheaReceiver) {
    this.#physical = physical
    this.#sender = sender
    this.#receiver = receiver
  }

  /** `undefined` where the broker has no such node. */
  static async open(physical: Physical): Promise<Management | undefined> {
    let sender: RheaSender
    try {
      sender = await physical.openSender({ target: { address: '$management' } }, WINDOW, '$management')
    } catch (error) {
      if (physical.over) throw error
      return undefined
    }
    const receiver = await physical.openReceiver({ source: { dynamic: true } }, WINDOW, undefined)
    const management = new Management(physical, sender, receiver)
    receiver.on('message', ({ message, delivery }) => {
      management.#answered(message!)
      delivery!.accept()
      receiver.add_credit(1)
    })
    const ended = (error: MessagingError): void => management.end(error)
    physical.watch(sender, 'sender', '$management', ended)
    physical.watch(receiver, 'receiver', '$management', ended)
    receiver.add_credit(WINDOW)
    return management
  }

  /** Asks and resolves to whatever status came. */
  ask(
    operation: string,
    type: string,
    key: string | undefined,
    body: Record<string, unknown> = {},
    parameters: Record<string, string> = {},
  ): Promise<ManagementAnswer> {
    if (this.#physical.over) return Promise.reject(this.#physical.over)
    const correlationId = newMessageId()
    return new Promise((resolve, reject) => {
      this.#waiting.set(correlationId, { resolve, reject })
      const properties: Record<string, string> = { ...parameters, operation, type }
      if (key !== undefined) Object.assign(properties, { index: 'object-path', key })
      this.#sender.send(encodeMessage(this.#message(correlationId, properties, body)), undefined, 0)
    })
  }

  /** No answer will come any more. */
  end(error: MessagingError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }

  #message(
    correlationId: string,
    properties: Record<string, string>,
    body: Record<string, unknown>,
  ): OutgoingMessage {
    return {
      id: correlationId,
      to: undefined,
      members: undefined,
      subject: undefined,
      body: new StructuredBody(body as StructuredValue),
      contentType: undefined,
      properties: Object.assign(Object.create(null), noProperties(), properties),
      replyTo: this.#receiver.source?.address ?? undefined,
      correlationId,
      priority: undefined,
      ttlMs: undefined,
      delayMs: undefined,
      durable: false,
      userId: undefined,
      groupId: undefined,
      createdAt: Date.now(),
      deliveriesBefore: 0,
    }
  }

  #answered(bytes: Buffer): void {
    const { message } = decodeMessage(bytes)
    const waiting = this.#waiting.get(message.correlationId ?? '')
    if (!waiting) return
    this.#waiting.delete(message.correlationId!)
    const { statusCode, statusDescription } = message.properties
    waiting.resolve({
      status: Number(statusCode),
      description: String(statusDescription ?? ''),
      body: message.body instanceof StructuredBody ? message.body.value : undefined,
    })
  }
}

/** An answer that is not what was hoped for. */
export function managementError(
  answer: ManagementAnswer,
  address: string,
  operation: string,
): MessagingError {
  const { status, description } = answer
  const code =
    status === 403 || status === 401
      ? 'UNAUTHORIZED'
      : status === 404
        ? 'ADDRESS_NOT_FOUND'
        : status === 409
          ? 'ADDRESS_MISMATCH'
          : status === 400 || status === 422
            ? 'ADDRESS_OPTION_INVALID'
            : 'INTERNAL'
  return new MessagingError(code, `${operation} '${address}': ${description || `status ${status}`}`, {
    context: { adapter: ADAPTER, address, operation, status },
  })
}
