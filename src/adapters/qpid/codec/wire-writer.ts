/**
 * Writes AMQP 1.0 values (part 1 of the standard: types). Numbers have one AMQP type each, so that what comes back has the type that went in:
 * a whole number of 32 bits is an int (selectors compare those), any other number a double, a bigint a long or, above that, an ulong.
 */
import { has64Bits } from '../../../model/ranges.ts'
import { BROKER_J_DIALECT } from './dialect.ts'

const INT64_MAX = 2n ** 63n - 1n
/** Deeper nesting is refused instead of exhausting the stack. */
export const MAX_DEPTH = 100

/** A growing buffer; reused from message to message by {@link take}. */
export class WireWriter {
  #buffer: Buffer = Buffer.allocUnsafe(4096)
  #at = 0
  #depth = 0
  /** How the product at the other end wants addresses and annotations. */
  dialect = BROKER_J_DIALECT

  /** A copy of what was written; the writer starts anew. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#at))
    this.#at = 0
    this.#depth = 0
    // One huge message must not keep its memory.
    if (this.#buffer.length > 1 << 20) this.#buffer = Buffer.allocUnsafe(4096)
    return bytes
  }

  /** Forgets what was written, after a failure in the middle. */
  reset(): void {
    this.#at = 0
    this.#depth = 0
  }

  /** Start of a section: a described value with a small descriptor. */
  section(descriptor: number): void {
    const at = this.#room(3)
    this.#buffer[at] = 0x00
    this.#buffer[at + 1] = 0x53
    this.#buffer[at + 2] = descriptor
  }

  null(): void {
    this.#byte(0x40)
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0x41 : 0x42)
  }

  ubyte(value: number): void {
    const at = this.#room(2)
    this.#buffer[at] = 0x50
    this.#buffer[at + 1] = value
  }

  uint(value: number): void {
    const at = this.#room(5)
    this.#buffer[at] = 0x70
    this.#buffer.writeUInt32BE(value, at + 1)
  }

  ulong(value: bigint): void {
    const at = this.#room(9)
    this.#buffer[at] = 0x80
    this.#buffer.writeBigUInt64BE(value, at + 1)
  }

  timestamp(ms: number): void {
    if (Number.isNaN(ms)) throw new RangeError('the date is not valid')
    this.timestampCount(BigInt(Math.trunc(ms)))
  }

  /** A time that no `Date` may hold. Unit: ms since 1970. */
  timestampCount(ms: bigint): void {
    const at = this.#room(9)
    this.#buffer[at] = 0x83
    this.#buffer.writeBigInt64BE(ms, at + 1)
  }

  /** Bytes that are encoded already. */
  raw(bytes: Buffer, from: number, to: number): void {
    const at = this.#room(to - from)
    bytes.copy(this.#buffer, at, from, to)
  }

  string(value: string): void {
    this.#text(0xa1, value, 'utf8')
  }

  symbol(value: string): void {
    this.#text(0xa3, value, 'latin1')
  }

  binary(value: Uint8Array): void {
    const { length } = value
    if (length < 256) {
      const at = this.#room(2 + length)
      this.#buffer[at] = 0xa0
      this.#buffer[at + 1] = length
      this.#buffer.set(value, at + 2)
    } else {
      const at = this.#room(5 + length)
      this.#buffer[at] = 0xb0
      this.#buffer.writeUInt32BE(length, at + 1)
      this.#buffer.set(value, at + 5)
    }
  }

  number(value: number): void {
    if (Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff && !Object.is(value, -0)) {
      const at = this.#room(5)
      this.#buffer[at] = 0x71
      this.#buffer.writeInt32BE(value, at + 1)
    } else {
      const at = this.#room(9)
      this.#buffer[at] = 0x82
      this.#buffer.writeDoubleBE(value, at + 1)
    }
  }

  bigint(value: bigint): void {
    if (!has64Bits(value)) throw new RangeError('AMQP 1.0 has no integer of more than 64 bits')
    if (value > INT64_MAX) {
      this.ulong(value)
      return
    }
    const at = this.#room(9)
    this.#buffer[at] = 0x81
    this.#buffer.writeBigInt64BE(value, at + 1)
  }

  /** Writes `count` elements by `write` as a list. */
  list(count: number, write: () => void): void {
    if (count === 0) this.#byte(0x45)
    else this.#compound(0xd0, count, write)
  }

  /** Writes pairs by `write` as a map; `count` is the number of pairs. */
  map(count: number, write: () => void): void {
    this.#compound(0xd1, count * 2, write)
  }

  /**
   * Any value of the application; objects become maps with string keys.
   *
   * @throws TypeError or RangeError on what AMQP 1.0 has no type for
   */
  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        // Lone surrogates have no UTF-8: they would arrive as another text.
        if (!value.isWellFormed()) throw new TypeError('the text is no valid Unicode')
        this.string(value)
        return
      case 'number':
        this.number(value)
        return
      case 'boolean':
        this.boolean(value)
        return
      case 'bigint':
        this.bigint(value)
        return
      case 'undefined':
        this.null()
        return
      case 'object':
        this.#object(value)
        return
    }
    throw new TypeError(`AMQP 1.0 has no type for a ${typeof value}`)
  }

  #object(value: object | null): void {
    if (value === null) this.null()
    else if (value instanceof Date) this.timestamp(value.getTime())
    else if (value instanceof Uint8Array) this.binary(value)
    else if (Array.isArray(value)) {
      this.#nested(() =>
        this.list(value.length, () => {
          for (const item of value) this.value(item)
        }),
      )
    } else {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined)
      this.#nested(() =>
        this.map(entries.length, () => {
          for (const [key, item] of entries) {
            this.string(key)
            this.value(item)
          }
        }),
      )
    }
  }

  #nested(write: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH}`)
    write()
    this.#depth--
  }

  /** Size and count are known afterwards: written into the room left for them. */
  #compound(code: number, count: number, write: () => void): void {
    const at = this.#room(9)
    this.#buffer[at] = code
    write()
    this.#buffer.writeUInt32BE(this.#at - at - 5, at + 1)
    this.#buffer.writeUInt32BE(count, at + 5)
  }

  #text(code: number, value: string, encoding: 'utf8' | 'latin1'): void {
    // Short text, the usual case, is written straight into place; its length follows.
    if (value.length < 64) {
      const at = this.#room(2 + value.length * 3)
      const length = this.#buffer.write(value, at + 2, encoding)
      this.#buffer[at] = code
      this.#buffer[at + 1] = length
      this.#at = at + 2 + length
      return
    }
    const length = Buffer.byteLength(value, encoding)
    const long = length > 255
    const at = this.#room((long ? 5 : 2) + length)
    this.#buffer[at] = long ? code + 0x10 : code
    if (long) this.#buffer.writeUInt32BE(length, at + 1)
    else this.#buffer[at + 1] = length
    this.#buffer.write(value, at + (long ? 5 : 2), encoding)
  }

  #byte(value: number): void {
    this.#buffer[this.#room(1)] = value
  }

  /** Makes room for `bytes` and returns where they begin. */
  #room(bytes: number): number {
    const at = this.#at
    if (at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, at + bytes))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    this.#at = at + bytes
    return at
  }
}
