/** The broker's own record of dead-lettering (`x-death`), in Sluice's words. Pure. */

import { isHold, subscriptionOf } from '../nodes/topology.ts'
import { decodeFieldTable, type FieldTable, type FieldValue } from '../wire/field-table.ts'
import type { ContentHeader } from './content-header.ts'
import { DEATHS, HELD_DEATHS } from './headers.ts'
import { isTable } from './property-codec.ts'
import { arrayItems, rawArray, tableBytes, tableEntries } from './raw-table.ts'

export interface Death {
  /** `rejected`, `expired`, `maxlen` or `delivery_limit`. */
  readonly reason: string
  /** How often it died there: deliveries are at least as many. */
  readonly count: number
  /** Node it came from: a queue, or `topic/subscription`. */
  readonly origin: string
  /** What it was published with, if it came by an exchange. */
  readonly subject: string | undefined
}

/** The last time the broker moved the message away for good; being held back for a delay is none. */
export function lastDeath(headers: FieldTable): Death | undefined {
  const deaths = headers[DEATHS]
  if (!Array.isArray(deaths)) return undefined
  for (const death of deaths) {
    if (!isTable(death)) continue
    const { queue, reason, count, exchange } = death
    if (typeof queue !== 'string' || isHold(queue)) continue
    return {
      reason: typeof reason === 'string' ? reason : 'unknown',
      count: typeof count === 'number' ? count : 1,
      origin: originOf(queue),
      subject: exchange === '' ? undefined : firstText(death['routing-keys']),
    }
  }
  return undefined
}

/**
 * For a message that is going to be held back, and to `queue` when it is due; `undefined`: to any queue.
 *
 * protocol: what expires in a queue is dropped when it would come where it died before, unless somebody rejected it since: the broker takes
 * that for a circle. A record that says so waits under another name.
 */
export function shelterDeaths(header: ContentHeader, queue: string | undefined): void {
  const record = header.header(DEATHS)
  const deaths = record && arrayItems(record)?.map((item) => decodeFieldTable(item.subarray(5)))
  // protocol: RabbitMQ 3.10 turns a record of several deaths round with each new one, before it looks for a circle
  if (!deaths || (!isCircle(deaths, queue) && !isCircle(deaths.reverse(), queue))) return
  header.setHeader(HELD_DEATHS, tableBytes(header.dropHeaders(isOfDeaths)))
}

/** Newest first, as the broker writes them. */
function isCircle(deaths: readonly FieldTable[], queue: string | undefined): boolean {
  for (const death of deaths) {
    if (death.reason === 'rejected') return false
    if (queue === undefined || death.queue === queue) return true
  }
  return false
}

/** The headers of a message with its record as it was before {@link shelterDeaths}. */
export function withHeldDeaths(headers: FieldTable): FieldTable {
  const held = headers[HELD_DEATHS]
  if (!isTable(held)) return headers
  const whole: FieldTable = Object.assign(Object.create(null), headers)
  delete whole[HELD_DEATHS]
  hideHolds(whole)
  for (const name of Object.keys(held).filter(isOfDeaths)) {
    const [now, before] = [whole[name], held[name]!]
    if (now === undefined) whole[name] = before
    else if (name === DEATHS && Array.isArray(now) && Array.isArray(before)) whole[name] = [...now, ...before]
  }
  return whole
}

/**
 * Takes out what the broker noted of a message being held back: it was no death, and the next holder of the message would
 * read it as one. The history before that stays.
 */
export function withoutHolds(header: ContentHeader): void {
  const deaths = header.header(DEATHS)
  const items = deaths && arrayItems(deaths)
  const real = items?.filter((item) => item[0] !== TABLE || !isHoldDeath(decodeFieldTable(item.subarray(5))))
  if (real && real.length < items!.length) {
    if (real.length === 0) header.dropHeader(DEATHS)
    else header.setHeader(DEATHS, rawArray(real))
  }
  for (const prefix of EDGES) {
    const queue = header.header(`${prefix}queue`)
    if (queue && isHold(queue.toString('utf8', 5))) header.dropHeaders((name) => name.startsWith(prefix))
  }
  const held = header.header(HELD_DEATHS)
  if (held?.[0] !== TABLE) return
  header.dropHeader(HELD_DEATHS)
  for (const { key, value } of tableEntries(held.subarray(5))) {
    const now = header.header(key)
    if (now === undefined) header.setHeader(key, value)
    else if (key === DEATHS)
      header.setHeader(DEATHS, rawArray([now, value].flatMap((one) => arrayItems(one) ?? [])))
  }
}

/** Whether it is what the broker writes: a list of tables. */
export function isRecord(deaths: Buffer): boolean {
  return arrayItems(deaths)?.every(([type]) => type === TABLE) === true
}

/** Takes out all that the broker noted of deaths: what is replayed is no dead letter any more. */
export function withoutDeaths(header: ContentHeader): void {
  header.dropHeaders(isOfDeaths)
}

/** The same among decoded headers. */
export function hideHolds(headers: Record<string, unknown>): void {
  const deaths = headers[DEATHS]
  if (Array.isArray(deaths)) {
    const real = deaths.filter((death: FieldValue) => !isTable(death) || !isHoldDeath(death))
    if (real.length === 0) delete headers[DEATHS]
    else if (real.length < deaths.length) headers[DEATHS] = real
  }
  for (const prefix of EDGES) {
    const queue = headers[`${prefix}queue`]
    if (typeof queue !== 'string' || !isHold(queue)) continue
    for (const name of Object.keys(headers)) if (name.startsWith(prefix)) delete headers[name]
  }
}

/** Type octet of a table. */
const TABLE = 0x46
/** The broker's summary of the first and (from RabbitMQ 3.13 on) the last death. */
const EDGES = ['x-first-death-', 'x-last-death-'] as const

function isOfDeaths(name: string): boolean {
  return name === DEATHS || EDGES.some((prefix) => name.startsWith(prefix))
}

function isHoldDeath({ queue }: FieldTable): boolean {
  return typeof queue === 'string' && isHold(queue)
}

function originOf(queue: string): string {
  const subscription = subscriptionOf(queue)
  return subscription ? `${subscription.topic}/${subscription.name}` : queue
}

function firstText(keys: FieldValue | undefined): string | undefined {
  const first = Array.isArray(keys) ? keys[0] : undefined
  return typeof first === 'string' && first !== '' ? first : undefined
}
