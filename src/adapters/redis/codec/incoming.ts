/** A message as it came from the server. Its header is parsed when a field of it is first read. */

import { annotationsOf } from '../../../model/annotations.ts'
import { MessagingError } from '../../../model/errors.ts'
import { type IncomingMessage, noProperties, type Properties } from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import {
  bodyOffset,
  HEADER_AT,
  type Header,
  parseHeader,
  parseProperties,
  parseValue,
  plainContentType,
  strangers,
  writeHeader,
} from './envelope.ts'

/** What the place a message comes from adds to it. */
export interface Origin {
  /** Of messages that do not say it themselves. */
  readonly durable: boolean
  readonly subject?: string | undefined
  readonly annotations?: Readonly<Record<string, unknown>> | undefined
}

const NO_HEADER: Header = Object.freeze({})

export class RedisMessage implements IncomingMessage {
  /** Remaining life when it was handed over. */
  readonly ttlMs: number | undefined
  readonly #payload: Buffer
  readonly #bodyAt: number
  readonly #origin: Origin
  #header: Header | undefined
  #damage: MessagingError | undefined
  #annotations: Readonly<Record<string, unknown>> | undefined
  #contentType: string | undefined
  #properties: Properties | undefined

  constructor(payload: Buffer, origin: Origin, ttlMs: number | undefined) {
    this.#payload = payload
    this.#bodyAt = bodyOffset(payload)
    this.#origin = origin
    this.ttlMs = ttlMs
  }

  /** The same message with another remaining life. */
  with(ttlMs: number | undefined): RedisMessage {
    return new RedisMessage(this.#payload, this.#origin, ttlMs)
  }

  /** Bytes of header and body. */
  get size(): number {
    return this.#payload.length
  }

  /** A view of the reply it came in; behind a damaged header all of it. */
  get body(): Buffer {
    return this.#bodyAt === 0 || this.damage ? this.#payload : this.#payload.subarray(this.#bodyAt)
  }
  /** Another program may have written anything behind the magic bytes. */
  get damage(): MessagingError | undefined {
    // Reading the header finds it.
    return this.header && this.#damage
  }
  get id(): string {
    return textOr(this.header.id, '')
  }
  get subject(): string | undefined {
    return textOr(this.header.subject, this.#origin.subject)
  }
  get contentType(): string | undefined {
    if (this.#bodyAt !== 0) return this.damage ? undefined : textOr(this.header.contentType, undefined)
    this.#contentType ??= plainContentType(this.body)
    return this.#contentType
  }
  get properties(): Properties {
    if (this.#properties === undefined) {
      const properties = propertiesOf(this.header)
      this.#properties = properties ? parseProperties(properties) : noProperties()
    }
    return this.#properties
  }
  get replyTo(): string | undefined {
    return textOr(this.header.replyTo, undefined)
  }
  get correlationId(): string | undefined {
    return textOr(this.header.correlationId, undefined)
  }
  get priority(): number | undefined {
    return numberOr(this.header.priority)
  }
  get durable(): boolean {
    const { durable } = this.header
    if (typeof durable === 'boolean') return durable
    return this.#bodyAt !== 0 || this.#origin.durable
  }
  get userId(): string | undefined {
    return textOr(this.header.userId, undefined)
  }
  get groupId(): string | undefined {
    return textOr(this.header.groupId, undefined)
  }
  get createdAt(): number | undefined {
    return numberOr(this.header.createdAt)
  }
  get annotations(): Readonly<Record<string, unknown>> | undefined {
    const { annotations } = this.header
    const others = strangers(this.header)
    if (annotations === undefined && others.length === 0) return this.#origin.annotations
    if (this.#annotations === undefined) {
      const all: Record<string, unknown> = Object.assign(Object.create(null), annotationsOf(annotations))
      const header = this.header as Record<string, unknown>
      Object.assign(all, annotationsOf(Object.fromEntries(others.map((name) => [name, header[name]]))))
      this.#annotations = Object.assign(all, this.#origin.annotations)
    }
    return this.#annotations
  }
  /** The header, where it holds what only the program knows which wrote it. */
  get wireForm(): Buffer | undefined {
    const odd = Object.values(propertiesOf(this.header) ?? {}).some(isReadAsText)
    if (!odd && strangers(this.header).length === 0) return undefined
    return this.#payload.subarray(HEADER_AT, this.#bodyAt)
  }

  /** @throws `DECODE_FAILED` where `form` is nothing that {@link wireForm} gives */
  static fromWireForm(form: Uint8Array, body: Uint8Array): RedisMessage {
    const header = Buffer.from(form).toString()
    const front = Buffer.allocUnsafe(HEADER_AT + form.byteLength)
    writeHeader(front, 0, header, form.byteLength)
    const message = new RedisMessage(Buffer.concat([front, body]), { durable: true }, undefined)
    if (message.damage) throw message.damage
    // No server counts its life meanwhile.
    return message.with(numberOr(message.header.ttlMs))
  }

  get header(): Header {
    if (this.#header === undefined) this.#header = this.#bodyAt === 0 ? NO_HEADER : this.#parse()
    return this.#header
  }

  #parse(): Header {
    try {
      return parseHeader(this.#payload, this.#bodyAt)
    } catch (cause) {
      this.#damage = new MessagingError('DECODE_FAILED', 'The header of the message is damaged', {
        cause,
        context: { adapter: ADAPTER },
      })
      return NO_HEADER
    }
  }
}

/** Properties of a header, which may be anything. */
export function propertiesOf(header: Header | undefined): Header['properties'] {
  const properties = header?.properties
  return typeof properties === 'object' && properties !== null ? properties : undefined
}

/** A list or a map. */
function isReadAsText(value: unknown): boolean {
  return typeof value === 'object' && typeof parseValue(value) === 'string'
}

function textOr<T extends string | undefined>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise
}

function numberOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
