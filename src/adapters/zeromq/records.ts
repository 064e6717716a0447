/** Batches of records: many small things in one ZeroMQ message, for each turn of the event loop one. */
import { MessagingError } from '../../api/errors.ts'
import type { OpCode } from './protocol.ts'

const HEAD = 9
/** A batch is sent when it is this large, even within a turn. Unit: bytes. */
export const BATCH_BYTES = 256 * 1024

export class RecordWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024)
  #at = 0

  get length(): number {
    return this.#at
  }

  json(op: OpCode, link: number, value: unknown): void {
    this.bytes(op, link, Buffer.from(JSON.stringify(value)))
  }

  bytes(op: OpCode, link: number, payload: Uint8Array): void {
    const at = this.reserve(op, link, payload.length)
    this.#buffer.set(payload, at)
  }

  /** Begins a record of a known length; returns where its payload begins in {@link buffer}. */
  reserve(op: OpCode, link: number, length: number): number {
    const at = this.#at
    const end = at + HEAD + length
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, end))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    this.#buffer[at] = op
    this.#buffer.writeUInt32BE(link, at + 1)
    this.#buffer.writeUInt32BE(length, at + 5)
    this.#at = end
    return at + HEAD
  }

  /** Valid until the next record is begun. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** The batch; the writer goes on with memory of its own, because ZeroMQ sends without copying. */
  take(): Buffer {
    const batch = this.#buffer.subarray(0, this.#at)
    this.#buffer = Buffer.allocUnsafe(64 * 1024)
    this.#at = 0
    return batch
  }
}

/** Calls `each` for every record. @throws `DECODE_FAILED` on a malformed batch */
export function readRecords(batch: Buffer, each: (op: number, link: number, payload: Buffer) => void): void {
  let at = 0
  while (at < batch.length) {
    if (at + HEAD > batch.length) throw malformed('a record without head')
    const length = batch.readUInt32BE(at + 5)
    const end = at + HEAD + length
    if (end > batch.length) throw malformed('a record beyond the end')
    each(batch[at]!, batch.readUInt32BE(at + 1), batch.subarray(at + HEAD, end))
    at = end
  }
}

/** Numbers of ACCEPT and CONFIRM. */
export function readNumbers(payload: Buffer, each: (number: number) => void): void {
  for (let at = 0; at + 4 <= payload.length; at += 4) each(payload.readUInt32BE(at))
}

/** JSON of a record. @throws `DECODE_FAILED` */
export function readJson<T>(payload: Buffer): T {
  try {
    return JSON.parse(payload.toString('utf8')) as T
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', 'A record holds no JSON', { cause })
  }
}

function malformed(what: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `The batch is malformed: ${what}`)
}
