/**
 * AMQP 0-9-1 field tables (message headers) as plain data. amqplib's own decoder drops a `__proto__` key, rounds 64-bit
 * integers and ends the whole connection on a type it does not know; this one keeps every value.
 */

export type FieldValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | FieldValue[]
  | FieldTable

/** Has no prototype: every key is data. */
export interface FieldTable {
  [key: string]: FieldValue
}

/** Where the bytes of a table go that stop making sense half way. */
export const UNDECODED = 'x-sluice-undecoded'

/** @param bytes the entries, without the table's own length. Never throws. */
export function decodeFieldTable(bytes: Buffer): FieldTable {
  const reader = new Reader(bytes)
  const table: FieldTable = Object.create(null)
  let entry = 0
  try {
    while (reader.at < bytes.length) {
      entry = reader.at
      const key = reader.key()
      table[key] = reader.value()
    }
  } catch {
    table[UNDECODED] = Uint8Array.from(bytes.subarray(entry))
  }
  return table
}

/** Takes over a table that amqplib has decoded already: what it has lost stays lost. */
export function adoptFieldTable(decoded: object): FieldTable {
  const table: FieldTable = Object.create(null)
  for (const [key, value] of Object.entries(decoded)) table[key] = adoptValue(value)
  return table
}

class Reader {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  key(): string {
    const start = this.at + 1
    this.at = this.#end(start, this.#bytes.readUInt8(this.at))
    return this.#bytes.toString('utf8', start, this.at)
  }

  value(): FieldValue {
    const bytes = this.#bytes
    const type = String.fromCharCode(bytes.readUInt8(this.at++))
    const at = this.at
    switch (type) {
      case 'S': {
        const [start, end] = this.#block()
        return bytes.toString('utf8', start, end)
      }
      case 'I':
        this.at += 4
        return bytes.readInt32BE(at)
      case 'l':
      case 'L': // py-amqp's letter for the same
        this.at += 8
        return integer(bytes.readBigInt64BE(at))
      case 't':
        this.at += 1
        return bytes.readUInt8(at) !== 0
      case 'd':
        this.at += 8
        return bytes.readDoubleBE(at)
      case 'T':
        this.at += 8
        return timestamp(bytes.readBigUInt64BE(at))
      case 'V':
        return null
      case 'x': {
        const [start, end] = this.#block()
        return Uint8Array.from(bytes.subarray(start, end))
      }
      case 'b':
        this.at += 1
        return bytes.readInt8(at)
      case 'B':
        this.at += 1
        return bytes.readUInt8(at)
      case 's':
        this.at += 2
        return bytes.readInt16BE(at)
      case 'u':
        this.at += 2
        return bytes.readUInt16BE(at)
      case 'i':
        this.at += 4
        return bytes.readUInt32BE(at)
      case 'f':
        this.at += 4
        return bytes.readFloatBE(at)
      case 'D':
        this.at += 5
        return decimal(bytes.readUInt8(at), bytes.readInt32BE(at + 1))
      case 'F': {
        const table: FieldTable = Object.create(null)
        const [start, end] = this.#block()
        this.at = start
        while (this.at < end) {
          const key = this.key()
          table[key] = this.value()
        }
        return table
      }
      case 'A': {
        const items: FieldValue[] = []
        const [start, end] = this.#block()
        this.at = start
        while (this.at < end) items.push(this.value())
        return items
      }
    }
    throw new RangeError(`Unknown field type ${type}`)
  }

  /** A length and that many bytes: where they start and end. Stands behind them. */
  #block(): [number, number] {
    const start = this.at + 4
    this.at = this.#end(start, this.#bytes.readUInt32BE(this.at))
    return [start, this.at]
  }

  #end(start: number, length: number): number {
    if (start + length > this.#bytes.length) throw new RangeError('A field ends outside its table')
    return start + length
  }
}

/** A number where that is exact, else a bigint. */
function integer(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** AMQP 0-9-1 counts whole seconds. What no Date can hold stays a count. */
function timestamp(seconds: bigint): Date | number | bigint {
  const date = new Date(Number(seconds) * 1000)
  return Number.isNaN(date.getTime()) ? integer(seconds) : date
}

/** At most ten digits: exact as written, so a double shows the same. */
function decimal(places: number, digits: number): number {
  return Number(`${digits}e-${places}`)
}

function adoptValue(value: unknown): FieldValue {
  if (typeof value !== 'object' || value === null) return value as FieldValue
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(adoptValue)
  if (Object.hasOwn(value, '!')) {
    const tagged = value as unknown as { '!': string; value: unknown }
    if (tagged['!'] === 'timestamp') return timestamp(BigInt(tagged.value as number))
    if (tagged['!'] === 'decimal') {
      const { places, digits } = tagged.value as { places: number; digits: number }
      return decimal(places, digits)
    }
  }
  return adoptFieldTable(value)
}
