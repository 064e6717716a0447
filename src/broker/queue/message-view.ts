/** What a receiver gets to see of a message the broker keeps: its own copy, made when it looks. */

import { type Annotations, carriedAnnotations } from '../../model/annotations.ts'
import {
  type IncomingMessage,
  noProperties,
  type OutgoingMessage,
  type Properties,
  type PropertyValue,
  StructuredBody,
  type StructuredValue,
} from '../../model/message.ts'
import { toldTime } from '../../model/ranges.ts'
import { now } from '../timing/timers.ts'

/**
 * A message as the contract wants it; bytes and properties are copied on first reading.
 *
 * @example
 * ```ts
 * function received(message: OutgoingMessage): IncomingMessage {
 *   return new MessageView(message, 0)
 * }
 * ```
 */
export class MessageView implements IncomingMessage {
  readonly #message: OutgoingMessage
  readonly #expiresAt: number
  #body: Uint8Array | StructuredBody | undefined
  #properties: Properties | undefined
  #annotations: Annotations | undefined

  constructor(message: OutgoingMessage, expiresAt: number) {
    this.#message = message
    this.#expiresAt = expiresAt
  }

  /** The message behind a view, as the broker keeps it: for a transport that writes it down at once and changes nothing. */
  static kept(message: IncomingMessage): OutgoingMessage | undefined {
    return #message in message ? message.#message : undefined
  }

  get id(): string {
    return this.#message.id
  }
  get subject(): string | undefined {
    return this.#message.subject
  }
  get body(): Uint8Array | StructuredBody {
    this.#body ??= copyBody(this.#message.body)
    return this.#body
  }
  get contentType(): string | undefined {
    return this.#message.contentType
  }
  get properties(): Properties {
    this.#properties ??= copyProperties(this.#message.properties)
    return this.#properties
  }
  get replyTo(): string | undefined {
    return this.#message.replyTo
  }
  get correlationId(): string | undefined {
    return this.#message.correlationId
  }
  get priority(): number | undefined {
    return this.#message.priority
  }
  get ttlMs(): number | undefined {
    return this.#expiresAt === 0 ? undefined : Math.max(1, Math.round(this.#expiresAt - now()))
  }
  get durable(): boolean {
    return this.#message.durable
  }
  get userId(): string | undefined {
    return this.#message.userId
  }
  get groupId(): string | undefined {
    return this.#message.groupId
  }
  get createdAt(): number | undefined {
    return toldTime(this.#message.createdAt)
  }
  get annotations(): Annotations | undefined {
    this.#annotations ??= copyAnnotations(this.#message)
    return this.#annotations
  }
}

function copyBody(body: Uint8Array | StructuredBody): Uint8Array | StructuredBody {
  return body instanceof StructuredBody ? new StructuredBody(copyStructured(body.value)) : Buffer.from(body)
}

function copyStructured(value: StructuredValue): StructuredValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyStructured)
  if (value instanceof Date || value instanceof Uint8Array) return copyProperty(value) as StructuredValue
  const map: Record<string, StructuredValue> = Object.create(null)
  for (const key of Object.keys(value)) map[key] = copyStructured(value[key]!)
  return map
}

function copyAnnotations(message: OutgoingMessage): Annotations | undefined {
  const annotations = carriedAnnotations(message)
  return annotations && (copyStructured(annotations as StructuredValue) as Annotations)
}

function copyProperties(properties: Properties): Properties {
  if (properties === noProperties()) return properties
  const copy: Record<string, PropertyValue> = Object.create(null)
  for (const key of Object.keys(properties)) copy[key] = copyProperty(properties[key]!)
  return copy
}

function copyProperty(value: PropertyValue): PropertyValue {
  if (value instanceof Date) return new Date(value)
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  return value
}
