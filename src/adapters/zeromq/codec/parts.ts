/** Batches that came in parts, put together again. One for each direction of a connection. */
import { MessagingError } from '../../../model/errors.ts'
import { Op } from '../wire/protocol.ts'
import { HEAD, malformed } from './records.ts'

/** A part that is not the last has at least this: what waits for its rest must not cost more than its bytes. Unit: bytes. */
const LEAST_PART_BYTES = 1024

export class PartReader {
  readonly #most: number
  #parts: Buffer[] = []
  #bytes = 0

  /** `most`: bytes of the largest batch. */
  constructor(most: number) {
    this.#most = most
  }

  /**
   * What came as one ZeroMQ message. Returns a whole batch, or `undefined` while more of it is to come.
   *
   * @throws `DECODE_FAILED`, `MESSAGE_TOO_LARGE`
   */
  add(message: Buffer): Buffer | undefined {
    if (message[0] !== Op.PART) {
      if (this.#parts.length > 0) throw malformed('it ends before its last part')
      return message
    }
    const last = this.#take(message)
    if (!last) return undefined
    const batch = Buffer.concat(this.#parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    return batch
  }

  /** Whether it was the last part. */
  #take(message: Buffer): boolean {
    if (message.length < HEAD || message.readUInt32BE(5) !== message.length - HEAD)
      throw malformed('a part is not alone')
    const more = message.readUInt32BE(1)
    if (more > 1) throw malformed('a part is neither the last nor followed by one')
    if (more === 1 && message.length < HEAD + LEAST_PART_BYTES)
      throw malformed(`a part that is not the last has less than ${LEAST_PART_BYTES} bytes`)
    this.#bytes += message.length - HEAD
    if (this.#bytes > this.#most) {
      throw new MessagingError('MESSAGE_TOO_LARGE', `What came in parts has more than ${this.#most} bytes`, {
        context: { limit: this.#most },
      })
    }
    this.#parts.push(message.subarray(HEAD))
    return more === 0
  }
}
