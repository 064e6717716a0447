/** A message as the application sees it after it came in: fields read from the wire's, the body decoded on reading. */
import { type InspectOptions, inspect } from 'node:util'
import { bodyBytes, type CodecTable, decodeBody } from '../../model/body-codec.ts'
import { type MessagingError, namingAdapter } from '../../model/errors.ts'
import { type IncomingMessage, NORMAL_PRIORITY, type Properties } from '../../model/message.ts'
import { priorityInRange, timeInRange } from '../../model/ranges.ts'
import { base64, loggable } from './loggable.ts'

const NO_ANNOTATIONS: Readonly<Record<string, unknown>> = Object.freeze({})

/** A message that came in: fields, properties and the decoded body. Browsing and responses give these; a receiver gives deliveries. */
export class ReceivedMessage<Body = unknown> {
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

  /**
   * The decoded body.
   *
   * @throws `DECODE_FAILED` when the bytes do not fit the content type, or the schema; {@link bytes} still has them
   */
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

  /** The body as it came over the wire (a typed body: its text form). Owned by the message: copy before changing. */
  get bytes(): Uint8Array {
    return bodyBytes(this.#incoming.body)
  }

  /** Empty when the sender set none. */
  get id(): string {
    return this.#incoming.id
  }
  /** Key that patterns are matched against. */
  get subject(): string | undefined {
    return this.#incoming.subject
  }
  /** Media type of the body; `undefined` when the sender gave none. */
  get contentType(): string | undefined {
    return this.#incoming.contentType
  }
  /** A record without prototype: keys like `__proto__` are data. */
  get properties(): Properties {
    return this.#incoming.properties
  }
  /** An address string. */
  get replyTo(): string | undefined {
    return this.#incoming.replyTo
  }
  /** Ties an answer to its question. */
  get correlationId(): string | undefined {
    return this.#incoming.correlationId
  }
  /** 0 to 9, larger first; 4 is the normal one. One out of range counts as the nearest, and stands in {@link annotations} as it came. */
  get priority(): number {
    return priorityInRange(this.#incoming.priority) ?? NORMAL_PRIORITY
  }
  /** Unit: ms; what is left of it where the broker tells. */
  get ttlMs(): number | undefined {
    return this.#incoming.ttlMs
  }
  /** It survives a restart of the broker where node and store do. */
  get durable(): boolean {
    return this.#incoming.durable
  }
  /** As the sender gave it; not checked by Sluice. */
  get userId(): string | undefined {
    return this.#incoming.userId
  }
  /** Name of the group of messages it belongs to. */
  get groupId(): string | undefined {
    return this.#incoming.groupId
  }
  /** When it was sent, by the sender's clock; a time that no `Date` can hold stands in {@link annotations} only. */
  get createdAt(): Date | undefined {
    const createdAt = timeInRange(this.#incoming.createdAt)
    return createdAt === undefined ? undefined : new Date(createdAt)
  }
  /** Native extras; also `priority` and `createdAt` (ms) where they were out of range. */
  get annotations(): Readonly<Record<string, unknown>> {
    const { annotations = NO_ANNOTATIONS, priority, createdAt } = this.#incoming
    const odd: Record<string, unknown> = {}
    if (priority !== priorityInRange(priority)) odd.priority = priority
    if (createdAt !== timeInRange(createdAt)) odd.createdAt = createdAt
    return Object.keys(odd).length === 0 ? annotations : Object.assign(Object.create(null), annotations, odd)
  }

  /** The contract's own message, for parts of this library that pass it on whole. */
  static incoming(message: ReceivedMessage): IncomingMessage {
    return message.#incoming
  }

  /** Replaces the body by what a schema made of it. */
  static setBody(message: ReceivedMessage, body: unknown): void {
    message.#body = body
    message.#decoded = true
  }

  /** Reading the body throws this from now on. */
  static refuseBody(message: ReceivedMessage, problem: MessagingError): void {
    message.#refused = problem
  }

  /** All fields for logs, as JSON can hold them; a body of bytes, or one that cannot be decoded, as `bytes` in base64. */
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

  static {
    // Fields are getters, of which `console.log` would show none. Not a method of the class: its types need no Node.
    Object.defineProperty(ReceivedMessage.prototype, inspect.custom, {
      value(this: ReceivedMessage, _depth: number, options: InspectOptions) {
        const set = Object.entries(this.toJSON()).filter(([, value]) => value !== undefined)
        return `${this.constructor.name} ${inspect(Object.fromEntries(set), options)}`
      },
    })
  }
}
