/**
 * The content header of a message, part by part: what a copy does not replace stays as it came, byte by byte.
 *
 * protocol: one flag for each property that is there, first: bit 15; then the properties in that order.
 */
import { type RawEntry, rawEntry, tableEntries } from './raw-table.ts'

/** Places of the properties, in the order of their flags. */
export const PART = {
  contentType: 0,
  contentEncoding: 1,
  headers: 2,
  deliveryMode: 3,
  priority: 4,
  correlationId: 5,
  replyTo: 6,
  expiration: 7,
  messageId: 8,
  timestamp: 9,
  type: 10,
  userId: 11,
  appId: 12,
  clusterId: 13,
} as const

const PARTS = 14
const KNOWN_FLAGS = 0xfffc

type TextPart = Exclude<keyof typeof PART, 'headers' | 'deliveryMode' | 'priority' | 'timestamp'>

export class ContentHeader {
  readonly #parts: (Buffer | undefined)[]
  #entries: RawEntry[] | undefined
  #changed = false

  private constructor(parts: (Buffer | undefined)[]) {
    this.#parts = parts
  }

  static empty(): ContentHeader {
    return new ContentHeader(new Array<undefined>(PARTS).fill(undefined))
  }

  /** @throws RangeError where `bytes` are no content header */
  static of(bytes: Buffer): ContentHeader {
    const flags = bytes.readUInt16BE(0)
    if ((flags & ~KNOWN_FLAGS) !== 0) throw new RangeError('Unknown properties')
    const parts: (Buffer | undefined)[] = []
    let at = 2
    for (let part = 0; part < PARTS; part++) {
      if ((flags & (0x8000 >> part)) === 0) parts.push(undefined)
      else {
        const end = at + partBytes(bytes, part, at)
        if (end > bytes.length) throw new RangeError('A property ends outside its header')
        parts.push(bytes.subarray(at, end))
        at = end
      }
    }
    if (at !== bytes.length) throw new RangeError('Bytes behind the properties')
    return new ContentHeader(parts)
  }

  /** A text as it stands on the wire, behind its length. */
  field(part: TextPart): Buffer | undefined {
    return this.#parts[PART[part]]
  }

  /** @param field as {@link field} gives it */
  setField(part: TextPart, field: Buffer): void {
    this.#set(part, field)
  }

  has(part: keyof typeof PART): boolean {
    return this.#parts[PART[part]] !== undefined
  }

  /** @param value of up to 255 bytes; `undefined`: leaves the property out */
  text(part: TextPart, value: string | undefined): void {
    const text = Buffer.from(value ?? '')
    if (text.length > 255) throw new RangeError(`${part} has more than 255 bytes`)
    this.#set(part, value === undefined ? undefined : Buffer.concat([Buffer.of(text.length), text]))
  }

  octet(part: 'deliveryMode' | 'priority', value: number | undefined): void {
    this.#set(part, value === undefined ? undefined : Buffer.of(value))
  }

  /** Unit: seconds since 1970. */
  timestamp(seconds: number | undefined): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(seconds ?? 0))
    this.#set('timestamp', seconds === undefined ? undefined : bytes)
  }

  /** The value with its type octet. */
  header(name: string): Buffer | undefined {
    return this.#headers().find(({ key }) => key === name)?.value
  }

  setHeader(name: string, value: Buffer): void {
    const entries = this.#headers()
    const place = entries.findIndex(({ key }) => key === name)
    if (place === -1) entries.push(rawEntry(name, value))
    else if (entries[place]!.value.equals(value)) return
    else entries[place] = rawEntry(name, value)
    this.#changed = true
  }

  dropHeader(name: string): void {
    this.dropHeaders((key) => key === name)
  }

  /** Returns those that it has dropped. */
  dropHeaders(unwanted: (name: string) => boolean): RawEntry[] {
    const entries = this.#headers()
    const dropped = entries.filter(({ key }) => unwanted(key))
    if (dropped.length === 0) return dropped
    this.#entries = entries.filter(({ key }) => !unwanted(key))
    this.#changed = true
    return dropped
  }

  toBytes(): Buffer {
    if (this.#changed && this.#entries) this.#parts[PART.headers] = headersPart(this.#entries)
    const flags = Buffer.alloc(2)
    let bits = 0
    for (let part = 0; part < PARTS; part++) if (this.#parts[part]) bits |= 0x8000 >> part
    flags.writeUInt16BE(bits)
    return Buffer.concat([flags, ...this.#parts.filter((part) => part !== undefined)])
  }

  #headers(): RawEntry[] {
    const part = this.#parts[PART.headers]
    this.#entries ??= part === undefined ? [] : tableEntries(part.subarray(4))
    return this.#entries
  }

  #set(part: keyof typeof PART, bytes: Buffer | undefined): void {
    this.#parts[PART[part]] = bytes
  }
}

/** No headers and an empty table are the same to the broker, but not to every client. */
function headersPart(entries: readonly RawEntry[]): Buffer | undefined {
  if (entries.length === 0) return undefined
  const bytes = Buffer.concat([Buffer.alloc(4), ...entries.map((entry) => entry.bytes)])
  bytes.writeUInt32BE(bytes.length - 4)
  return bytes
}

function partBytes(bytes: Buffer, part: number, at: number): number {
  switch (part) {
    case PART.headers:
      return 4 + bytes.readUInt32BE(at)
    case PART.deliveryMode:
    case PART.priority:
      return 1
    case PART.timestamp:
      return 8
    default:
      return 1 + bytes.readUInt8(at)
  }
}
