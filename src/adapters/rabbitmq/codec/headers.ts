/** Names of headers that mean something to RabbitMQ or to this adapter. */

/** How the names of this adapter's own headers begin. */
export const OWN = 'x-sluice-'

/** Subject of a message whose routing key is a queue's name. */
export const SUBJECT = 'x-sluice-subject'
/** Id, correlation id, content type or address too long for their native field (255 bytes). */
export const LONG_ID = 'x-sluice-id'
export const LONG_CORRELATION_ID = 'x-sluice-correlation-id'
export const LONG_CONTENT_TYPE = 'x-sluice-content-type'
/** A `replyTo` that is more than the name of a queue. */
export const REPLY_TO = 'x-sluice-reply-to'
/** A user id other than the login: RabbitMQ refuses it in the native field. */
export const USER_ID = 'x-sluice-user-id'
export const GROUP_ID = 'x-sluice-group-id'
/** Creation time in ms, under the name that RabbitMQ's own timestamp interceptor uses. */
export const CREATED_MS = 'timestamp_in_ms'
/** Deliveries that happened before this copy was made. */
export const DELIVERIES = 'x-sluice-deliveries'
/** Time to live of a delayed message, from when it is due. Unit: ms. */
export const LIFE = 'x-sluice-ttl'
/** Further routing keys that the original of a copy was published with: under their own name they would act again. */
export const CC = 'x-sluice-cc'
/** What stood in the place of {@link DEATHS} and is no record of deaths. */
export const ODD_DEATHS = 'x-sluice-odd-x-death'
/** What {@link DEATHS} and the broker's summary of it said, while the broker would lose the message over them. */
export const HELD_DEATHS = 'x-sluice-held-deaths'
/** Native extras of another broker that headers alone would not give back, as JSON text. */
export const ANNOTATIONS = 'x-sluice-annotations'
/** Types of properties that AMQP 0-9-1 cannot tell: `{ key: 'bigint' | 'number' | 'date' | 'date:ms' }`. */
export const TYPES = 'x-sluice-types'
/** Properties whose own names would mean something to the broker. */
export const PROPERTIES = 'x-sluice-properties'

/** Counted by quorum queues: returns before this delivery. */
export const DELIVERY_COUNT = 'x-delivery-count'
/** Counted by quorum queues of RabbitMQ 4.3: deliveries before this one. */
export const ACQUIRED_COUNT = 'x-acquired-count'
/** Where in a stream the message stands. */
export const STREAM_OFFSET = 'x-stream-offset'
/** The broker's own record of dead-lettering. */
export const DEATHS = 'x-death'

/** Longest time to live: RabbitMQ takes ten years and refuses more; longer is as good as for ever. Unit: ms. */
export const MAX_TTL_MS = 315_360_000_000

const RESERVED = new Set([
  CREATED_MS,
  DELIVERY_COUNT,
  ACQUIRED_COUNT,
  STREAM_OFFSET,
  DEATHS,
  // Further routing keys: as headers of a publish they would send the message elsewhere too.
  'CC',
  'BCC',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
  'x-received-from',
])

/** A header that is not the application's. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name) || name.startsWith(OWN)
}

const MAX_SHORT_STRING = 255

/** Whether it fits into a native field, or can be the name of a header. */
export function short(text: string): boolean {
  return text.length <= MAX_SHORT_STRING / 3 || Buffer.byteLength(text) <= MAX_SHORT_STRING
}
