/** The answering side of request/response, as the application holds it. */
import type { CloseOptions } from '../options.ts'
import type { Delivery } from '../receive/delivery.ts'

/** What `respond()` calls for every request; what it returns (or resolves to) is the response, what it throws reaches the asker as `REQUEST_FAILED`. */
export type RequestHandler<Request, Response> = (request: Delivery<Request>) => Response | Promise<Response>

/**
 * A running `connection.respond()`. Goes on until closed, over reconnects as well.
 *
 * @example
 * await using responder = await connection.respond(service<Ask, Price>('prices'), ({ body }) => priceOf(body))
 * await responder.closed
 */
export interface Responder extends AsyncDisposable {
  /** As that of a consumer: rejects with what ended it for good. Nobody has to listen to it. */
  readonly closed: Promise<void>

  /**
   * Takes no further requests, answers those begun up to `timeoutMs` (default 5 s). Idempotent. In a handler, do not await it, as with that of
   * a consumer: the answer of a handler that does leaves when `timeoutMs` is over.
   */
  close(options?: CloseOptions): Promise<void>

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}
