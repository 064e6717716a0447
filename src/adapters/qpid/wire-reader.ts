/**
 * Reads AMQP 1.0 values. Every length is checked against what is there, so hostile input ends in an error, never in a huge
 * allocation or an endless loop.
 */
import { MessagingError } from '../../api/errors.ts'

/** A described value of a type this library has no class for. */
export class Described {
  readonly descriptor: unknown
  readonly value: unknown
  constructor(descriptor: unknown, value: unknown) {
    this.descriptor = descriptor
    this.value = value
  }
}

const MAX_DEPTH = 100

export class WireReader {
  readonly #bytes: Buffer
  #at = 0
  #depth = 0
  /** Long and ulong come as bigint whatever their size; else only those a number cannot hold. */
  bigints = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Code of the section that begins here; its value follows. */
  section(): number {
    this.#need(3)
    if (this.#bytes[this.#at] !== 0x00) throw malformed('a section without descriptor')
    this.#at++
    const descriptor = this.value()
    if (typeof descriptor === 'number') return descriptor
    throw malformed('an unknown section')
  }

  /** Skips a list header; returns the number of elements. */
  listLength(): number {
    const code = this.#byte()
    if (code === 0x45) return 0
    if (code === 0xc0) return this.#compoundSmall()
    if (code === 0xd0) return this.#compoundLarge()
    throw malformed('no list where one must be')
  }

  /** Skips a map header; returns the number of pairs. */
  mapLength(): number {
    const code = this.#byte()
    if (code === 0xc1) return this.#compoundSmall() >> 1
    if (code === 0xd1) return this.#compoundLarge() >> 1
    if (code === 0x40) return 0
    throw malformed('no map where one must be')
  }

  value(): unknown {
    return this.#value(this.#byte())
  }

  #value(code: number): unknown {
    const bytes = this.#bytes
    switch (code) {
      case 0x00: {
        const descriptor = this.#deeper(() => this.value())
        return new Described(
          descriptor,
          this.#deeper(() => this.value()),
        )
      }
      case 0x40:
        return null
      case 0x41:
        return true
      case 0x42:
        return false
      case 0x56:
        return this.#byte() !== 0
      case 0x43:
        return 0
      case 0x44:
        return this.#exact ? 0n : 0
      case 0x50:
      case 0x52:
        return this.#byte()
      case 0x53: {
        const small = this.#byte()
        return this.#exact ? BigInt(small) : small
      }
      case 0x51:
      case 0x54:
        return bytes.readInt8(this.#take(1))
      case 0x55: {
        const small = bytes.readInt8(this.#take(1))
        return this.#exact ? BigInt(small) : small
      }
      case 0x60:
        return bytes.readUInt16BE(this.#take(2))
      case 0x61:
        return bytes.readInt16BE(this.#take(2))
      case 0x70:
        return bytes.readUInt32BE(this.#take(4))
      case 0x71:
        return bytes.readInt32BE(this.#take(4))
      case 0x72:
        return bytes.readFloatBE(this.#take(4))
      case 0x73:
        return codePoint(bytes.readUInt32BE(this.#take(4)))
      case 0x80:
        return this.#integer(bytes.readBigUInt64BE(this.#take(8)))
      case 0x81:
        return this.#integer(bytes.readBigInt64BE(this.#take(8)))
      case 0x82:
        return bytes.readDoubleBE(this.#take(8))
      case 0x83:
        return new Date(Number(bytes.readBigInt64BE(this.#take(8))))
      case 0x98:
        return uuidText(this.#slice(16))
      case 0x74:
        return copyOf(this.#slice(4))
      case 0x84:
        return copyOf(this.#slice(8))
      case 0x94:
        return copyOf(this.#slice(16))
      case 0xa0:
        return copyOf(this.#slice(this.#byte()))
      case 0xb0:
        return copyOf(this.#slice(bytes.readUInt32BE(this.#take(4))))
      case 0xa1:
        return this.#text(this.#byte(), 'utf8')
      case 0xb1:
        return this.#text(bytes.readUInt32BE(this.#take(4)), 'utf8')
      case 0xa3:
        return this.#text(this.#byte(), 'latin1')
      case 0xb3:
        return this.#text(bytes.readUInt32BE(this.#take(4)), 'latin1')
      case 0x45:
        return []
      case 0xc0:
        return this.#list(this.#compoundSmall())
      case 0xd0:
        return this.#list(this.#compoundLarge())
      case 0xc1:
        return this.#map(this.#compoundSmall() >> 1)
      case 0xd1:
        return this.#map(this.#compoundLarge() >> 1)
      case 0xe0:
        return this.#array(this.#compoundSmall())
      case 0xf0:
        return this.#array(this.#compoundLarge())
    }
    throw malformed(`type code 0x${code.toString(16)}`)
  }

  /** Bytes of a binary that is read without copying: valid as long as the message is. */
  binaryView(): Buffer {
    const code = this.#byte()
    if (code === 0xa0) return this.#slice(this.#byte())
    if (code === 0xb0) return this.#slice(this.#bytes.readUInt32BE(this.#take(4)))
    throw malformed('no binary where one must be')
  }

  /** Above 0 inside application data, where a small ulong is a number of the application and no descriptor. */
  #depthOfData = 0

  /** Runs `read` as application data. */
  data<T>(read: () => T): T {
    this.#depthOfData++
    const result = read()
    this.#depthOfData--
    return result
  }

  get #exact(): boolean {
    return this.bigints && this.#depthOfData > 0
  }

  #integer(value: bigint): number | bigint {
    return !this.#exact &&
      value >= BigInt(Number.MIN_SAFE_INTEGER) &&
      value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value
  }

  #list(count: number): unknown[] {
    return this.#deeper(() => {
      const list: unknown[] = []
      for (let at = 0; at < count; at++) list.push(this.value())
      return list
    })
  }

  #map(pairs: number): Record<string, unknown> {
    return this.#deeper(() => {
      const map: Record<string, unknown> = Object.create(null)
      for (let at = 0; at < pairs; at++) {
        const key = this.value()
        map[typeof key === 'string' ? key : String(key)] = this.value()
      }
      return map
    })
  }

  #array(count: number): unknown[] {
    return this.#deeper(() => {
      let code = this.#byte()
      if (code === 0x00) {
        this.value()
        code = this.#byte()
      }
      const list: unknown[] = []
      // Elements without bytes of their own (null, true, 0) could be claimed by the million.
      for (let at = 0; at < Math.min(count, this.#bytes.length); at++) list.push(this.#value(code))
      return list
    })
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw malformed(`nesting deeper than ${MAX_DEPTH}`)
    const result = read()
    this.#depth--
    return result
  }

  #compoundSmall(): number {
    const size = this.#byte()
    return this.#checkedCount(size, this.#byte(), 1)
  }

  #compoundLarge(): number {
    const size = this.#bytes.readUInt32BE(this.#take(4))
    return this.#checkedCount(size, this.#bytes.readUInt32BE(this.#take(4)), 4)
  }

  #checkedCount(size: number, count: number, countBytes: number): number {
    const left = size - countBytes
    if (left < 0 || this.#at + left > this.#bytes.length) throw malformed('a size beyond the end')
    if (count > left && count > 255) throw malformed('more elements than bytes')
    return count
  }

  #text(length: number, encoding: 'utf8' | 'latin1'): string {
    const at = this.#take(length)
    return this.#bytes.toString(encoding, at, at + length)
  }

  #slice(length: number): Buffer {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!
  }

  #take(length: number): number {
    this.#need(length)
    const at = this.#at
    this.#at += length
    return at
  }

  #need(length: number): void {
    if (this.#at + length > this.#bytes.length) throw malformed('an end too early')
  }
}

/** Standard text form, big-endian. */
function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function copyOf(view: Buffer): Uint8Array {
  return Uint8Array.from(view)
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '�'
}

function malformed(what: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `The message is no valid AMQP 1.0: ${what}`)
}
