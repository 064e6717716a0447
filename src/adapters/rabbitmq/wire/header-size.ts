/**
 * protocol: id, fields and headers of a message travel in one frame. One larger than the connection's `frame_max` makes the
 * broker end the connection, and it would again each time the message is sent anew. So such a message is refused here.
 */
import type { ChannelModel } from 'amqplib'
import { MessagingError } from '../../../model/errors.ts'
import type { PublishOptions } from '../codec/codec.ts'
import { ADAPTER } from '../errors.ts'

/** amqplib encodes up to 64 KiB of headers, and all other fields have less than 4 KiB together. */
const ALWAYS_ENOUGH = 68 * 1024
/** Frame, class, size of the body, flags, numbers. */
const FIXED_BYTES = 64

/** @throws `MESSAGE_TOO_LARGE` */
export function refuseLargeHeader(model: ChannelModel, options: PublishOptions): void {
  const { frameMax } = model.connection as { frameMax?: number }
  if (frameMax === undefined || frameMax === 0) return
  if (options.headerBytes) {
    refuseOver(frameMax, FIXED_BYTES + options.headerBytes.length)
    return
  }
  if (frameMax >= ALWAYS_ENOUGH) return
  const { headers, contentType, correlationId, replyTo, messageId, userId, expiration } = options
  let bytes = FIXED_BYTES + valueBytes(headers)
  for (const text of [contentType, correlationId, replyTo, messageId, userId, expiration])
    bytes += valueBytes(text)
  refuseOver(frameMax, bytes)
}

function refuseOver(frameMax: number, bytes: number): void {
  if (bytes <= frameMax) return
  throw new MessagingError(
    'MESSAGE_TOO_LARGE',
    `The headers have about ${bytes} bytes, a frame of this connection has room for ${frameMax}`,
    {
      hint: 'Send less in properties, or raise frame_max.',
      context: { adapter: ADAPTER, operation: 'send' },
    },
  )
}

/** At least what the value takes up on the wire, with its type. */
function valueBytes(value: unknown): number {
  if (value === undefined) return 0
  if (typeof value === 'string') return 5 + Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return 9
  if (value instanceof Uint8Array) return 5 + value.byteLength
  let bytes = 5
  for (const [key, entry] of Object.entries(value)) bytes += 1 + Buffer.byteLength(key) + valueBytes(entry)
  return bytes
}
