/**
 * Reads AMQP 1.0 values (part 1 of the standard: types). Every length is checked against what is there, so hostile input ends in an
 * error, never in a huge allocation, an endless loop or an exhausted stack.
 *
 * A described value is read as the value alone: what its descriptor means is nobody's knowledge here. Copies keep it, because they take
 * the bytes (`copy-writer.ts`).
 */
import { MessagingError } from '../../../model/errors.ts'
import { timeInRange } from '../../../model/ranges.ts'
import { ADAPTER } from '../errors.ts'

/** Lists and maps inside each other; what is deeper is `DECODE_FAILED`. */
export const MAX_READ_DEPTH = 1_000
/** Elements without bytes of their own (an array of `true`) that one message may claim. */
const MAX_EMPTY_ELEMENTS = 1_000_000

const DESCRIBED = 0x00
const NULL = 0x40
const LIST_0 = 0x45

export class WireReader {
  readonly #bytes: Buffer
  #at: number
  /** What is being read ends here: the message, or the list, map or array inside it. */
  #end: number
  #depth = 0
  #emptyElements = 0
  /** Long and ulong come as bigint whatever their size; else only those a number cannot hold. */
  bigints = false

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get at(): number {
    return this.#at
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** Goes on reading between these places. */
  seek(at: number, end: number): void {
    this.#at = at
    this.#end = end
    this.#depth = 0
  }

  /** The descriptor that begins here, as number or text; `undefined` where it is neither, or no descriptor stands here. */
  descriptor(): number | string | undefined {
    if (this.#byte() !== DESCRIBED) throw malformed('a section without descriptor')
    switch (this.#bytes[this.#at]) {
      case 0x53:
        this.#at++
        return this.#byte()
      case 0x44:
      case 0x80:
        return Number(this.value())
      case 0xa3:
      case 0xb3:
        return String(this.value())
    }
    this.skip()
    return undefined
  }

  /** Passes one value of whatever type and depth, by its length alone. */
  skip(): void {
    for (let open = 1; open > 0; open--) {
      const code = this.#byte()
      // The descriptor and the value come still.
      if (code === DESCRIBED) open += 2
      else this.#take(this.#width(code))
    }
  }

  /** Enters a list (`null`: an empty one); returns the number of its elements. */
  listLength(): number {
    const code = this.#byte()
    if (code === LIST_0 || code === NULL) return 0
    if (code === 0xc0) return this.#enterWhole(this.#byte(), 1)
    if (code === 0xd0) return this.#enterWhole(this.#uint(), 4)
    throw malformed('no list where one must be')
  }

  /** Enters a map (`null`: an empty one); returns the number of its pairs. */
  mapLength(): number {
    const code = this.#byte()
    if (code === NULL) return 0
    let count: number
    if (code === 0xc1) count = this.#enterWhole(this.#byte(), 1)
    else if (code === 0xd1) count = this.#enterWhole(this.#uint(), 4)
    else throw malformed('no map where one must be')
    if (count % 2 !== 0) throw malformed('a key without value')
    return count >> 1
  }

  value(): unknown {
    let code = this.#byte()
    while (code === DESCRIBED) {
      this.skip()
      code = this.#byte()
    }
    return this.#value(code)
  }

  /** Bytes of a binary that is read without copying: valid as long as the message is. */
  binaryView(): Buffer {
    const code = this.#byte()
    if (code === 0xa0) return this.#slice(this.#byte())
    if (code === 0xb0) return this.#slice(this.#uint())
    throw malformed('no binary where one must be')
  }

  #value(code: number): unknown {
    const bytes = this.#bytes
    switch (code) {
      case NULL:
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
        return this.bigints ? 0n : 0
      case 0x50:
      case 0x52:
        return this.#byte()
      case 0x53: {
        const small = this.#byte()
        return this.bigints ? BigInt(small) : small
      }
      case 0x51:
      case 0x54:
        return bytes.readInt8(this.#take(1))
      case 0x55: {
        const small = bytes.readInt8(this.#take(1))
        return this.bigints ? BigInt(small) : small
      }
      case 0x60:
        return bytes.readUInt16BE(this.#take(2))
      case 0x61:
        return bytes.readInt16BE(this.#take(2))
      case 0x70:
        return this.#uint()
      case 0x71:
        return bytes.readInt32BE(this.#take(4))
      case 0x72:
        return bytes.readFloatBE(this.#take(4))
      case 0x73:
        return character(this.#uint())
      case 0x80:
        return this.#integer(bytes.readBigUInt64BE(this.#take(8)))
      case 0x81:
        return this.#integer(bytes.readBigInt64BE(this.#take(8)))
      case 0x82:
        return bytes.readDoubleBE(this.#take(8))
      case 0x83:
        return time(bytes.readBigInt64BE(this.#take(8)))
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
        return copyOf(this.#slice(this.#uint()))
      case 0xa1:
        return this.#text(this.#byte(), 'utf8')
      case 0xb1:
        return this.#text(this.#uint(), 'utf8')
      case 0xa3:
        return this.#text(this.#byte(), 'latin1')
      case 0xb3:
        return this.#text(this.#uint(), 'latin1')
      case LIST_0:
        return []
      case 0xc0:
        return this.#list(this.#byte(), 1)
      case 0xd0:
        return this.#list(this.#uint(), 4)
      case 0xc1:
        return this.#map(this.#byte(), 1)
      case 0xd1:
        return this.#map(this.#uint(), 4)
      case 0xe0:
        return this.#array(this.#byte(), 1)
      case 0xf0:
        return this.#array(this.#uint(), 4)
    }
    throw malformed(`type code 0x${code.toString(16)}`)
  }

  #list(size: number, width: 1 | 4): unknown[] {
    const outer = this.#enter(size)
    const list: unknown[] = []
    for (let left = this.#count(width); left > 0; left--) list.push(this.value())
    this.#leave(outer)
    return list
  }

  #map(size: number, width: 1 | 4): Record<string, unknown> {
    const outer = this.#enter(size)
    const map: Record<string, unknown> = Object.create(null)
    const count = this.#count(width)
    if (count % 2 !== 0) throw malformed('a key without value')
    for (let left = count; left > 0; left -= 2) {
      const key = this.value()
      map[typeof key === 'string' ? key : keyText(key)] = this.value()
    }
    this.#leave(outer)
    return map
  }

  #array(size: number, width: 1 | 4): unknown[] {
    const outer = this.#enter(size)
    const list: unknown[] = []
    const count = this.#count(width)
    if (count > 0) {
      let code = this.#byte()
      while (code === DESCRIBED) {
        this.skip()
        code = this.#byte()
      }
      if (code >> 4 === 4) {
        this.#emptyElements += count
        if (this.#emptyElements > MAX_EMPTY_ELEMENTS)
          throw malformed(`more than ${MAX_EMPTY_ELEMENTS} elements without bytes`)
      }
      for (let left = count; left > 0; left--) list.push(this.#value(code))
    } else this.#at = this.#end
    this.#leave(outer)
    return list
  }

  /** Narrows what is read to the next `size` bytes; returns what {@link #leave} needs. */
  #enter(size: number): number {
    if (++this.#depth > MAX_READ_DEPTH) throw malformed(`nesting deeper than ${MAX_READ_DEPTH}`)
    const outer = this.#end
    if (size > outer - this.#at) throw malformed('a size beyond the end')
    this.#end = this.#at + size
    return outer
  }

  #leave(outer: number): void {
    if (this.#at !== this.#end) throw malformed('a size that does not fit its elements')
    this.#end = outer
    this.#depth--
  }

  /** As {@link #enter}, for the value of a section: nothing comes after it. */
  #enterWhole(size: number, width: 1 | 4): number {
    this.#enter(size)
    return this.#count(width)
  }

  #count(width: 1 | 4): number {
    return width === 1 ? this.#byte() : this.#uint()
  }

  #integer(value: bigint): number | bigint {
    return !this.bigints &&
      value >= BigInt(Number.MIN_SAFE_INTEGER) &&
      value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value
  }

  /** Bytes of a value behind its type code: the standard tells them by the code's upper half, for types to come as well. */
  #width(code: number): number {
    switch (code >> 4) {
      case 0x4:
        return 0
      case 0x5:
        return 1
      case 0x6:
        return 2
      case 0x7:
        return 4
      case 0x8:
        return 8
      case 0x9:
        return 16
      case 0xa:
      case 0xc:
      case 0xe:
        return this.#byte()
      case 0xb:
      case 0xd:
      case 0xf:
        return this.#uint()
    }
    throw malformed(`type code 0x${code.toString(16)}`)
  }

  #text(length: number, encoding: 'utf8' | 'latin1'): string {
    const at = this.#take(length)
    return this.#bytes.toString(encoding, at, at + length)
  }

  #slice(length: number): Buffer {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #uint(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw malformed('an end too early')
    this.#at = at + length
    return at
  }
}

/** A time that no `Date` can hold is its count of milliseconds. */
function time(ms: bigint): Date | number | bigint {
  const count = Number(ms)
  if (timeInRange(count) !== undefined) return new Date(count)
  return Number.isSafeInteger(count) ? count : ms
}

/** Keys of maps may be of any type; here they are text. */
export function keyText(key: unknown): string {
  if (key instanceof Uint8Array) return Buffer.from(key).toString('hex')
  if (key instanceof Date) return String(key.getTime())
  if (typeof key !== 'object' || key === null) return String(key)
  return JSON.stringify(key, (_, item) => (typeof item === 'bigint' ? String(item) : item))
}

/** Standard text form, big-endian. */
function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function copyOf(view: Buffer): Uint8Array {
  return Uint8Array.from(view)
}

/** Halves of surrogate pairs are no characters, and no text could hold them. */
function character(code: number): string {
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? '\ufffd' : String.fromCodePoint(code)
}

export function malformed(what: string): MessagingError {
  return new MessagingError('DECODE_FAILED', `The message is no valid AMQP 1.0: ${what}`, {
    context: { adapter: ADAPTER },
  })
}
