/** From a fresh message of the API to what amqplib publishes. Pure. */
import type { Options } from 'amqplib'
import { formatAddress, parseAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import {
  NORMAL_PRIORITY,
  noProperties,
  type OutgoingMessage,
  StructuredBody,
} from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import {
  CREATED_MS,
  DELIVERIES,
  GROUP_ID,
  LIFE,
  LONG_CONTENT_TYPE,
  LONG_CORRELATION_ID,
  LONG_ID,
  MAX_TTL_MS,
  REPLY_TO,
  SUBJECT,
  short,
  USER_ID,
} from './headers.ts'
import { encodeProperties, NativeHeaders } from './property-codec.ts'

/** Pseudo queue by which a requester names itself; only valid on its own channel. */
export const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to'

const NO_NOTES = Object.freeze(new NativeHeaders())

/** What is published beside the body. */
export interface PublishOptions extends Options.Publish {
  /** Flags and properties as they are written; the other fields then say the same. */
  readonly headerBytes?: Buffer
}

/** How a message leaves. */
export interface Route {
  /** The routing key is the subject already. */
  readonly subjectIsKey: boolean
  readonly mandatory: boolean
  /** Login of the connection, the one user id RabbitMQ takes. */
  readonly login: string | undefined
  /** Queue that a delayed message goes to when it is due; `undefined`: any. */
  readonly dueAt?: string | undefined
}

/**
 * amqplib's options for a fresh message; what they point to is read before `publish` returns.
 *
 * @throws `ENCODE_FAILED`
 */
export function freshOptions(message: OutgoingMessage, route: Route): Options.Publish {
  const headers = new NativeHeaders()
  let used = false
  const { createdAt, subject, properties, ttlMs, userId, replyTo, deliveriesBefore, groupId } = message
  if (properties !== noProperties()) {
    encodeProperties(properties, headers)
    used = true
  }
  if (createdAt % 1000 !== 0 || createdAt < 0) {
    headers[CREATED_MS] = createdAt
    used = true
  }
  const lifeMs = ttlMs === undefined ? undefined : lifeAfter(ttlMs, message.delayMs)
  if (lifeMs !== undefined && message.delayMs !== undefined) {
    headers[LIFE] = lifeMs
    used = true
  }
  // An empty subject and none look the same as a routing key.
  if (subject !== undefined && (!route.subjectIsKey || subject === '')) {
    headers[SUBJECT] = subject
    used = true
  }
  if (groupId !== undefined) {
    headers[GROUP_ID] = groupId
    used = true
  }
  if (deliveriesBefore > 0) {
    headers[DELIVERIES] = deliveriesBefore
    used = true
  }
  const nativeUser = userId === route.login ? userId : undefined
  if (userId !== nativeUser) {
    headers[USER_ID] = userId!
    used = true
  }
  let nativeReplyTo: string | undefined
  if (replyTo !== undefined) {
    nativeReplyTo = replyQueue(replyTo)
    if (nativeReplyTo === undefined) {
      headers[REPLY_TO] = replyTo
      used = true
      nativeReplyTo = short(replyTo) ? replyTo : undefined
    }
  }
  const messageId = shortOr(message.id, headers, LONG_ID)
  const correlationId = shortOr(message.correlationId, headers, LONG_CORRELATION_ID)
  const contentType = shortOr(message.contentType, headers, LONG_CONTENT_TYPE)
  used ||=
    messageId !== message.id || correlationId !== message.correlationId || contentType !== message.contentType
  return {
    mandatory: route.mandatory,
    persistent: message.durable,
    contentType,
    headers: used ? headers : NO_NOTES,
    // RabbitMQ would sort a message without one under 0.
    priority: message.priority ?? NORMAL_PRIORITY,
    correlationId,
    replyTo: nativeReplyTo,
    expiration: expirationOf(message),
    messageId: messageId === '' ? undefined : messageId,
    timestamp: createdAt < 0 ? undefined : Math.floor(createdAt / 1000),
    userId: nativeUser,
  }
}

/** What is left of a time to live when a message is due; at least 1, since one that ends earlier is never sent. Unit: ms. */
export function lifeAfter(ttlMs: number, delayMs = 0): number {
  return Math.max(1, Math.ceil(Math.min(ttlMs, MAX_TTL_MS) - delayMs))
}

/** The broker's own clock counts it. It would also end the waiting of a message that is held back, which has {@link LIFE}. */
export function expirationOf({ ttlMs, delayMs }: OutgoingMessage): string | undefined {
  if (ttlMs === undefined || ttlMs > MAX_TTL_MS || delayMs !== undefined) return undefined
  return String(Math.ceil(ttlMs))
}

/** The bytes of a body, not copied. */
export function bodyBuffer(body: OutgoingMessage['body']): Buffer {
  if (body instanceof StructuredBody) {
    throw new MessagingError('ENCODE_FAILED', 'RabbitMQ carries bytes, no typed bodies', {
      context: { adapter: ADAPTER },
    })
  }
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

/** A subject as routing key. @throws `ENCODE_FAILED` when it is too long for one */
export function routingKey(subject: string | undefined): string {
  if (subject === undefined) return ''
  if (short(subject)) return subject
  throw new MessagingError('ENCODE_FAILED', 'RabbitMQ takes subjects of up to 255 bytes on topics', {
    context: { adapter: ADAPTER },
  })
}

/**
 * The queue an answer goes to, if the address is nothing but the name of one as {@link formatAddress} would write it.
 * Then any client can answer.
 */
export function replyQueue(address: string): string | undefined {
  if (address === DIRECT_REPLY_TO) return address
  try {
    const { name, subject, options } = parseAddress(address)
    if (subject !== undefined || options !== undefined || !short(name)) return undefined
    return formatAddress({ name }) === address ? name : undefined
  } catch {
    // No address at all, but the application's word: it comes out as it went in.
    return undefined
  }
}

function shortOr(value: string | undefined, headers: NativeHeaders, long: string): string | undefined {
  if (value === undefined || short(value)) return value
  headers[long] = value
  return undefined
}
