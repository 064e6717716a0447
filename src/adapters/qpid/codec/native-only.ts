/** What of a message of AMQP 1.0 no other protocol here can hold: the rows of docs/mapping.md that say so. */
import { timeInRange } from '../../../model/ranges.ts'
import { APPLICATION_PROPERTIES, placesOf, type Section } from './sections.ts'

const MESSAGE_ID = 0
const CORRELATION_ID = 5
/** Type codes of text and null. */
const TEXTS: ReadonlySet<number> = new Set([0x40, 0xa1, 0xb1])
const LENGTH = 'the length of numbers'
/** Types of properties that become plain numbers, text or bytes elsewhere. Not those that this library writes itself. */
const NARROWED: ReadonlyMap<number, string> = new Map([
  [0x50, LENGTH],
  [0x51, LENGTH],
  [0x60, LENGTH],
  [0x61, LENGTH],
  [0x43, LENGTH],
  [0x52, LENGTH],
  [0x70, LENGTH],
  [0x72, LENGTH],
  [0x73, 'characters'],
  [0x98, 'UUIDs'],
  [0xa3, 'symbols'],
  [0xb3, 'symbols'],
  [0x74, 'decimals'],
  [0x84, 'decimals'],
  [0x94, 'decimals'],
])

/** What of a message is looked at; see `amqp-message.ts`. */
interface Looked {
  readonly bytes: Buffer
  readonly createdAt: number | undefined
  section(code: number): Section | undefined
  property(index: number): readonly [number, number] | undefined
}

export function nativeOnly(message: Looked): string[] {
  const kinds = new Set<string>()
  const { bytes, createdAt } = message
  if (createdAt !== undefined && timeInRange(createdAt) === undefined) kinds.add('a time that no Date holds')
  for (const index of [MESSAGE_ID, CORRELATION_ID]) {
    const place = message.property(index)
    if (place && !TEXTS.has(bytes[place[0]]!)) kinds.add('ids that are no text')
  }
  const section = message.section(APPLICATION_PROPERTIES)
  const places = section ? placesOf(bytes, section, 'map') : []
  // Each second element is a value; the last place is the end.
  for (let at = 1; at < places.length - 1; at += 2) {
    const kind = NARROWED.get(bytes[places[at]!]!)
    if (kind !== undefined) kinds.add(kind)
  }
  return [...kinds]
}
