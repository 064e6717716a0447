/** From what an application passes to `send` to the message the contract carries: checked, defaulted, encoded. */

import { types } from 'node:util'
import { newMessageId } from '../../core/message-id.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'
import { isRecord, shownValue } from '../../core/options/typed.ts'
import {
  type BodyEncoding,
  bodyBytes,
  contentTypeOf,
  encodeBody,
  typedContentType,
} from '../../model/body-codec.ts'
import { copyOf } from '../../model/copy.ts'
import { MessagingError } from '../../model/errors.ts'
import {
  noProperties,
  type OutgoingMessage,
  type Properties,
  type PropertyValue,
  StructuredBody,
} from '../../model/message.ts'
import { has64Bits } from '../../model/ranges.ts'
import { type ReplyTarget, replyAddress } from '../address/reply-address.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import { incomingOf } from '../message/wire-message.ts'
import { type CallOptions, checkOptions, DELAY_RANGE, isDelay } from '../options.ts'
import type { MessageFields } from './message-fields.ts'

/** What a sender link adds to every message. */
export interface MessageDefaults {
  readonly subject: string | undefined
  readonly durable: boolean
  readonly ttlMs: number | undefined
  readonly encoding: BodyEncoding
}

const NO_FIELDS: MessageFields = Object.freeze({})

/**
 * A message of these fields, which {@link readFields} has checked.
 *
 * @throws `ENCODE_FAILED`, `MESSAGE_TOO_LARGE`, `TypeError` on a wrong type
 */
export function outgoingMessage(
  body: unknown,
  fields: MessageFields,
  defaults: MessageDefaults,
): OutgoingMessage {
  if (body === undefined) throw new TypeError('The body is undefined; send null for an empty one')
  const contentType = fields.contentType ?? contentTypeOf(body)
  const { codecs, structuredNative, maxBodyBytes } = defaults.encoding
  let encoded = encodeBody(body, contentType, codecs)
  if (encoded instanceof StructuredBody && !structuredNative) encoded = bodyBytes(encoded)
  if (encoded instanceof Uint8Array && encoded.byteLength > maxBodyBytes) {
    throw new MessagingError(
      'MESSAGE_TOO_LARGE',
      `The body has ${encoded.byteLength} bytes, the limit is ${maxBodyBytes}`,
      { context: { bytes: encoded.byteLength, limit: maxBodyBytes } },
    )
  }
  return {
    id: fields.id ?? newMessageId(),
    to: undefined,
    members: undefined,
    subject: fields.subject ?? defaults.subject,
    body: encoded,
    contentType,
    properties: fields.properties === undefined ? noProperties() : copyProperties(fields.properties),
    replyTo: fields.replyTo && replyAddress(fields.replyTo),
    correlationId: fields.correlationId,
    priority: fields.priority,
    ttlMs: shorter(fields.ttlMs, defaults.ttlMs),
    delayMs: fields.delayMs === 0 ? undefined : fields.delayMs,
    durable: fields.durable ?? defaults.durable,
    userId: fields.userId,
    groupId: fields.groupId,
    createdAt: fields.createdAt === undefined ? Date.now() : fields.createdAt.getTime(),
    deliveriesBefore: 0,
    original: undefined,
  }
}

/**
 * A received message on its way to another node: as it came, with the fields that are given in their place. Where it has no
 * subject, and where it would live longer, the defaults hold for it as for any other.
 *
 * @throws as {@link outgoingMessage}
 */
export function forwardedMessage(
  message: ReceivedMessage,
  fields: MessageFields,
  defaults: MessageDefaults,
): OutgoingMessage {
  if (!isRecord(message)) throw new TypeError('forward(): the message is no object')
  const given = outgoingMessage(message.bytes, fields, defaults)
  const copy = copyOf(incomingOf(message))
  if (copy.id === '') copy.id = given.id
  if (!defaults.encoding.structuredNative) {
    copy.contentType ??= typedContentType(copy.body)
    copy.body = given.body
  }
  copy.subject ??= given.subject
  copy.ttlMs = shorter(copy.ttlMs, defaults.ttlMs)
  for (const name of FIELD_NAMES) if (fields[name] !== undefined) take(name, given, copy)
  return copy
}

function take<Name extends keyof MessageFields>(
  name: Name,
  from: OutgoingMessage,
  into: OutgoingMessage,
): void {
  into[name] = from[name]
}

/**
 * Reads every field once, and checks what it read: own fields, inherited ones, and the getters of a class, which do not enumerate. A name
 * that nobody reads is refused where it enumerates; a misspelt getter cannot be told from the rest of its class.
 *
 * @throws `CONFIG_INVALID` on an unknown or unusable field, `TypeError` on a wrong type, `ENCODE_FAILED`
 */
export function readFields(fields: (MessageFields & CallOptions) | undefined): MessageFields & CallOptions {
  if (fields === undefined) return NO_FIELDS
  if (!isRecord(fields)) throw new TypeError('send: the fields are no object')
  const read: Record<string, unknown> = {}
  for (const name in fields) readField(fields, name, read)
  if (Object.getPrototypeOf(fields) !== Object.prototype)
    for (const name of SEND_FIELDS) if (!(name in read)) readField(fields, name, read)
  return read
}

