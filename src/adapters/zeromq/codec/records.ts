/** Batches of records: many small things in one ZeroMQ message. */
import { MessagingError } from '../../../model/errors.ts'
import { Op, type OpCode } from '../wire/protocol.ts'

/** Before the payload of a record. Unit: bytes. */
export const HEAD = 9
/**
 * A batch is sent when it is this large, even within a turn, so that the other end can begin with it. Unit: bytes.
 * Larger ones gain nothing, and cost the memory system what the fewer calls save.
 */
export const BATCH_BYTES = 32 * 1024
/** A writer begins with this, because most peers are quiet. Unit: bytes. */
const FIRST_BYTES = 4 * 1024
/**
 * A batch larger than this goes in parts of {@link PART_BYTES}: ZeroMQ shows no byte of a message before the last one has come, so that
 * on a slow line one large message would look like silence. Unit: bytes.
 */
const WHOLE_BYTES = 64 * 1024
export const PART_BYTES = 32 * 1024
/** What had to grow beyond this for a large message is let go. Unit: bytes. */
const KEEP_BYTES = 128 * 1024

export class RecordWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #at = 0
  /** Where the last record begins, when it is a list of numbers that may go on; else -1. */
  #numbers = -1

  get length(): number {
    return this.#at
  }

  json(op: OpCode, link: number, value: unknown): void {
    const text = JSON.stringify(value, bigintAsText)
    const at = this.begin(op, link, text.length * 3)
    this.end(at + this.#buffer.write(text, at))
  }

  empty(op: OpCode, link: number): void {
    this.end(this.begin(op, link, 0))
  }

  /** One more number for the list of this link; lists in a row become one record. */
  number(op: OpCode, link: number, number: number): void {
    const last = this.#numbers
    if (last < 0 || this.#buffer[last] !== op || this.#buffer.readUInt32BE(last + 1) !== link) {
      const at = this.begin(op, link, 4)
      this.#buffer.writeUInt32BE(number, at)
      this.end(at + 4)
      this.#numbers = at - HEAD
      return
    }
    const at = this.#at
    this.#room(4)
    this.#buffer.writeUInt32BE(number, at)
    this.#at = at + 4
    this.#buffer.writeUInt32BE(at + 4 - last - HEAD, last + 5)
  }

  /** Begins a record of at most `most` bytes; returns where its payload begins in {@link buffer}. {@link end} must follow. */
  begin(op: OpCode, link: number, most: number): number {
    this.#room(HEAD + most)
    const at = this.#at
    this.#buffer[at] = op
    this.#buffer.writeUInt32BE(link, at + 1)
    return at + HEAD
  }

  /** The payload of the record begun last ends before `at`. */
  end(at: number): void {
    const start = this.#at
    this.#buffer.writeUInt32BE(at - start - HEAD, start + 5)
    this.#at = at
    this.#numbers = -1
  }

  /** Takes back what was written behind this length. */
  cut(length: number): void {
    this.#at = length
    this.#numbers = -1
  }

  /** Valid until the next record is begun. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** The batch so far, in memory of its own: ZeroMQ sends without copying. */
  take(): Buffer {
    const batch = Buffer.allocUnsafeSlow(this.#at)
    this.#buffer.copy(batch, 0, 0, this.#at)
    this.#clear()
    return batch
  }

  /** As {@link take}, in parts where it is large. */
  takeParts(): Buffer[] {
    if (this.#at <= WHOLE_BYTES) return [this.take()]
    const parts: Buffer[] = []
    for (let from = 0; from < this.#at; from += PART_BYTES) {
      const to = Math.min(from + PART_BYTES, this.#at)
      const part = Buffer.allocUnsafeSlow(HEAD + to - from)
      part[0] = Op.PART
      part.writeUInt32BE(to < this.#at ? 1 : 0, 1)
      part.writeUInt32BE(to - from, 5)
      this.#buffer.copy(part, HEAD, from, to)
      parts.push(part)
    }
    this.#clear()
    return parts
  }

  #clear(): void {
    if (this.#buffer.length > KEEP_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.#at = 0
    this.#numbers = -1
  }

  #room(bytes: number): void {
    const end = this.#at + bytes
    if (end <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, end))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** A broker's own arguments may hold one; a store keeps it as text, too. */
function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** What takes the records of a batch: the payload lies between `start` and `end`. */
export interface RecordListener {
  record(op: number, link: number, batch: Buffer, start: number, end: number): void
}

/** @throws `DECODE_FAILED` on a malformed batch, and what the listener throws */
export function readRecords(batch: Buffer, listener: RecordListener): void {
  let at = 0
  while (at < batch.length) {
    if (at + HEAD > batch.length) throw malformed('a record without head')
    const start = at + HEAD
    const end = start + batch.readUInt32BE(at + 5)
    if (end > batch.length) throw malformed('a record beyond the end')
    listener.record(batch[at]!, batch.readUInt32BE(at + 1), batch, start, end)
    at = end
  }
}

/** JSON of a record. @throws `DECODE_FAILED` */
export function readJson<T>(batch: Buffer, start: number, end: number): T {
  let value: unknown
  try {
    value = JSON.parse(batch.toString('utf8', start, end))
  } catch (cause) {
    throw new MessagingError('DECODE_FAILED', 'A record holds no JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MessagingError('DECODE_FAILED', 'A record holds no JSON object')
  return value as T
}

/** A list of numbers, as {@link RecordWriter.number} writes it. @throws `DECODE_FAILED` */
export function readNumbers(batch: Buffer, start: number, end: number, take: (number: number) => void): void {
  if ((end - start) % 4 !== 0) throw malformed('a list of numbers of an odd length')
  for (let at = start; at < end; at += 4) take(batch.readUInt32BE(at))
}

export function malformed(what: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `The batch is malformed: ${what}`)
}
