/**
 * The body of a measured message: who sent it, which one it is, when it was meant to be sent, and a checksum over all of it, so
 * that loss, duplicates, disorder and damage show without trusting any header.
 *
 *   0  sender, uint32                           8  intended send time, float64 (ms, clock of the machine)
 *   4  sequence, uint32                        16  filling, the same for all
 *                                              −4  checksum of all before it, uint32
 */
import { crc32 } from 'node:zlib'

const HEAD = 16
const CHECKSUM = 4
/** What the CRC-32 of a whole body is when its last bytes are the CRC-32 of those before: found without cutting anything off. */
const UNDAMAGED = 0x2144df1c
/** Stands where a measured message has its sender. */
const WARM_UP = 0xffffffff

export interface Stamp {
  readonly sender: number
  readonly sequence: number
  /** Unit: ms on the clock of the machine. */
  readonly intendedAt: number
}

/** Bodies of one size, cheap to make. */
export class PayloadMaker {
  /** The body that was made last. */
  readonly #body: Buffer
  /** What the checksum is over. */
  readonly #content: Buffer

  constructor(bytes: number) {
    this.#body = Buffer.alloc(Math.max(bytes, HEAD + CHECKSUM))
    for (let at = HEAD; at < this.#body.length; at++) this.#body[at] = (at * 31) & 0xff
    this.#content = this.#body.subarray(0, -CHECKSUM)
  }

  /** A fresh body; the caller owns it. */
  make(sender: number, sequence: number, intendedAt: number): Buffer {
    const body = this.#body
    body.writeUInt32LE(sender, 0)
    body.writeUInt32LE(sequence, 4)
    body.writeDoubleLE(intendedAt, 8)
    body.writeUInt32LE(crc32(this.#content), body.length - CHECKSUM)
    return Buffer.from(body)
  }

  /** A body that is counted apart and never measured. */
  warmUp(sequence: number): Buffer {
    return this.make(WARM_UP, sequence, 0)
  }
}

/** What a body says, or `undefined` when it is damaged. */
export function readPayload(bytes: Uint8Array): Stamp | undefined {
  if (bytes.length < HEAD + CHECKSUM || crc32(bytes) !== UNDAMAGED) return undefined
  const body = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { sender: body.readUInt32LE(0), sequence: body.readUInt32LE(4), intendedAt: body.readDoubleLE(8) }
}

export function isWarmUp(stamp: Stamp): boolean {
  return stamp.sender === WARM_UP
}
