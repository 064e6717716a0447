/** A message again from the bytes that `written-form.ts` made of it, which may come from anybody. */
import type { Message } from 'amqplib'
import { MessagingError } from '../../../model/errors.ts'
import type { IncomingMessage } from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'
import { RawProperties } from '../wire/native-properties.ts'
import { ContentHeader } from './content-header.ts'
import { MAX_TTL_MS } from './headers.ts'
import { RabbitmqMessage } from './incoming.ts'
import { isSound } from './raw-table.ts'
import { WIRE_FORM } from './written-form.ts'

/** @throws `DECODE_FAILED` on what the broker could not have sent: it would end the connection that publishes it */
export function fromWireForm(form: Uint8Array, body: Uint8Array): IncomingMessage {
  const bytes = Buffer.from(form)
  try {
    if (bytes.readUInt8(0) !== WIRE_FORM) throw new RangeError('Another version')
    const keyAt = 2 + bytes.readUInt8(1)
    const headerAt = keyAt + 1 + bytes.readUInt8(keyAt)
    const properties = new RawProperties(bytes.subarray(headerAt))
    check(properties)
    const fields = {
      exchange: bytes.toString('utf8', 2, keyAt),
      routingKey: bytes.toString('utf8', keyAt + 1, headerAt),
      deliveryTag: 0,
      redelivered: false,
    }
    return new RabbitmqMessage({
      fields,
      properties,
      content: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    } as unknown as Message)
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', 'The wire form is none of a message of RabbitMQ', {
      cause,
      context: { adapter: ADAPTER },
    })
  }
}

function check(properties: RawProperties): void {
  ContentHeader.of(properties.bytes)
  const { headerBytes, expiration } = properties.parsed()
  if (!isSound(headerBytes)) throw new RangeError('The headers make no sense')
  if (expiration !== undefined && !(/^\d{1,12}$/.test(expiration) && Number(expiration) <= MAX_TTL_MS))
    throw new RangeError('The time to live is no number')
}
