/**
 * The content header of a copy: that of its original, with what the copy says otherwise in its place. A field that says the
 * same keeps its bytes, and so does all that the API has no field for.
 *
 * What belongs to the place where the original was goes: its position in a stream, the count of its queue, and what the
 * broker noted of being held back for a delay. Routing keys of `CC` go under another name, or they would act again;
 * so does an `x-death` over which the broker would lose the message when it moves it, for good where it is no record of deaths, and for the
 * time of a delay where it would be a circle.
 */
import { carriedAnnotations } from '../../../model/annotations.ts'
import { isRevived, sameProperty } from '../../../model/copy.ts'
import {
  NORMAL_PRIORITY,
  noProperties,
  type OutgoingMessage,
  type Properties,
} from '../../../model/message.ts'
import { priorityInRange, timeInRange, toldTime } from '../../../model/ranges.ts'
import { RawProperties } from '../wire/native-properties.ts'
import { encodeAnnotations } from './annotation-headers.ts'
import { expirationOf, lifeAfter, type PublishOptions, type Route, replyQueue } from './codec.ts'
import { ContentHeader } from './content-header.ts'
import { isRecord, shelterDeaths, withoutDeaths, withoutHolds } from './deaths.ts'
import * as HEADERS from './headers.ts'
import { RabbitmqMessage } from './incoming.ts'
import { decodedOptions } from './native-options.ts'
import { typeNote } from './property-codec.ts'
import { fieldBytes, type RawEntry, rawEntry, tableBytes, tableEntries } from './raw-table.ts'

/** @throws `ENCODE_FAILED` */
export function copyOptions(message: OutgoingMessage, route: Route): PublishOptions {
  const { original } = message
  const raw = original instanceof RabbitmqMessage ? original.header : undefined
  let header: ContentHeader
  if (raw) {
    header = ContentHeader.of(raw)
    overlay(header, message, original as RabbitmqMessage, route)
  } else {
    header = ContentHeader.empty()
    overlay(header, message, NOTHING, route)
    if (message.priority === undefined) header.octet('priority', NORMAL_PRIORITY)
    const annotations = carriedAnnotations(message)
    if (annotations) encodeAnnotations(annotations, message.properties, header)
  }
  const id = requestId(message)
  if (id) header.setField('correlationId', id)
  if (message.delayMs !== undefined) shelterDeaths(header, route.dueAt)
  const bytes = header.toBytes()
  return decodedOptions(new RawProperties(bytes), route.mandatory)
}

/** Of an answer: the id of its request as it came, where that is no text. */
export function requestId({ answers, correlationId }: OutgoingMessage): Buffer | undefined {
  return answers instanceof RabbitmqMessage ? answers.bytesOfId(correlationId) : undefined
}

/** What a copy is compared with. */
type Original = Pick<
  RabbitmqMessage,
  | 'id'
  | 'subject'
  | 'contentType'
  | 'properties'
  | 'replyTo'
  | 'correlationId'
  | 'priority'
  | 'ttlMs'
  | 'userId'
  | 'groupId'
  | 'createdAt'
> & {
  readonly durable: boolean | undefined
  readonly nativeUserId: string | undefined
  /** The subject is told without its own header. */
  readonly byDefaultExchange: boolean
}

/** A message of another adapter is written from the beginning. */
const NOTHING: Original = {
  id: '',
  subject: undefined,
  contentType: undefined,
  properties: noProperties(),
  replyTo: undefined,
  correlationId: undefined,
  priority: undefined,
  ttlMs: undefined,
  durable: undefined,
  userId: undefined,
  groupId: undefined,
  createdAt: undefined,
  nativeUserId: undefined,
  byDefaultExchange: false,
}

function overlay(header: ContentHeader, message: OutgoingMessage, original: Original, route: Route): void {
  header.dropHeaders(isOfItsPlace)
  withoutHolds(header)
  if (isRevived(message.properties, original.properties)) withoutDeaths(header)
  const deaths = header.header(HEADERS.DEATHS)
  if (deaths && !isRecord(deaths)) {
    header.dropHeader(HEADERS.DEATHS)
    header.setHeader(HEADERS.ODD_DEATHS, deaths)
  }
  const furtherKeys = header.header('CC')
  if (furtherKeys) {
    header.dropHeader('CC')
    header.setHeader(HEADERS.CC, furtherKeys)
  }
  properties(header, original.properties, message.properties)
  const { subject, groupId, deliveriesBefore } = message
  text(header, 'messageId', HEADERS.LONG_ID, message.id || undefined, original.id || undefined)
  text(header, 'contentType', HEADERS.LONG_CONTENT_TYPE, message.contentType, original.contentType)
  text(header, 'correlationId', HEADERS.LONG_CORRELATION_ID, message.correlationId, original.correlationId)
  replyTo(header, message.replyTo, original.replyTo)
  if (route.subjectIsKey || !original.byDefaultExchange || subject !== original.subject)
    note(header, HEADERS.SUBJECT, route.subjectIsKey && subject !== '' ? undefined : subject)
  if (groupId !== original.groupId) note(header, HEADERS.GROUP_ID, groupId)
  note(header, HEADERS.DELIVERIES, deliveriesBefore > 0 ? deliveriesBefore : undefined)
  if (message.priority !== priorityInRange(original.priority)) header.octet('priority', message.priority)
  if (message.durable !== original.durable) header.octet('deliveryMode', message.durable ? 2 : 1)
  timeToLive(header, message, original)
  user(header, message.userId, original, route.login)
  time(header, message.createdAt, original.createdAt)
}

