/** The sending side of a link, as the application holds it. */

import type { ReceivedMessage } from '../message/received-message.ts'
import type { CloseOptions, SendOptions } from '../options.ts'
import type { MessageFields } from './message-fields.ts'
import type { Outcome } from './send-pipeline.ts'

/**
 * Sends to one address. Opened by `connection.sender()`; stays attached over reconnects until closed.
 *
 * @example
 * await using sender = await connection.sender(orders, { capacity: 500 })
 * await sender.send({ id: 7 }, { priority: 5, ttlMs: 60_000 })
 */
export interface Sender<Body = unknown> extends AsyncDisposable {
  /** Sends that may be unsettled at the broker at once; further ones wait. */
  readonly capacity: number
  /** Sends without an outcome yet, waiting ones included. */
  readonly unsettled: number
  /** Resolves when it was closed by this program; rejects with the error that ended it for good otherwise. Nobody has to listen to it. */
  readonly closed: Promise<void>

  /**
   * Sends one message. Resolves when the broker has taken responsibility for it.
   *
   * The body is encoded at once: what the caller changes afterwards does not matter. With a `schema` the address refuses what its
   * receivers would throw away: the schema is asked about the body as it will arrive, encoded and decoded, so that a `Date` in JSON is text
   * for it. The body goes out as it was given; what the schema turns it into is for the receiver alone. While disconnected, or beyond
   * `capacity`, the send waits (`timeoutMs`, default 30 s); awaiting it is the back-pressure. Concurrent sends are pipelined in the
   * order of the calls.
   *
   * @throws `SEND_UNROUTABLE`, `SEND_REJECTED`, `SEND_UNCONFIRMED`, `CONNECTION_LOST`, `CAPACITY_EXCEEDED`, `MESSAGE_TOO_LARGE`,
   * `ENCODE_FAILED`, `NOT_SUPPORTED`, `ABORTED`, `CLOSED`, `CONFIG_INVALID`; `TypeError` on a wrong type
   */
  send(body: Body, fields?: MessageFields & SendOptions): Promise<Outcome>

  /**
   * Sends many, pipelined up to `capacity`. Resolves when the broker has all of them, to their outcomes in the order of the bodies;
   * rejects with the first failure once all have ended. Keeps one promise per body.
   *
   * @throws as {@link send} does, and what reading `bodies` throws
   */
  sendAll(
    bodies: Iterable<Body> | AsyncIterable<Body>,
    fields?: MessageFields & SendOptions,
  ): Promise<Outcome[]>

  /**
   * Passes a received message on: same id, body bytes, fields and properties; the remaining time to live. `fields` replace single
   * ones; what is `undefined` there stays as it came.
   *
   * @throws as {@link send} does
   */
  forward(message: ReceivedMessage, fields?: MessageFields & SendOptions): Promise<Outcome>

  /** Waits for open sends up to `timeoutMs` (default 5 s), then ends the link. Idempotent. */
  close(options?: CloseOptions): Promise<void>

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}
