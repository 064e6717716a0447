/**
 * What one publish says, as bytes that are written as they are.
 *
 * The fields that amqplib would read stand beside them, decoded when somebody asks: nobody does, unless this adapter cannot write to the
 * socket of a future amqplib itself (see `gathered-writes.ts`). Then amqplib writes the message, and what it cannot write is lost.
 */

import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import type { BasicProperties, RawProperties } from '../wire/native-properties.ts'
import type { PublishOptions } from './codec.ts'

export function decodedOptions(properties: RawProperties, mandatory: boolean): PublishOptions {
  return new WrittenOptions(properties, mandatory)
}

class WrittenOptions implements PublishOptions {
  readonly mandatory: boolean
  readonly headerBytes: Buffer
  readonly #properties: RawProperties

  constructor(properties: RawProperties, mandatory: boolean) {
    this.#properties = properties
    this.headerBytes = properties.bytes
    this.mandatory = mandatory
  }

  get #basic(): BasicProperties {
    return this.#properties.parsed()
  }
  get contentType(): string | undefined {
    return this.#basic.contentType
  }
  get contentEncoding(): string | undefined {
    return this.#basic.contentEncoding
  }
  get deliveryMode(): number | undefined {
    return this.#basic.deliveryMode
  }
  get priority(): number | undefined {
    return this.#basic.priority
  }
  get correlationId(): string | undefined {
    return this.#basic.correlationId
  }
  get replyTo(): string | undefined {
    return this.#basic.replyTo
  }
  get expiration(): string | undefined {
    return this.#basic.expiration
  }
  get messageId(): string | undefined {
    return this.#basic.messageId
  }
  get timestamp(): number | undefined {
    return this.#basic.timestamp
  }
  get type(): string | undefined {
    return this.#basic.type
  }
  get userId(): string | undefined {
    return this.#basic.userId
  }
  get appId(): string | undefined {
    return this.#basic.appId
  }
  get headers(): Record<string, unknown> {
    return nativeTable(this.#basic.headers)
  }
  /** An instrumentation that wraps amqplib's `publish` assigns headers, to add a trace of its own: a copy keeps the one it has. */
  set headers(_assigned: Record<string, unknown>) {
    // Nothing to keep: what is written is what was received.
  }
}

function nativeTable(table: FieldTable): Record<string, unknown> {
  const native: Record<string, unknown> = {}
  for (const name in table) native[name] = nativeValue(table[name]!)
  // A table with a key `!` passes for a typed value; inherited keys are written all the same.
  return Object.create(native) as Record<string, unknown>
}

function nativeValue(value: FieldValue): unknown {
  if (typeof value === 'bigint') return { '!': 'int64', value }
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return { '!': 'timestamp', value: Math.floor(value.getTime() / 1000) }
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return Array.isArray(value) ? value.map(nativeValue) : nativeTable(value)
}
