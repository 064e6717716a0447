/**
 * Messages as values: what an application sends, what travels through the contract, what arrives.
 * No behaviour of any broker here.
 */

/** A value of an application property. The same type comes out at the other end on every adapter. */
export type PropertyValue = string | number | bigint | boolean | Date | Uint8Array | null

/** Application properties by name. */
export type Properties = Readonly<Record<string, PropertyValue>>

/** A value inside a structured body (`amqp/map`, `amqp/list`): what AMQP 1.0 maps and lists can hold. */
export type StructuredValue = PropertyValue | StructuredValue[] | { [key: string]: StructuredValue }

/**
 * A body that is a typed value instead of bytes.
 *
 * Adapters whose capability `structuredBodies` is `native` send it as the broker's own typed value
 * (AMQP 1.0 `amqp-value`); to all others the API hands bytes.
 */
export class StructuredBody {
  readonly value: StructuredValue
  constructor(value: StructuredValue) {
    this.value = value
  }
}

/** The fields an application may set beside the body. Wrong values are `CONFIG_INVALID`, wrong types a `TypeError`. */
export interface MessageFields {
  /** Identity for de-duplication and tracing. Default: made by Sluice, unique. */
  id?: string
  /** Key that patterns are matched against; words separated by `.`. */
  subject?: string
  /** Media type of the body. Default: told from the body's type. */
  contentType?: string
  /** The application's own properties. */
  properties?: Readonly<Record<string, PropertyValue | undefined>>
  /** Where an answer should go: an address string. */
  replyTo?: string
  /** Ties an answer to its question: by habit the question's `id`. */
  correlationId?: string
  /** 0 to 9, larger first. Default 4. */
  priority?: number
  /** Time to live. Unit: milliseconds, above 0. Default: lives for ever (or the node's `ttlMs`, the shorter wins). */
  ttlMs?: number
  /** Survives a restart of the broker where node and store do. Default: true for queue and mailbox, else false. */
  durable?: boolean
  /** Who sends; some brokers refuse another name than the login's. */
  userId?: string
  /** Name of the group of messages it belongs to; carried, not acted upon. */
  groupId?: string
  /** Default: now. */
  createdAt?: Date
  /** Not delivered before this many milliseconds have passed. Default 0. */
  delayMs?: number
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
  createdAt: number
  /** How many deliveries happened before this copy was made (a delayed release); 0 for a fresh message. */
  deliveriesBefore: number
}

/**
 * What an adapter hands to the API: decoded from the wire, the body still as it came. `id` is empty when the sender set none. Where
 * the broker tells only the life that was sent, the adapter takes off the age by `createdAt` (at least 1 is left).
 */
export interface IncomingMessage extends MessageContent {
  /** Native extras (exchange, routing key, x-headers …); `undefined` when none. */
  annotations: Readonly<Record<string, unknown>> | undefined
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
/** On an answer: the responder threw, the body is the error's text. */
export const RESPONSE_ERROR = 'sluice-error'
