/** A running handler: what `consume()` and `consumeBatch()` give. */
import type { CloseOptions } from '../options.ts'
import type { Delivery } from '../receive/delivery.ts'

/** What `consume()` calls for every delivery. Returning (or resolving) accepts it, unless the handler settled it itself; throwing has it tried again. */
export type Handler<Body> = (delivery: Delivery<Body>) => unknown

/**
 * What `consumeBatch()` calls for every batch, its deliveries in the order in which they came. Returning (or resolving) accepts all that the
 * handler did not settle itself; throwing has those tried again.
 */
export type BatchHandler<Body> = (batch: readonly Delivery<Body>[]) => unknown

/**
 * A running `connection.consume()` or `connection.consumeBatch()`. Goes on until closed, over reconnects as well.
 *
 * @example
 * await using consumer = await connection.consume(orders, async ({ body }) => work(body))
 * await consumer.closed
 */
export interface Consumer extends AsyncDisposable {
  /**
   * Resolves when it was closed by this program; rejects with the error that ended it for good otherwise (its queue was deleted, its
   * permission was taken away): it gets nothing any more then. Nobody has to listen to it.
   *
   * @example
   * consumer.closed.catch((error) => { console.error(error); process.exit(1) })
   */
  readonly closed: Promise<void>

  /**
   * Takes nothing new, lets running handlers finish up to `timeoutMs` (default 5 s), gives the rest back. Idempotent.
   *
   * In a handler, do not await it: the consumer ends behind the handlers that run, with their verdicts. A handler that awaits it waits for
   * itself, until `timeoutMs` is over; what it returns within a quarter of a second then still counts.
   */
  close(options?: CloseOptions): Promise<void>

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}
