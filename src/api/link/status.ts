/**
 * What happens to a connection and cannot be the result of a call: events, by type.
 *
 * They reach `connection.on()`, `connection.status()` and, for monitoring of a whole process, Node's diagnostics channel
 * `sluice:status` as `{ adapter, url, event }`. The first warning that nobody listens to becomes a warning of the process.
 */
import type { MessagingError } from '../../model/errors.ts'

/** One event, told apart by `type`. `url` never holds a password. */
export type StatusEvent =
  | {
      readonly type: 'connected'
      readonly url: string
      readonly broker: { product: string; version: string }
    }
  | { readonly type: 'disconnected'; readonly cause: MessagingError }
  /** An attempt to come back is about to be made after `delayMs`. */
  | {
      readonly type: 'reconnecting'
      readonly attempt: number
      readonly delayMs: number
      readonly url: string
      readonly cause: MessagingError
    }
  /** Back, with every link attached again. */
  | {
      readonly type: 'reconnected'
      readonly url: string
      readonly broker: { product: string; version: string }
    }
  /** The broker takes no messages for now; sends wait. */
  | { readonly type: 'blocked'; readonly reason: string }
  | { readonly type: 'unblocked' }
  /** The broker ended one link (see `error`), or did not let it come back; it is attached anew with growing delay. */
  | { readonly type: 'detached'; readonly address: string; readonly error: MessagingError }
  /** A link that was `detached` is back. */
  | { readonly type: 'reattached'; readonly address: string }
  /**
   * A link ended for good, and with it what stood on it: a consumer or responder gets nothing any more. Their promise `closed`
   * rejects with the same error. The end of a consumer or responder that nobody listens to becomes a warning of the process, each time.
   */
  | { readonly type: 'ended'; readonly address: string; readonly error: MessagingError }
  /** A live subscription missed, or may have missed, messages. */
  | {
      readonly type: 'gap'
      readonly address: string
      readonly reason: string
      readonly count: number | undefined
    }
  /** A rejected message had no dead-letter address to go to. */
  | {
      readonly type: 'discarded'
      readonly address: string
      readonly messageId: string
      readonly reason: string
    }
  /** A response came after its request had ended, or for the second time; it was dropped. */
  | { readonly type: 'late-response'; readonly address: string; readonly correlationId: string }
  /** A response could not be sent: the requester has gone. */
  | { readonly type: 'response-undeliverable'; readonly address: string; readonly error: MessagingError }
  /** Something a person should know that no call reports. */
  | { readonly type: 'warning'; readonly error: MessagingError }
  /** Closed, by the program or for good after the last attempt. */
  | { readonly type: 'closed'; readonly error: MessagingError | undefined }

/** The type of every event. */
export const EVENT_TYPES: readonly StatusEvent['type'][] = Object.keys({
  connected: true,
  disconnected: true,
  reconnecting: true,
  reconnected: true,
  blocked: true,
  unblocked: true,
  detached: true,
  reattached: true,
  ended: true,
  gap: true,
  discarded: true,
  'late-response': true,
  'response-undeliverable': true,
  warning: true,
  closed: true,
} satisfies Record<StatusEvent['type'], true>) as StatusEvent['type'][]

/** `disconnected`: a connection is being tried for; `closed`: none will come any more. */
export type ConnectionState = 'connected' | 'disconnected' | 'closed'