function readField(fields: object, name: string, into: Record<string, unknown>): void {
  const check = CHECK_OF.get(name)
  if (!check) checkKnownKeys({ [name]: undefined }, SEND_FIELDS, 'send')
  const value = (fields as Record<string, unknown>)[name]
  if (value === undefined) return
  check?.(value, name)
  into[name] = value
}

type Check = (value: unknown, name: string) => void

/** What may be said of a message beside its body, and what each must be; `undefined` counts as not said. */
const FIELD_CHECKS: Readonly<Record<keyof MessageFields, Check>> = {
  id: checkText,
  subject: checkText,
  contentType: checkText,
  properties: () => {},
  replyTo(value, name) {
    if (typeof value === 'object') replyAddress(value as ReplyTarget)
    else checkText(value, name)
  },
  correlationId: checkText,
  priority(value) {
    checkNumber(value, 'priority')
    if (!Number.isInteger(value) || value < 0 || value > 9) throw invalid('priority', value, '0 to 9')
  },
  ttlMs(value) {
    checkNumber(value, 'ttlMs')
    if (!(value > 0)) throw invalid('ttlMs', value, 'above 0')
  },
  durable(value) {
    if (typeof value !== 'boolean') throw new TypeError('durable is no boolean')
  },
  userId: checkText,
  groupId: checkText,
  createdAt(value) {
    if (!types.isDate(value) || Number.isNaN(value.getTime()))
      throw new TypeError('createdAt is no valid Date')
  },
  delayMs(value) {
    checkNumber(value, 'delayMs')
    if (!isDelay(value)) throw invalid('delayMs', value, DELAY_RANGE)
  },
}
const FIELD_NAMES = Object.keys(FIELD_CHECKS) as (keyof MessageFields)[]
const CALL_CHECKS: Readonly<Record<keyof CallOptions, Check>> = {
  timeoutMs: checkOption,
  signal: checkOption,
}
/** A map, because a field called `constructor` is unknown, too. */
const CHECK_OF: ReadonlyMap<string, Check> = new Map(Object.entries({ ...FIELD_CHECKS, ...CALL_CHECKS }))

/** All that may stand beside a body. */
export const SEND_FIELDS: readonly string[] = [...CHECK_OF.keys()]

function checkText(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} is no string`)
  // Without lone surrogates it can be UTF-8 on every wire.
  if (!value.isWellFormed()) throw new MessagingError('ENCODE_FAILED', `${name} is no valid Unicode`)
}

function checkNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} is no number`)
}

function checkOption(value: unknown, name: string): void {
  checkOptions('send', { [name]: value })
}

function copyProperties(properties: Readonly<Record<string, PropertyValue | undefined>>): Properties {
  if (!isRecord(properties)) throw new TypeError('properties is no plain object')
  const copy: Record<string, PropertyValue> = Object.create(null)
  for (const key of Object.keys(properties)) {
    const value = properties[key]
    if (value === undefined) continue
    if (!key.isWellFormed()) throw new MessagingError('ENCODE_FAILED', 'A property name is no valid Unicode')
    copy[key] = checkProperty(key, value)
  }
  return copy
}

function checkProperty(key: string, value: PropertyValue): PropertyValue {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed())
        throw new MessagingError('ENCODE_FAILED', `Property '${key}' is no valid Unicode`)
      return value
    case 'number':
    case 'boolean':
      return value
    case 'bigint':
      if (!has64Bits(value))
        throw new MessagingError('ENCODE_FAILED', `Property '${key}' has more than 64 bits`)
      return value
    case 'object':
      if (value === null) return value
      if (types.isDate(value)) {
        if (Number.isNaN(value.getTime()))
          throw new MessagingError('ENCODE_FAILED', `Property '${key}' is no valid Date`)
        return new Date(value)
      }
      if (types.isUint8Array(value)) return copyOfBytes(key, value)
  }
  throw new TypeError(
    `Property '${key}' is ${kindOf(value)}; allowed: string, number, bigint, boolean, Date, Uint8Array, null`,
  )
}

function copyOfBytes(key: string, value: Uint8Array): Uint8Array {
  try {
    return Uint8Array.from(value)
  } catch (cause) {
    throw new MessagingError('ENCODE_FAILED', `The bytes of property '${key}' cannot be read`, { cause })
  }
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object') return `a ${typeof value}`
  // Of a Proxy not even that can be asked once it was revoked.
  return !types.isProxy(value) && Array.isArray(value) ? 'an array' : 'an object'
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b === undefined ? undefined : Math.max(1, Math.round(b))
  const ms = b === undefined ? a : Math.min(a, b)
  return ms === Infinity ? undefined : Math.max(1, Math.round(ms))
}

function invalid(name: string, value: unknown, allowed: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `${name}: ${shownValue(value)} is not ${allowed}`, {
    hint: `Give ${name} a value ${allowed}.`,
    context: { option: name },
  })
}
