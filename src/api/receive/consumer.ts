/** A handler for every delivery: accepted when it returns, tried again with a growing delay when it throws. */
import { settledWithin } from '../../core/aborts.ts'
import { countdown } from '../../core/countdown.ts'
import { asMessagingError, MessagingError, redact } from '../../model/errors.ts'
import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import { type CloseOptions, type ConsumeOptions, checkOptions, DEFAULT_CLOSE_MS } from '../options.ts'
import { Delivery } from './delivery.ts'
import { Receiver } from './receiver.ts'

/** What `consume()` calls for every delivery. Returning (or resolving) accepts it, unless the handler settled it itself; throwing has it tried again. */
export type Handler<Body> = (delivery: Delivery<Body>) => unknown

/** A running `connection.consume()`. Goes on until closed, over reconnects as well. */
export class Consumer<Body = unknown> implements AsyncDisposable {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #receiver: Receiver<Body>
  readonly #handler: Handler<Body>
  readonly #options: ConsumeOptions
  readonly #workers: Promise<void>[] = []
  #stopping = false
  #closing: Promise<void> | undefined

  private constructor(
    host: LinkHost,
    plan: NodePlan,
    receiver: Receiver<Body>,
    handler: Handler<Body>,
    options: ConsumeOptions,
  ) {
    this.#host = host
    this.#plan = plan
    this.#receiver = receiver
    this.#handler = handler
    this.#options = options
    host.handles.add(this)
    for (let started = 0; started < (options.concurrency ?? 1); started++) this.#workers.push(this.#work())
  }

  /** Used by `connection.consume()`. */
  static async open<Body>(
    host: LinkHost,
    plan: NodePlan,
    handler: Handler<Body>,
    options: ConsumeOptions,
  ): Promise<Consumer<Body>> {
    if (typeof handler !== 'function') throw new TypeError('consume(): the handler is no function')
    const { reliability, timeoutMs, signal } = options
    const credit = Math.max(options.credit ?? creditFor(plan, options.concurrency ?? 1), 1)
    const receiver = await Receiver.open<Body>(host, plan, {
      credit,
      reliability,
      timeoutMs,
      signal,
      unwatched: true,
    })
    return new Consumer(host, plan, receiver, handler, options)
  }

  /**
   * Resolves when it was closed by this program; rejects with the error that ended it for good otherwise (its queue was deleted, its
   * permission was taken away): it gets nothing any more then. Nobody has to listen to it.
   *
   * @example
   * consumer.closed.catch((error) => { console.error(error); process.exit(1) })
   */
  get closed(): Promise<void> {
    return this.#receiver.closed
  }

  /** Takes nothing new, lets running handlers finish up to `timeoutMs` (default 5 s), gives the rest back. Idempotent. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(checkOptions('close', options).timeoutMs ?? DEFAULT_CLOSE_MS)
    return this.#closing
  }

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      let delivery: Delivery<Body> | undefined
      try {
        delivery = await this.#receiver.receive()
      } catch {
        // Closed, or ended for good, which the receiver has told.
        return
      }
      if (!delivery) return
      try {
        await this.#handler(delivery)
      } catch (error) {
        await this.#failed(delivery, error)
        continue
      }
      const problem = delivery.settled ? undefined : Delivery.tryAccept(delivery)
      if (problem) this.#host.verdictFailed(problem)
    }
  }

  async #failed(delivery: Delivery<Body>, error: unknown): Promise<void> {
    this.#tell(delivery, error)
    if (delivery.settled) return
    const { maxDeliveries } = this.#plan.spec
    const reason = redact(error instanceof Error ? error.message : String(error))
    const verdict =
      maxDeliveries !== undefined && delivery.deliveryCount >= maxDeliveries
        ? delivery.reject(reason, this.#options.deadLetter?.error === false ? {} : { error })
        : delivery.release({ delayMs: this.#delay(delivery.deliveryCount) })
    await verdict.catch((problem) => this.#host.verdictFailed(problem))
    if (delivery.settled || this.#stopping) return
    // The verdict could not be carried out, for want of room at the dead-letter address perhaps: not lost, and not in a hot loop.
    await this.#host.delay(this.#backoff(delivery.deliveryCount))
    await delivery.release().catch((problem) => this.#host.verdictFailed(problem))
  }

  #tell(delivery: Delivery<Body>, error: unknown): void {
    const { onError } = this.#options
    try {
      if (onError) onError(error)
      else this.#host.warning(handlerFailed(error, this.#plan.label, delivery.id))
    } catch (fault) {
      this.#host.warning(asMessagingError(fault))
    }
  }

  #delay(deliveryCount: number): number {
    const { level } = this.#host.capabilities.features.delayedRelease
    return level === 'unsupported' ? 0 : this.#backoff(deliveryCount)
  }

  #backoff(deliveryCount: number): number {
    const { minDelayMs = 1_000, maxDelayMs = 30_000 } = this.#options.retry ?? {}
    return Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(deliveryCount - 1, 20))
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#stopping = true
    const left = countdown(timeoutMs)
    await settledWithin(Promise.all([Receiver.quiesce(this.#receiver), ...this.#workers]), left())
    await this.#receiver.close({ timeoutMs: left() })
    this.#host.handles.delete(this)
  }
}

/** As many as are handled where deliveries are counted: what a program that dies never looked at must not use up its tries. */
function creditFor(plan: NodePlan, concurrency: number): number {
  return plan.spec.maxDeliveries === undefined ? Math.max(10, concurrency * 2) : concurrency
}

function handlerFailed(cause: unknown, address: string, messageId: string): MessagingError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new MessagingError('HANDLER_FAILED', text, {
    cause,
    context: { address, operation: 'consume', messageId },
  })
}
