/** A message that came by a wire: its fields are read from the contract's message, its body is decoded on reading. */
import { type InspectOptions, inspect } from 'node:util'
import { bodyBytes, type CodecTable, decodeBody } from '../../model/body-codec.ts'
import { type MessagingError, namingAdapter } from '../../model/errors.ts'
import { type IncomingMessage, NORMAL_PRIORITY, type Properties } from '../../model/message.ts'
import { priorityInRange, timeInRange } from '../../model/ranges.ts'
import { base64, loggable } from './loggable.ts'
import type { ReceivedMessage } from './received-message.ts'

const NO_ANNOTATIONS: Readonly<Record<string, unknown>> = Object.freeze({})

export class WireMessage<Body = unknown> implements ReceivedMessage<Body> {
  readonly #incoming: IncomingMessage
  readonly #codecs: CodecTable
  readonly #adapter: string | undefined
  #body: Body | undefined
  #decoded = false
  /** Why there is no body. */
  #refused: MessagingError | undefined

  /** @param adapter name said in errors */
  constructor(incoming: IncomingMessage, codecs: CodecTable, adapter?: string) {
    this.#incoming = incoming
    this.#codecs = codecs
    this.#adapter = adapter
  }

  get body(): Body {
    if (this.#refused) throw this.#refused
    if (!this.#decoded) {
      const { damage } = this.#incoming
      if (damage) throw namingAdapter(damage, this.#adapter)
      try {
        this.#body = decodeBody(this.#incoming.body, this.#incoming.contentType, this.#codecs) as Body
      } catch (error) {
        throw namingAdapter(error, this.#adapter)
      }
      this.#decoded = true
    }
    return this.#body as Body
  }

  get bytes(): Uint8Array {
    return bodyBytes(this.#incoming.body)
  }

  get id(): string {
    return this.#incoming.id
  }
  get subject(): string | undefined {
    return this.#incoming.subject
  }
  get contentType(): string | undefined {
    return this.#incoming.contentType
  }
  get properties(): Properties {
    return this.#incoming.properties
  }
  get replyTo(): string | undefined {
    return this.#incoming.replyTo
  }
  get correlationId(): string | undefined {
    return this.#incoming.correlationId
  }
  get priority(): number {
    return priorityInRange(this.#incoming.priority) ?? NORMAL_PRIORITY
  }
  get ttlMs(): number | undefined {
    return this.#incoming.ttlMs
  }
  get durable(): boolean {
    return this.#incoming.durable
  }
  get userId(): string | undefined {
    return this.#incoming.userId
  }
  get groupId(): string | undefined {
    return this.#incoming.groupId
  }
  get createdAt(): Date | undefined {
    const createdAt = timeInRange(this.#incoming.createdAt)
    return createdAt === undefined ? undefined : new Date(createdAt)
  }
  get annotations(): Readonly<Record<string, unknown>> {
    const { annotations = NO_ANNOTATIONS, priority, createdAt } = this.#incoming
    const odd: Record<string, unknown> = {}
    if (priority !== priorityInRange(priority)) odd.priority = priority
    if (createdAt !== timeInRange(createdAt)) odd.createdAt = createdAt
    return Object.keys(odd).length === 0 ? annotations : Object.assign(Object.create(null), annotations, odd)
  }

  /** Replaces the body by what a schema made of it. */
  setBody(body: unknown): void {
    this.#body = body as Body
    this.#decoded = true
  }

  /** Reading the body throws this from now on. */
  refuseBody(problem: MessagingError): void {
    this.#refused = problem
  }

  toJSON(): Record<string, unknown> {
    const { id, subject, contentType, properties, replyTo, correlationId, priority, ttlMs } = this
    const { durable, userId, groupId, createdAt } = this
    const plain: Record<string, unknown> = {
      id,
      subject,
      contentType,
      properties: loggable(properties),
      replyTo,
      correlationId,
      priority,
      ttlMs,
    }
    Object.assign(plain, { durable, userId, groupId, createdAt })
    let body: unknown
    try {
      body = this.body
    } catch {
      body = this.bytes
    }
    if (body instanceof Uint8Array) plain.bytes = base64(body)
    else plain.body = loggable(body)
    return plain
  }

  /** The contract's own message, for parts of this library that pass it on whole. */
  get incoming(): IncomingMessage {
    return this.#incoming
  }

  /** What `console.log` calls it. */
  protected get shownAs(): string {
    return 'ReceivedMessage'
  }

  /** Fields are getters, of which `console.log` would show none. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const set = Object.entries(this.toJSON()).filter(([, value]) => value !== undefined)
    return `${this.shownAs} ${inspect(Object.fromEntries(set), options)}`
  }
}

/**
 * The contract's message of whatever an application passes on. A message that is none of this library's (an application's own
 * stand-in, one of another copy of this package) has what its fields say.
 *
 * @throws TypeError when it is no message
 */
export function incomingOf(message: ReceivedMessage): IncomingMessage {
  if (message instanceof WireMessage) return message.incoming
  const bytes = (message as ReceivedMessage | undefined)?.bytes
  if (!(bytes instanceof Uint8Array)) throw new TypeError('Not a received message: it has no bytes')
  const { id, subject, contentType, properties, replyTo, correlationId, priority, ttlMs } = message
  const { durable, userId, groupId, createdAt, annotations } = message
  return {
    id,
    subject,
    body: bytes,
    contentType,
    properties,
    replyTo,
    correlationId,
    priority,
    ttlMs,
    durable,
    userId,
    groupId,
    createdAt: createdAt?.getTime(),
    annotations,
  }
}
