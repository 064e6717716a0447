/**
 * Batches on the wire: many messages in one argument of a script, and in one reply. Pure. The Lua side is in `scripts/`;
 * numbers are big-endian.
 *
 * To the server, per message: flags (8 bits), payload length (32), then what the flags announce, then the payload.
 *
 *     1 FACTS    priority (8), time to live and delay in ms (64-bit floats, 0: none), earlier deliveries (32)
 *     2 RESEND   earlier attempts (8 bits), of each the link (8-bit length, text) and the number there (64-bit float)
 *     4 TARGETS  how many (32), their indexes (32 each)
 *     8 CHANNEL  where it is published (32-bit length, text), from which byte of the payload on (32)
 *
 * From the server, per message: rank (64-bit float), flags (8), payload length (32), with flag 1 the earlier deliveries
 * (32), with flag 2 the remaining life in ms (64-bit float), then the payload.
 */
export const FACTS = 1
export const RESEND = 2
export const TARGETS = 4
export const CHANNEL = 8

/** Fills one buffer of a size that was counted before. */
export class RecordWriter {
  readonly buffer: Buffer
  at = 0

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafe(bytes)
  }

  byte(value: number): void {
    this.buffer[this.at++] = value
  }

  long(value: number): void {
    this.at = this.buffer.writeUInt32BE(value, this.at)
  }

  float(value: number): void {
    this.at = this.buffer.writeDoubleBE(value, this.at)
  }

  text(value: string): void {
    this.at += this.buffer.write(value, this.at, 'utf8')
  }

  bytes(value: Uint8Array): void {
    this.buffer.set(value, this.at)
    this.at += value.byteLength
  }
}

const WITH_DELIVERIES = 1
const WITH_LIFE = 2

/** Reads the messages of a claim one by one. */
export class ClaimReader {
  /** Rank: unique in its queue for the life of the message; smaller ones come first. */
  rank = 0
  /** Deliveries before this one. */
  deliveries = 0
  /** Unit: ms; `undefined`: for ever. */
  lifeMs: number | undefined
  payload: Buffer
  readonly #reply: Buffer
  #at = 0

  constructor(reply: Buffer) {
    this.#reply = reply
    this.payload = reply
  }

  /** `false` at the end, also of a record that is cut: the channel of the line's words is open to other programs. */
  next(): boolean {
    const reply = this.#reply
    let at = this.#at
    if (at + 13 > reply.length) return false
    const flags = reply[at + 8]!
    const length = reply.readUInt32BE(at + 9)
    const extras = ((flags & WITH_DELIVERIES) !== 0 ? 4 : 0) + ((flags & WITH_LIFE) !== 0 ? 8 : 0)
    if (at + 13 + extras + length > reply.length) return false
    this.rank = reply.readDoubleBE(at)
    at += 13
    this.deliveries = 0
    this.lifeMs = undefined
    if (flags !== 0) {
      if ((flags & WITH_DELIVERIES) !== 0) {
        this.deliveries = reply.readUInt32BE(at)
        at += 4
      }
      if ((flags & WITH_LIFE) !== 0) {
        this.lifeMs = reply.readDoubleBE(at)
        at += 8
      }
    }
    this.#at = at + length
    this.payload = reply.subarray(at, this.#at)
    return true
  }
}
