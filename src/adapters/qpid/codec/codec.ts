/** Messages to the bytes of AMQP 1.0, and back. Pure. */
import { isMessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { AmqpMessage } from './amqp-message.ts'
import { writeCopy } from './copy-writer.ts'
import { BROKER_J_DIALECT } from './dialect.ts'
import { writeMessage } from './message-writer.ts'
import { unencodable } from './unencodable.ts'
import { WireWriter } from './wire-writer.ts'

const writer = new WireWriter()

/**
 * Encodes one message; `to` where the link has no target.
 *
 * @throws `ENCODE_FAILED` naming the value that AMQP 1.0 has no type for
 */
export function encodeMessage(message: OutgoingMessage, dialect = BROKER_J_DIALECT): Buffer {
  writer.dialect = dialect
  const { original } = message
  try {
    if (original instanceof AmqpMessage && original.sections.length > 0) writeCopyOf(message, original)
    else writeMessage(writer, message)
    const bytes = writer.take()
    return dialect.narrow && isUnusual(message) ? dialect.narrow(bytes) : bytes
  } catch (cause) {
    writer.reset()
    throw unencodable(message, cause)
  }
}

/** Bytes in one data section are what every decoder takes. */
function isUnusual({ original, body }: OutgoingMessage): boolean {
  return original !== undefined || !(body instanceof Uint8Array)
}

/** What must be changed in a copy may be what could not be decoded: then all of the original becomes the body. */
function writeCopyOf(message: OutgoingMessage, original: AmqpMessage): void {
  try {
    writeCopy(writer, message, original)
  } catch (error) {
    if (!isMessagingError(error, 'DECODE_FAILED')) throw error
    writer.reset()
    writeMessage(writer, message)
  }
}

/** What the wire says beside the message. */
export interface Decoded {
  readonly message: AmqpMessage
  /** Failed deliveries before this one. */
  readonly failures: number
  /** The broker says that another link has had it. */
  readonly again: boolean
}

/** Never throws: see {@link AmqpMessage.damage}. */
export function decodeMessage(bytes: Buffer, dialect = BROKER_J_DIALECT): Decoded {
  const message = new AmqpMessage(bytes, dialect)
  return { message, failures: message.failures, again: message.again }
}
