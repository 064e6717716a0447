/**
 * The wire protocol between clients and the hub, version 2. A ROUTER socket at the hub, a DEALER at each client; one ZeroMQ message of one
 * frame is a batch of records, or a part of one that is large (`parts.ts`):
 *
 *   record := op (1 byte) link (uint32) length (uint32) payload (length bytes)        numbers are big-endian
 *
 * The payload is JSON in UTF-8, except where the table says otherwise. `link` is a number the client chose; 0 means the session itself.
 * Messages: see `message-codec.ts`.
 *
 * Order is kept in both directions. The hub answers HELLO with WELCOME or REFUSED; anything else before is ignored. Each side sends PING at least every
 * `heartbeatMs`; a side that hears nothing for twice that long takes the other for dead. The hub then ends the session: unsettled deliveries go back.
 */

export const PROTOCOL_VERSION = 2
/** The oldest that the hub understands: without PART, HANDED and annotations. */
export const OLDEST_PROTOCOL = 1

export const Op = {
  // ── client to hub ──
  /** `{ protocol, client, name, heartbeatMs }`: begins the session. `client` is the same when the client comes back. */
  HELLO: 1,
  /** `{ call, verb, args }`: answered by REPLY with the same `call`. */
  CALL: 2,
  /** Binary: sequence (uint32), resend (1 byte), message. Answered by CONFIRM or REFUSE. */
  SEND: 3,
  /** Binary: delivery numbers (uint32 each). */
  ACCEPT: 4,
  /** `{ call, delivery, verdict }`: answered by REPLY. */
  SETTLE: 5,
  /** `{ credit }` */
  FLOW: 6,
  /** Ends the session at once. */
  BYE: 7,
  /** Binary: delivery numbers (uint32 each) that the program has in hand. On links whose hub asked for it; nothing answers. */
  HANDED: 8,
  // ── both ways ──
  /** Empty. */
  PING: 16,
  /** Bytes of a batch: alone in its ZeroMQ message. `link` 1: more follows, 0: this is the last. */
  PART: 17,
  // ── hub to client ──
  /** `{ protocol, product, version, durable, heartbeatMs, maxMessageBytes }` */
  WELCOME: 32,
  /** `{ error }`: no session; the peer speaks another protocol, say. */
  REFUSED: 33,
  /** `{ call, result }` or `{ call, error }` */
  REPLY: 34,
  /** Binary: sequences (uint32 each) that the broker has taken. */
  CONFIRM: 35,
  /** `{ sequence, error }` */
  REFUSE: 36,
  /** Binary: number (uint32), delivery count (uint32), redelivered (1 byte), message. */
  DELIVER: 37,
  /** `{ delivery }`: its lease ended. */
  LOST: 38,
  /** `{ reason, count }` */
  GAP: 39,
  /** Empty: everything that was there has been handed over. */
  END: 40,
  /** `{ error }`: the link is gone. */
  DETACHED: 41,
  /** `{ error }`: the session is gone. */
  DISCONNECTED: 42,
} as const

export type OpCode = (typeof Op)[keyof typeof Op]

/** Verbs of CALL, with their arguments as in the contract. */
export type Verb =
  | 'declare'
  | 'delete'
  | 'purge'
  | 'inspect'
  | 'list'
  | 'attachSender'
  | 'attachReceiver'
  | 'attachRequester'
  | 'flush'
  | 'closeLink'

export interface Hello {
  readonly protocol: number
  /** The same when the client comes back; `undefined`: it never does. */
  readonly client: string | undefined
  readonly name: string
  readonly heartbeatMs: number
}

export interface Welcome {
  readonly protocol: number
  readonly product: string
  readonly version: string
  /** The hub keeps durable messages on disk. */
  readonly durable: boolean
  readonly heartbeatMs: number
  /** Largest message. Unit: bytes. */
  readonly maxMessageBytes: number
}
