/** A message handed to one receiver, which owes it a verdict: accept, release or reject, once. */
import type { ReceivedMessage } from '../message/received-message.ts'

/** Options of `release()`. */
export interface ReleaseOptions {
  /** Not before this long. Unit: ms. Default 0: at once, to its old place. */
  delayMs?: number | undefined
}

/** Options of `reject()`. */
export interface RejectOptions {
  /** What was thrown: the dead letter says it as `sluice-error`, with secrets of URLs hidden, in at most 4 KiB. Default: nothing. */
  error?: unknown
}

/**
 * A message with its verdict still to give. Valid until settled, or until its link or lease ends.
 *
 * @example
 * const delivery = await receiver.receive({ timeoutMs: 1000 })
 * if (delivery) {
 *   console.log(delivery.body, delivery.deliveryCount)
 *   await delivery.accept()
 * }
 */
export interface Delivery<Body = unknown> extends ReceivedMessage<Body> {
  /** 1 the first time; see `capabilities.features.deliveryCount` for how exact it is. */
  readonly deliveryCount: number
  /** It was handed to a receiver before. */
  readonly redelivered: boolean
  /** It has its verdict, or needs none (at-most-once, browse). */
  readonly settled: boolean
  /** Aborts when the delivery is lost (its link or lease ended): the broker gives the message to a receiver again. */
  readonly signal: AbortSignal

  /**
   * Done: the broker forgets the message. Resolves when the verdict is on its way; one that gets lost means a second
   * delivery, which at-least-once allows.
   *
   * @throws `ALREADY_SETTLED`, `DELIVERY_LOST`; both harmless
   */
  accept(): Promise<void>

  /**
   * Back to the node: to its old place, or due after `delayMs`. `deliveryCount` goes up by one. Resolves when the
   * broker has it. A release that fails leaves the delivery open for another verdict.
   *
   * @throws `ALREADY_SETTLED`, `DELIVERY_LOST`, `NOT_SUPPORTED` for a delay the broker cannot keep
   */
  release(options?: ReleaseOptions): Promise<void>

  /**
   * Final: to the dead-letter address with reason, count and origin as properties; without one it is discarded and
   * reported as a `discarded` event. Resolves when that is done. A rejection that fails leaves the delivery open for another verdict.
   *
   * @param reason default `rejected`
   * @throws `ALREADY_SETTLED`, `DELIVERY_LOST`, and what the dead-letter address refused the message with
   * @example
   * await delivery.reject('no such customer', { error })
   */
  reject(reason?: string, options?: RejectOptions): Promise<void>
}
