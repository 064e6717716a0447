/** The receiving side of a link, as the application holds it. */
import type { CallOptions, CloseOptions } from '../options.ts'
import type { Delivery } from './delivery.ts'

/**
 * Takes deliveries from one address, by `receive()` or `for await`. Opened by `connection.receiver()`; stays attached over reconnects until closed.
 *
 * @example
 * await using receiver = await connection.receiver(orders, { credit: 10 })
 * for await (const delivery of receiver) {
 *   await work(delivery.body)
 *   await delivery.accept()
 * }
 */
export interface Receiver<Body = unknown> extends AsyncDisposable, AsyncIterable<Delivery<Body>> {
  /** Deliveries the broker may hand over before the first of them is settled. */
  readonly credit: number
  /** Whether it takes or looks. */
  readonly mode: 'consume' | 'browse'
  /** Deliveries that are here already and wait to be read. */
  readonly available: number

  /**
   * Resolves when it was closed by this program; rejects with the error that ended it for good otherwise. Nobody has to listen to it.
   *
   * @example
   * receiver.closed.catch((error) => { console.error(error); process.exit(1) })
   */
  readonly closed: Promise<void>

  /**
   * The next delivery, or `undefined` at the deadline: the broker has been asked once more before that answer.
   * Without `timeoutMs` it waits for ever; 0 asks the broker once.
   *
   * @throws `CLOSED`, `ABORTED`, and what ended the link for good (`ADDRESS_NOT_FOUND` …)
   */
  receive(options?: CallOptions): Promise<Delivery<Body> | undefined>

  /**
   * Deliveries until the receiver is closed by this program, which ends the loop; what ended it otherwise is thrown.
   * Leaving the loop gives back what was only prefetched; the delivery in hand stays yours to settle.
   */
  [Symbol.asyncIterator](): AsyncIterator<Delivery<Body>>

  /** Gives unsettled deliveries back and ends the link. Idempotent. */
  close(options?: CloseOptions): Promise<void>

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}
