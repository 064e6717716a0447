/**
 * A copy of a message that came over AMQP 1.0: every section, annotation and type of it, taken as bytes; only what the copy says
 * otherwise is written anew.
 *
 * Beside that the header begins anew (`first-acquirer`, `delivery-count`: those are of the original's deliveries), a dead letter has no
 * `absolute-expiry-time`, and annotations of this adapter give way to those of the copy.
 */
import { sameProperty } from '../../../model/copy.ts'
import {
  DEAD_LETTER_REASON,
  type OutgoingMessage,
  type PropertyValue,
  StructuredBody,
} from '../../../model/message.ts'
import { priorityInRange, timeInRange, toldTime } from '../../../model/ranges.ts'
import { type AmqpMessage, textKey } from './amqp-message.ts'
import {
  holdsBigint,
  lifeOf,
  ownAnnotations,
  writeBody,
  writeCorrelationId,
  writeOwnAnnotations,
  writeSymbol,
  writeText,
  writeUserId,
} from './message-writer.ts'
import { BIGINTS, isOurs } from './own-annotations.ts'
import {
  APPLICATION_PROPERTIES,
  DELIVERY_ANNOTATIONS,
  FOOTER,
  HEADER,
  isBody,
  MESSAGE_ANNOTATIONS,
  PROPERTIES,
  placesOf,
  type Section,
} from './sections.ts'
import { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/**
 * @throws `DECODE_FAILED` where a section that must be changed cannot be read, TypeError or RangeError on what AMQP 1.0 has no type for;
 * some of it may have been written then
 */
export function writeCopy(writer: WireWriter, message: OutgoingMessage, original: AmqpMessage): void {
  const sameBody = isSameBody(message.body, original.body)
  const changes = changedProperties(message, original)
  writeHeader(writer, message, original)
  writeWhole(writer, original, original.section(DELIVERY_ANNOTATIONS))
  writeAnnotations(writer, message, original, needsBigints(message, original, sameBody, changes))
  writeProperties(writer, message, original)
  writeApplicationProperties(writer, original, changes)
  if (!sameBody) writeBody(writer, message)
  for (const section of original.sections)
    if (section.code === undefined || (sameBody && isBody(section.code)))
      writeWhole(writer, original, section)
  writeWhole(writer, original, original.section(FOOTER))
}

function writeWhole(writer: WireWriter, { bytes }: AmqpMessage, section: Section | undefined): void {
  if (section) writer.raw(bytes, section.from, section.to)
}

function isSameBody(body: OutgoingMessage['body'], original: OutgoingMessage['body']): boolean {
  if (body === original) return true
  return body instanceof Uint8Array && original instanceof Uint8Array && Buffer.compare(body, original) === 0
}

function writeHeader(writer: WireWriter, message: OutgoingMessage, original: AmqpMessage): void {
  const section = original.section(HEADER)
  const list = new Elements(original, section)
  if (message.durable !== original.durable) list.replace(0, () => writer.boolean(message.durable))
  if (message.priority !== priorityInRange(original.priority))
    list.replace(1, () => {
      if (message.priority === undefined) writer.null()
      else writer.ubyte(message.priority)
    })
  if (message.ttlMs !== original.ttlMs)
    list.replace(2, () => {
      const life = lifeOf(message)
      if (life === undefined) writer.null()
      else writer.uint(life)
    })
  list.cut(3)
  list.write(writer, HEADER)
}

function writeProperties(writer: WireWriter, message: OutgoingMessage, original: AmqpMessage): void {
  const list = new Elements(original, original.section(PROPERTIES))
  const { id, userId, to, subject, replyTo, contentType, createdAt, groupId } = message
  if (id !== original.id) list.replace(0, () => writer.string(id))
  if (userId !== original.userId) list.replace(1, () => writeUserId(writer, userId))
  if (to !== undefined) list.replace(2, () => writer.string(writer.dialect.wireAddress(to)))
  if (subject !== original.subject) list.replace(3, () => writeText(writer, subject))
  if (replyTo !== original.replyTo)
    list.replace(4, () => writeText(writer, replyTo && writer.dialect.wireAddress(replyTo)))
  if (message.correlationId !== original.correlationId)
    list.replace(5, () => writeCorrelationId(writer, message))
  if (contentType !== original.contentType) list.replace(6, () => writeSymbol(writer, contentType))
  if (DEAD_LETTER_REASON in message.properties && !(DEAD_LETTER_REASON in original.properties)) list.clear(8)
  const time = toldTime(createdAt)
  if (time !== undefined && time !== timeInRange(original.createdAt))
    list.replace(9, () => writer.timestamp(time))
  if (groupId !== original.groupId) list.replace(10, () => writeText(writer, groupId))
  list.write(writer, PROPERTIES)
}

/** A section that is a list, with new values in some places. */
class Elements {
  readonly #original: AmqpMessage
  readonly #section: Section | undefined
  /** Read on the first change. */
  #places: number[] | undefined
  readonly #changes = new Map<number, () => void>()
  #cut: number | undefined

  constructor(original: AmqpMessage, section: Section | undefined) {
    this.#original = original
    this.#section = section
  }

  replace(index: number, write: () => void): void {
    this.#changes.set(index, write)
  }

  /** Null, where there is anything else. */
  clear(index: number): void {
    const { bytes } = this.#original
    const at = this.#begin(index)
    if (at !== undefined && bytes[at] !== NULL) this.#changes.set(index, NOTHING)
  }

  /** Ends the list before `index`, where anything but null follows. */
  cut(index: number): void {
    const { bytes } = this.#original
    const places = this.#elements
    const needed = places.slice(index, -1).some((at) => bytes[at] !== NULL)
    if (needed) this.#cut = index
  }

  write(writer: WireWriter, code: number): void {
    const { bytes } = this.#original
    if (this.#changes.size === 0 && this.#cut === undefined) {
      writeWhole(writer, this.#original, this.#section)
      return
    }
    const places = this.#elements.slice(0, this.#cut === undefined ? undefined : this.#cut + 1)
    const count = Math.max(places.length - 1, ...[...this.#changes.keys()].map((index) => index + 1))
    // A list without anything in it says what none says.
    if (this.#changes.size === 0 && places.slice(0, -1).every((at) => bytes[at] === NULL)) return
    writer.section(code)
    writer.list(count, () => {
      for (let index = 0; index < count; index++) {
        const change = this.#changes.get(index)
        if (change === NOTHING || (!change && index >= places.length - 1)) writer.null()
        else if (change) change()
        else writer.raw(bytes, places[index]!, places[index + 1]!)
      }
    })
  }

  #begin(index: number): number | undefined {
    const places = this.#elements
    return index < places.length - 1 ? places[index] : undefined
  }

  get #elements(): number[] {
    this.#places ??= this.#section ? placesOf(this.#original.bytes, this.#section, 'list') : []
    return this.#places
  }
}

const NULL = 0x40
const NOTHING = (): void => {}

function writeAnnotations(
  writer: WireWriter,
  message: OutgoingMessage,
  original: AmqpMessage,
  bigints: boolean,
): void {
  const section = original.section(MESSAGE_ANNOTATIONS)
  const pairs = section ? pairsOf(original, section) : []
  const kept = pairs.filter(({ key }) => key === BIGINTS || !isOurs(key))
  const added = ownAnnotations(writer, message, bigints)
  if (added === 0 && kept.length === pairs.length) {
    writeWhole(writer, original, section)
    return
  }
  if (added + kept.length === 0) return
  writer.section(MESSAGE_ANNOTATIONS)
  writer.map(added + kept.length, () => {
    for (const { from, to } of kept) writer.raw(original.bytes, from, to)
    writeOwnAnnotations(writer, message, bigints)
  })
}

/** What a copy says otherwise than its original; `undefined` drops a property. */
type Changes = ReadonlyMap<string, PropertyValue | undefined>

function changedProperties(message: OutgoingMessage, original: AmqpMessage): Changes {
  const changes = new Map<string, PropertyValue | undefined>()
  if (message.properties === original.properties) return changes
  for (const name of Object.keys(original.properties))
    if (!(name in message.properties)) changes.set(name, undefined)
  for (const name of Object.keys(message.properties)) {
    const value = message.properties[name]
    if (!(name in original.properties) || !sameProperty(value, original.properties[name]))
      changes.set(name, value)
  }
  return changes
}

function writeApplicationProperties(writer: WireWriter, original: AmqpMessage, changes: Changes): void {
  const section = original.section(APPLICATION_PROPERTIES)
  if (changes.size === 0) {
    writeWhole(writer, original, section)
    return
  }
  const pairs = section ? pairsOf(original, section) : []
  const kept = pairs.filter(({ key }) => !changes.has(key))
  const added = [...changes].filter(([, value]) => value !== undefined)
  if (kept.length + added.length === 0) return
  writer.section(APPLICATION_PROPERTIES)
  writer.map(kept.length + added.length, () => {
    for (const { from, to } of kept) writer.raw(original.bytes, from, to)
    for (const [name, value] of added) {
      writer.string(name)
      writer.value(value)
    }
  })
}

/** A bigint that is new comes back as one only by the mark, which then holds for the message's longs and ulongs as well. */
function needsBigints(
  { body }: OutgoingMessage,
  original: AmqpMessage,
  sameBody: boolean,
  changes: Changes,
): boolean {
  if (original.bigints) return false
  if (!sameBody && body instanceof StructuredBody && holdsBigint(body.value)) return true
  return [...changes.values()].some(holdsBigint)
}

interface Pair {
  readonly key: string
  readonly from: number
  readonly to: number
}

function pairsOf({ bytes }: AmqpMessage, section: Section): Pair[] {
  const places = placesOf(bytes, section, 'map')
  const pairs: Pair[] = []
  for (let at = 0; at + 2 < places.length; at += 2) {
    const from = places[at]!
    const key = textKey(new WireReader(bytes, from, places[at + 1]!).value())
    pairs.push({ key, from, to: places[at + 2]! })
  }
  return pairs
}
