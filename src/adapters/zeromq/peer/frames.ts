/**
 * What peers write to each other. Two frames: where to, and the message as a DELIVER record of the hub's protocol
 * (number 0, count 1). Where to is the node's name; in live traffic with the subject behind it, so that the publisher can
 * filter by prefix:
 *
 *   topic := length of the name (uint16, big-endian)  name  subject
 *
 * A length of 0xffff is no name: a subscriber subscribes to it with a word of its own behind, last of all. The publisher
 * answers on the same topic, and the subscriber knows that what it subscribed to before is in force.
 */
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { DELIVERY_FRONT, type RemoteDelivery } from '../codec/incoming.ts'
import { checkSizes, writeMessage } from '../codec/message-codec.ts'
import { type RecordWriter, readRecords } from '../codec/records.ts'
import { Op } from '../wire/protocol.ts'
import { MAX_BODY_BYTES } from './capabilities.ts'

const NO_NAME = Buffer.from([0xff, 0xff])

/** @throws `MESSAGE_TOO_LARGE`: whoever reads it would take it for nonsense, and hang up */
export function messageFrame(records: RecordWriter, message: OutgoingMessage): Buffer {
  const at = writeMessage(records, Op.DELIVER, 0, DELIVERY_FRONT, message)
  const { buffer } = records
  try {
    checkSizes(buffer, at + DELIVERY_FRONT, records.length, MAX_BODY_BYTES)
  } catch (error) {
    records.cut(0)
    throw error
  }
  buffer.writeUInt32BE(0, at)
  buffer.writeUInt32BE(1, at + 4)
  buffer[at + 8] = 0
  return records.take()
}

/** @throws `DECODE_FAILED` */
export function readMessageFrame<D extends RemoteDelivery>(
  frame: Buffer | undefined,
  make: new (batch: Buffer, start: number, end: number) => D,
): D {
  let delivery: D | undefined
  readRecords(frame ?? Buffer.alloc(0), {
    record: (op, _link, batch, start, end) => {
      if (op === Op.DELIVER && end - start >= DELIVERY_FRONT) delivery ??= new make(batch, start, end)
    },
  })
  if (!delivery) throw new MessagingError('DECODE_FAILED', 'What came is no message of a peer')
  // Now, so that a header that cannot be read is found here and not by the application.
  void delivery.message.id
  return delivery
}

/** The place of a topic in live traffic; also the prefix of all its subjects. */
export function topicFront(name: string): Buffer {
  const bytes = Buffer.from(name)
  const front = Buffer.allocUnsafe(2 + bytes.length)
  front.writeUInt16BE(bytes.length)
  front.set(bytes, 2)
  return front
}

export function topicFrame(front: Buffer, subject: string | undefined): Buffer {
  return subject ? Buffer.concat([front, Buffer.from(subject)]) : front
}

/** What every subject that fits the pattern begins with: all before the first wildcard. */
export function literalPrefix(pattern: string): string {
  const words = pattern.split('.')
  const wild = words.findIndex((word) => word === '*' || word === '#')
  if (wild < 0) return pattern
  const before = words.slice(0, wild).join('.')
  // `#` stands for no word as well: then there is no point either.
  return before === '' || words[wild] === '#' ? before : `${before}.`
}

export function liveToken(word: string): Buffer {
  return Buffer.concat([NO_NAME, Buffer.from(word)])
}

export function isLiveToken(topic: Buffer): boolean {
  return topic.length > NO_NAME.length && topic.subarray(0, NO_NAME.length).equals(NO_NAME)
}