function isOfItsPlace(name: string): boolean {
  return (
    name === HEADERS.DELIVERY_COUNT ||
    name === HEADERS.ACQUIRED_COUNT ||
    name === HEADERS.STREAM_OFFSET ||
    name === 'BCC'
  )
}

function note(header: ContentHeader, name: string, value: string | number | undefined): void {
  if (value === undefined) header.dropHeader(name)
  else header.setHeader(name, fieldBytes(value))
}

/** A native field of up to 255 bytes, or a header where that is too short. */
function text(
  header: ContentHeader,
  part: 'messageId' | 'contentType' | 'correlationId',
  long: string,
  value: string | undefined,
  before: string | undefined,
): void {
  if (value === before) return
  const fits = value === undefined || HEADERS.short(value)
  header.text(part, fits ? value : undefined)
  note(header, long, fits ? undefined : value)
}

function replyTo(header: ContentHeader, address: string | undefined, before: string | undefined): void {
  if (address === before) return
  const queue = address === undefined ? undefined : replyQueue(address)
  note(header, HEADERS.REPLY_TO, queue === undefined ? address : undefined)
  header.text('replyTo', queue ?? (address !== undefined && HEADERS.short(address) ? address : undefined))
}

/** One that was held back has its time to live in a header of its own: where it is not held back again, the broker counts it. */
function timeToLive(header: ContentHeader, message: OutgoingMessage, original: Original): void {
  const { ttlMs, delayMs } = message
  const wasHeld = header.header(HEADERS.LIFE) !== undefined
  if (ttlMs !== original.ttlMs || wasHeld || delayMs !== undefined)
    header.text('expiration', expirationOf(message))
  const life = ttlMs === undefined || delayMs === undefined ? undefined : lifeAfter(ttlMs, delayMs)
  note(header, HEADERS.LIFE, life)
}

/** protocol: the broker takes no other user id than that of the login. */
function user(
  header: ContentHeader,
  userId: string | undefined,
  original: Original,
  login: string | undefined,
): void {
  const kept = userId === original.userId && original.nativeUserId === login
  const native = kept ? original.nativeUserId : userId === login ? userId : undefined
  if (native !== original.nativeUserId) header.text('userId', native)
  note(header, HEADERS.USER_ID, userId === native ? undefined : userId)
}

function time(header: ContentHeader, createdAt: number, original: number | undefined): void {
  const time = toldTime(createdAt)
  if (time === undefined || time === timeInRange(original)) return
  header.timestamp(time < 0 ? undefined : Math.floor(time / 1000))
  note(header, HEADERS.CREATED_MS, time % 1000 !== 0 || time < 0 ? time : undefined)
}

/** Only what differs. */
function properties(header: ContentHeader, before: Properties, after: Properties): void {
  if (before === after) return
  const types = new OwnTable(header, HEADERS.TYPES)
  const sheltered = new OwnTable(header, HEADERS.PROPERTIES)
  const remove = (key: string): void => {
    types.delete(key)
    sheltered.delete(key)
    if (!HEADERS.isReserved(key)) header.dropHeader(key)
  }
  for (const key in before) if (!Object.hasOwn(after, key)) remove(key)
  for (const key in after) {
    const value = after[key]!
    if (Object.hasOwn(before, key) && sameProperty(before[key], value)) continue
    remove(key)
    const type = typeNote(value)
    if (type !== undefined) types.set(key, fieldBytes(type))
    if (HEADERS.isReserved(key)) sheltered.set(key, fieldBytes(value))
    else header.setHeader(key, fieldBytes(value))
  }
  types.write()
  sheltered.write()
}

/** A table in one of this adapter's own headers. */
class OwnTable {
  readonly #header: ContentHeader
  readonly #name: string
  #entries: RawEntry[] | undefined
  #changed = false

  constructor(header: ContentHeader, name: string) {
    this.#header = header
    this.#name = name
  }

  delete(key: string): void {
    const entries = this.#read()
    if (!entries.some((entry) => entry.key === key)) return
    this.#entries = entries.filter((entry) => entry.key !== key)
    this.#changed = true
  }

  set(key: string, value: Buffer): void {
    this.#read().push(rawEntry(key, value))
    this.#changed = true
  }

  write(): void {
    if (!this.#changed) return
    if (this.#read().length === 0) this.#header.dropHeader(this.#name)
    else this.#header.setHeader(this.#name, tableBytes(this.#read()))
  }

  #read(): RawEntry[] {
    const value = this.#header.header(this.#name)
    this.#entries ??= value?.[0] === 0x46 ? tableEntries(value.subarray(5)) : []
    return this.#entries
  }
}
