/**
 * Messages as values: what an application sends, what travels through the contract, what arrives.
 * No behaviour of any broker here.
 */
import type { MessagingError } from './errors.ts'

/** A value of an application property. The same type comes out at the other end on every adapter. */
export type PropertyValue = string | number | bigint | boolean | Date | Uint8Array | null

/** Application properties by name. */
export type Properties = Readonly<Record<string, PropertyValue>>

/** A value inside a structured body (`amqp/map`, `amqp/list`): what AMQP 1.0 maps and lists can hold. */
export type StructuredValue = PropertyValue | StructuredValue[] | { [key: string]: StructuredValue }

const STRUCTURED = Symbol.for('sluice/StructuredBody')

/**
 * A body that is a typed value instead of bytes.
 *
 * Adapters whose capability `structuredBodies` is `native` send it as the broker's own typed value
 * (AMQP 1.0 `amqp-value`); to all others the API hands bytes.
 */
export class StructuredBody {
  /** Also one of another copy of this module: a program that loads it twice has one embedded broker. */
  static [Symbol.hasInstance](value: unknown): value is StructuredBody {
    return typeof value === 'object' && value !== null && STRUCTURED in value
  }

  get [STRUCTURED](): true {
    return true
  }

  readonly value: StructuredValue
  constructor(value: StructuredValue) {
    this.value = value
  }
}

/** What a message says, whichever way it goes. Every field is always present. */
export interface MessageContent {
  /** Identity, for de-duplication and tracing. */
  id: string
  /** Key that patterns are matched against. */
  subject: string | undefined
  /** Bytes, or a structured body where the broker has typed values. */
  body: Uint8Array | StructuredBody
  /** Media type of the body. */
  contentType: string | undefined
  /** A null-prototype record: keys like `__proto__` are data. */
  properties: Properties
  /** An address string of this adapter. */
  replyTo: string | undefined
  /** Ties an answer to its question. */
  correlationId: string | undefined
  /** `undefined`: the broker's normal one, 4. */
  priority: number | undefined
  /** Remaining life. Unit: milliseconds; `undefined`: for ever. */
  ttlMs: number | undefined
  /** It survives a restart of the broker where node and store do. */
  durable: boolean
  /** As the sender gave it. */
  userId: string | undefined
  /** Name of the group of messages it belongs to; carried, not acted upon. */
  groupId: string | undefined
  /** Milliseconds since 1970. */
  createdAt: number | undefined
}

/** What the API hands to an adapter: checked, defaulted, encoded. */
export interface OutgoingMessage extends MessageContent {
  /** Node to send to on a link without a target (answers, dead letters): an address string of this adapter. */
  to: string | undefined
  /** Members addressed; only on multicast links, never empty. */
  members: readonly string[] | undefined
  /** Not delivered before this long. Unit: ms. */
  delayMs: number | undefined
  /** Milliseconds since 1970. Of a copy whose original tells no time, one that is told to nobody: `toldTime` of `ranges.ts`. */
  createdAt: number
  /** How many deliveries happened before this copy was made (a delayed release); 0 for a fresh message. */
  deliveriesBefore: number
  /**
   * The received message that this one is a copy of; `undefined` for a fresh one.
   *
   * The copy must carry all that the original has, also what no field here has a name for. An adapter that knows the original as its
   * own (by its class) writes it again with every native property, header, section, annotation and type: a field above (or a property)
   * that says what the original says is written as the original has it, one that differs, or is missing, replaces it. Any other adapter
   * writes `carriedAnnotations(message)` as its broker can hold them. What cannot be held stands in the adapter's mapping table, and is
   * told once for a connection by the event `warning`. An adapter keeps no reference to it after the message is written.
   */
  original: IncomingMessage | undefined
  /**
   * The request that this message answers; absent: it is no answer.
   *
   * An adapter that knows the request as its own (by its class) writes `correlationId` with the type that the request's correlation id, or,
   * where it had none, its message id has on the wire, as long as the text is still the same: an asker that gave a number, a UUID or
   * bytes finds its answer by that. An adapter keeps no reference to it after the message is written.
   */
  answers?: IncomingMessage | undefined
}

/**
 * What an adapter hands to the API: decoded from the wire, the body still as it came. `id` is empty when the sender set none.
 *
 * `priority` and `createdAt` are as the wire has them: the API brings them into range. `ttlMs` is what the broker still grants where it
 * tells, else all that was sent: only the broker's clock decides whether a message lives, never the sender's or ours.
 *
 * A field that cannot be decoded is left out, never thrown: what the decoder does not take is told by {@link damage}.
 */
export interface IncomingMessage extends MessageContent {
  /** Native extras (exchange, routing key, x-headers …), named as `annotations.ts` says; `undefined` when none. */
  annotations: Readonly<Record<string, unknown>> | undefined
  /**
   * Why the message, or a part of it, could not be decoded; `body` is then its bytes as they came. Reading `delivery.body` gives
   * this error (`DECODE_FAILED`); the delivery can be settled like any other. Absent: all was understood.
   */
  readonly damage?: MessagingError | undefined
  /**
   * All of the message beside its body as it stood on the wire, in the adapter's own form, for a dump that is restored on the same adapter
   * (`Adapter.fromWireForm`). Absent: fields and annotations say it all.
   */
  readonly wireForm?: Uint8Array | undefined
  /**
   * What a copy by any other adapter cannot hold, in a few words for people ("decimals"); asked when one is made, which is told once. Absent:
   * fields and annotations say it all.
   */
  readonly nativeOnly?: { readonly adapter: string; kinds(): readonly string[] } | undefined
}

/** Of a message whose sender gave none. */
export const NORMAL_PRIORITY = 4

const NO_PROPERTIES: Properties = Object.freeze(Object.create(null))

/** The shared empty property record. */
export function noProperties(): Properties {
  return NO_PROPERTIES
}

/** On a dead letter: why it is one. Text. */
export const DEAD_LETTER_REASON = 'sluice-reason'
/** On a dead letter: how often it had been delivered. A number. */
export const DEAD_LETTER_DELIVERIES = 'sluice-deliveries'
/** On a dead letter: the node, or `topic/subscription`, that it comes from. */
export const DEAD_LETTER_ORIGIN = 'sluice-origin'
/** On a dead letter: what the handler threw the last time: name, message and the first lines of the stack. Text of at most 4 KiB. */
export const DEAD_LETTER_ERROR = 'sluice-error'
/** On a dead letter that has been one before, and on what was replayed: how often it became one. A number. */
export const DEAD_LETTER_DEATHS = 'sluice-deaths'
/** On an answer: the responder threw, the body is the error's text. */
export const RESPONSE_ERROR = 'sluice-error'
