/**
 * The W3C context of a message: `traceparent`, `tracestate` and `baggage`, as text among its properties, or among its annotations
 * where another program put it there. A context that a message has is never replaced.
 */
import type { IncomingMessage, OutgoingMessage, PropertyValue } from '../../model/message.ts'
import type { ReceivedMessage } from '../message/received-message.ts'
import { incomingOf } from '../message/wire-message.ts'

/** W3C context in its text form. */
export interface TraceCarrier {
  /** Ids of trace and span: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. */
  traceparent?: string
  /** What tracing systems add to it. */
  tracestate?: string
  /** The application's own names and values that travel with a trace: `region=eu,tier=gold`. */
  baggage?: string
}

/** A future version may be longer, and 00 may not; trace and span ids of zeros mean none. */
const TRACEPARENT =
  /^(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/
/** The least that a list has: one `name=value`. Other text of that name is a property of the application. */
const LIST = /^\s*[^\s=,;]+\s*=[\x20-\x7e\t]*$/
/** Longest text taken. Unit: characters. */
const LONGEST = 8_192

/** What a message carries; `undefined` for a message without context. Text of these names that is no W3C context counts as none. */
export function carriedBy(message: IncomingMessage | OutgoingMessage): Readonly<TraceCarrier> | undefined {
  const annotations = 'original' in message ? message.original?.annotations : message.annotations
  const find = (name: keyof TraceCarrier, shape: RegExp): string | undefined =>
    text(message.properties[name], shape) ?? text(annotations?.[name], shape)
  const carrier: TraceCarrier = {}
  const traceparent = find('traceparent', TRACEPARENT)
  const tracestate = traceparent === undefined ? undefined : find('tracestate', LIST)
  const baggage = find('baggage', LIST)
  if (traceparent !== undefined) carrier.traceparent = traceparent
  if (tracestate !== undefined) carrier.tracestate = tracestate
  if (baggage !== undefined) carrier.baggage = baggage
  return traceparent === undefined && baggage === undefined ? undefined : carrier
}

/**
 * The W3C context of a message that came in, from its properties or annotations; `undefined`: it has none.
 *
 * @example
 * const trace = traceCarrierOf(delivery)?.traceparent
 */
export function traceCarrierOf(message: ReceivedMessage): Readonly<TraceCarrier> | undefined {
  return carriedBy(incomingOf(message))
}

/** Adds `carrier` to the properties; what the message has under these names already, as a property or an annotation, stays. */
export function inject({ traceparent, tracestate, baggage }: TraceCarrier, message: OutgoingMessage): void {
  const annotations = message.original?.annotations
  const free = (name: string): boolean => !(name in message.properties) && annotations?.[name] === undefined
  const added: Record<string, PropertyValue> = {}
  if (traceparent !== undefined && free('traceparent')) {
    added.traceparent = traceparent
    // Of one kind: a state belongs to its parent.
    if (tracestate !== undefined && free('tracestate')) added.tracestate = tracestate
  }
  if (baggage !== undefined && free('baggage')) added.baggage = baggage
  // The record may be shared: with all messages that have none, or with the message that this one is a copy of.
  if (Object.keys(added).length > 0)
    message.properties = Object.assign(Object.create(null), message.properties, added)
}

/** Some programs write the text as bytes. */
function text(value: unknown, shape: RegExp): string | undefined {
  const found = value instanceof Uint8Array && value.byteLength <= LONGEST ? latin1(value) : value
  return typeof found === 'string' && found.length <= LONGEST && shape.test(found) ? found : undefined
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}
