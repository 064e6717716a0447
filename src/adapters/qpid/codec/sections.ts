/** Where the sections of an encoded message stand (part 3 of the standard: messaging). */
import { malformed, WireReader } from './wire-reader.ts'

export const HEADER = 0x70
export const DELIVERY_ANNOTATIONS = 0x71
export const MESSAGE_ANNOTATIONS = 0x72
export const PROPERTIES = 0x73
export const APPLICATION_PROPERTIES = 0x74
export const DATA = 0x75
export const SEQUENCE = 0x76
export const VALUE = 0x77
export const FOOTER = 0x78

/** A section may be named by symbol as well. */
const BY_SYMBOL: ReadonlyMap<string, number> = new Map([
  ['amqp:header:list', HEADER],
  ['amqp:delivery-annotations:map', DELIVERY_ANNOTATIONS],
  ['amqp:message-annotations:map', MESSAGE_ANNOTATIONS],
  ['amqp:properties:list', PROPERTIES],
  ['amqp:application-properties:map', APPLICATION_PROPERTIES],
  ['amqp:data:binary', DATA],
  ['amqp:amqp-sequence:list', SEQUENCE],
  ['amqp:amqp-value:*', VALUE],
  ['amqp:footer:map', FOOTER],
])

export interface Section {
  /** `undefined`: none that the standard knows. */
  readonly code: number | undefined
  /** Its descriptor begins here, its value at `value`, and it ends before `to`. */
  readonly from: number
  readonly value: number
  readonly to: number
}

/** @throws `DECODE_FAILED` where the bytes do not fall into sections, or one that stands alone comes twice */
export function sectionsOf(bytes: Buffer): Section[] {
  const reader = new WireReader(bytes)
  const sections: Section[] = []
  let seen = 0
  while (!reader.done) {
    const from = reader.at
    const descriptor = reader.descriptor()
    const code = typeof descriptor === 'string' ? BY_SYMBOL.get(descriptor) : known(descriptor)
    const value = reader.at
    reader.skip()
    sections.push({ code, from, value, to: reader.at })
    if (code === undefined || isBody(code)) continue
    const bit = 1 << (code - HEADER)
    if (seen & bit) throw malformed('a section that comes twice')
    seen |= bit
  }
  return sections
}

export function isBody(code: number | undefined): boolean {
  return code === DATA || code === SEQUENCE || code === VALUE
}

function known(descriptor: number | undefined): number | undefined {
  return descriptor !== undefined && descriptor >= HEADER && descriptor <= FOOTER ? descriptor : undefined
}

/**
 * Where the elements of a section that is a list or a map begin, and where the last one ends: one number more than elements.
 *
 * @throws `DECODE_FAILED`
 */
export function placesOf(bytes: Buffer, { value, to }: Section, kind: 'list' | 'map'): number[] {
  const reader = new WireReader(bytes, value, to)
  const count = kind === 'list' ? reader.listLength() : reader.mapLength() * 2
  const places: number[] = []
  for (let at = 0; at < count; at++) {
    places.push(reader.at)
    reader.skip()
  }
  places.push(reader.at)
  if (!reader.done) throw malformed('a size that does not fit its elements')
  return places
}
