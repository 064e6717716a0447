/**
 * The body of a measured message: who sent it, which one it is, when it was meant to be sent, and a checksum over all of it, so
 * that loss, duplicates, disorder and damage show without trusting any header.
 *
 *   0  checksum of all that follows, uint32     8  sequence, uint32
 *   4  sender, uint32                          12  intended send time, float64 (ms, clock of the machine)
 *                                              20  filling, the same for all
 */
import { crc32 } from 'node:zlib'

const HEAD = 20
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
  readonly #template: Buffer

  constructor(bytes: number) {
    this.#template = Buffer.alloc(Math.max(bytes, HEAD))
    for (let at = HEAD; at < this.#template.length; at++) this.#template[at] = (at * 31) & 0xff
  }

  /** A fresh body; the caller owns it. */
  make(sender: number, sequence: number, intendedAt: number): Buffer {
    const body = Buffer.from(this.#template)
    body.writeUInt32LE(sender, 4)
    body.writeUInt32LE(sequence, 8)
    body.writeDoubleLE(intendedAt, 12)
    body.writeUInt32LE(crc32(body.subarray(4)), 0)
    return body
  }

  /** A body that is counted apart and never measured. */
  warmUp(sequence: number): Buffer {
    return this.make(WARM_UP, sequence, 0)
  }
}

/** What a body says, or `undefined` when it is damaged. */
export function readPayload(bytes: Uint8Array): Stamp | undefined {
  if (bytes.length < HEAD) return undefined
  const body = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (body.readUInt32LE(0) !== crc32(body.subarray(4))) return undefined
  return { sender: body.readUInt32LE(4), sequence: body.readUInt32LE(8), intendedAt: body.readDoubleLE(12) }
}

export function isWarmUp(stamp: Stamp): boolean {
  return stamp.sender === WARM_UP
}
