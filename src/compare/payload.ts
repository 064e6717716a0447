/**
 * The body of a measured message: who sent it, which one it is, when it was meant to be sent, and a checksum over all of it, so that loss,
 * duplicates, disorder and damage show without trusting any header.
 *
 *   0  sender, uint32     8  intended send time, float64 (ms, monotonic clock of the generator)
 *   4  sequence, uint32   16 checksum, uint32        20 filling, the same for all
 */
import { crc32 } from 'node:zlib'

const HEAD = 20

export interface Stamp {
  readonly sender: number
  readonly sequence: number
  /** Unit: ms on the monotonic clock. */
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
    body.writeUInt32LE(sender, 0)
    body.writeUInt32LE(sequence, 4)
    body.writeDoubleLE(intendedAt, 8)
    body.writeUInt32LE(checksum(body), 16)
    return body
  }
}

/** What a body says, or `undefined` when it is damaged. */
export function readPayload(bytes: Uint8Array): Stamp | undefined {
  if (bytes.length < HEAD) return undefined
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (body.readUInt32LE(16) !== checksum(body)) return undefined
  return { sender: body.readUInt32LE(0), sequence: body.readUInt32LE(4), intendedAt: body.readDoubleLE(8) }
}

/** Over everything but the checksum itself. */
function checksum(body: Buffer): number {
  return crc32(body.subarray(HEAD), crc32(body.subarray(0, 16)))
}
