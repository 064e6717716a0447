/** A message handed to one receiver, which owes it a verdict: accept, release or reject, once. */
import type { AdapterDelivery } from '../../contract/adapter.ts'
import type { CodecTable } from '../../model/body-codec.ts'
import { type ErrorCode, MessagingError, namingAdapter } from '../../model/errors.ts'
import { countInRange } from '../../model/ranges.ts'
import { thrownText } from '../../model/thrown.ts'
import { checkOptions, DELAY_RANGE, isDelay } from '../options.ts'
import { channels } from '../tracing/operation.ts'
import { ReceivedMessage } from './received-message.ts'
import type { ReceiverLink } from './receiver-link.ts'

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

/** Settled at once by hand-over (`at-most-once`, browse): a further accept is no mistake. */
type State = 'open' | 'settled' | 'presettled'

const DONE = Promise.resolve()

/** A message with its verdict still to give. Valid until settled, or until its link or lease ends. */
export class Delivery<Body = unknown> extends ReceivedMessage<Body> {
  readonly #native: AdapterDelivery
  readonly #link: ReceiverLink
  #state: State = 'open'
  #abort: AbortController | undefined

  constructor(native: AdapterDelivery, link: ReceiverLink, codecs: CodecTable) {
    super(native.message, codecs, link.adapter)
    this.#native = native
    this.#link = link
  }

  /** 1 the first time; see `capabilities.features.deliveryCount` for how exact it is. */
  get deliveryCount(): number {
    return countInRange(this.#native.deliveryCount)
  }

  /** It was handed to a receiver before. */
  get redelivered(): boolean {
    return this.#native.redelivered
  }

  /** It has its verdict, or needs none (at-most-once, browse). */
  get settled(): boolean {
    return this.#state !== 'open'
  }

  /** Aborts when the delivery is lost (its link or lease ended): the broker gives the message to a receiver again. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#state === 'open') {
        if (this.#link.holds(this.#native)) this.#link.watch(this.#native, this.#abort)
        else this.#abort.abort(this.#lost())
      }
    }
    return this.#abort.signal
  }

  /**
   * Done: the broker forgets the message. Resolves when the verdict is on its way; one that gets lost means a second
   * delivery, which at-least-once allows.
   *
   * @throws `ALREADY_SETTLED`, `DELIVERY_LOST`; both harmless
   */
  accept(): Promise<void> {
    if (this.#state === 'presettled') return DONE
    const problem = Delivery.tryAccept(this)
    return problem ? Promise.reject(problem) : DONE
  }

  /**
   * Back to the node: to its old place, or due after `delayMs`. `deliveryCount` goes up by one. Resolves when the
   * broker has it. A release that fails leaves the delivery open for another verdict.
   *
   * @throws `ALREADY_SETTLED`, `DELIVERY_LOST`, `NOT_SUPPORTED` for a delay the broker cannot keep
   */
  release(options: ReleaseOptions = {}): Promise<void> {
    const wrong = releaseProblem(options)
    if (wrong) return Promise.reject(namingAdapter(wrong, this.#link.adapter))
    const { delayMs = 0 } = options
    const refusal = this.#link.refuseRelease(delayMs)
    if (refusal) return Promise.reject(namingAdapter(refusal, this.#link.adapter))
    return this.#settle('release', () => this.#link.release(this.#native, delayMs))
  }

  /**
   * Final: to the dead-letter address with reason, count and origin as properties; without one it is discarded and
   * reported as a `discarded` event. Resolves when that is done. A rejection that fails leaves the delivery open for another verdict.
   *
   * @throws `ALREADY_SETTLED`, `DELIVERY_LOST`, and what the dead-letter address refused the message with
   * @example
   * await delivery.reject('no such customer', { error })
   */
  reject(reason = 'rejected', options: RejectOptions = {}): Promise<void> {
    if (typeof reason !== 'string') return Promise.reject(new TypeError('reject(): the reason is no string'))
    let thrown: string | undefined
    try {
      const { error } = checkOptions('reject', options)
      thrown = error === undefined ? undefined : thrownText(error)
    } catch (wrong) {
      return Promise.reject(namingAdapter(wrong, this.#link.adapter))
    }
    return this.#settle('reject', () => this.#link.reject(this.#native, reason, thrown))
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), deliveryCount: this.deliveryCount, redelivered: this.redelivered }
  }

  /** {@link accept} that returns its problem, for parts of this library that settle many. */
  static tryAccept(delivery: Delivery): MessagingError | undefined {
    if (channels.settle.hasSubscribers && delivery.#link.consumes) return delivery.#acceptTraced()
    const problem = delivery.#close()
    if (!problem) delivery.#link.accept(delivery.#native)
    return problem
  }

  /** Called by the receiver at hand-over where no verdict is owed. */
  static presettle(delivery: Delivery): void {
    delivery.#state = 'presettled'
    delivery.#link.accept(delivery.#native)
  }

  /** Called by the receiver at hand-over. */
  static handedOver(delivery: Delivery): void {
    delivery.#link.handedOver(delivery.#native)
  }

  /** Takes out for good what a browser that takes has shown. */
  static take(delivery: Delivery): Promise<void> {
    const problem = delivery.#close()
    return problem ? Promise.reject(problem) : delivery.#link.take(delivery.#native)
  }

  /** Called by the receiver for what was prefetched and never seen. */
  static giveBack(delivery: Delivery): Promise<void> {
    delivery.#state = 'settled'
    return delivery.#link.giveBack(delivery.#native)
  }

  /** Whether the broker still keeps this delivery for its link. */
  static isHeld(delivery: Delivery): boolean {
    return delivery.#link.holds(delivery.#native)
  }

  #acceptTraced(): MessagingError | undefined {
    const operation = this.#link.settling(this.#native, 'accept')
    const problem = operation.run(() => {
      const found = this.#close()
      if (!found) this.#link.accept(this.#native)
      return found
    })
    if (problem) operation.failed(problem)
    else operation.end()
    return problem
  }

  #settle(verdict: 'release' | 'reject', work: () => Promise<void>): Promise<void> {
    const settle = (): Promise<void> => {
      const problem = this.#close()
      if (problem) return Promise.reject(problem)
      return work().catch((error) => this.#reopen(error))
    }
    if (!channels.settle.hasSubscribers) return settle()
    return this.#link.settling(this.#native, verdict).promise(settle)
  }

  #close(): MessagingError | undefined {
    if (this.#state !== 'open') return this.#error('ALREADY_SETTLED', 'The delivery has its verdict already')
    if (!this.#link.holds(this.#native)) return this.#lost()
    this.#state = 'settled'
    if (this.#abort) this.#link.unwatch(this.#native)
    return undefined
  }

  /** The verdict could not be carried out (a full dead-letter queue, for example): the delivery is owed one still. */
  #reopen(error: unknown): never {
    if (this.#link.holds(this.#native)) {
      this.#state = 'open'
      if (this.#abort) this.#link.watch(this.#native, this.#abort)
    }
    throw namingAdapter(error, this.#link.adapter)
  }

  #lost(): MessagingError {
    return this.#error('DELIVERY_LOST', 'The link or the lease of the delivery ended before its verdict')
  }

  #error(code: ErrorCode, text: string): MessagingError {
    const { adapter, label } = this.#link
    return new MessagingError(code, text, { context: { adapter, address: label, messageId: this.id } })
  }
}

function releaseProblem(options: ReleaseOptions): unknown {
  try {
    const { delayMs = 0 } = checkOptions('release', options)
    if (typeof delayMs !== 'number') return new TypeError('release(): delayMs is no number')
    return isDelay(delayMs)
      ? undefined
      : new MessagingError('CONFIG_INVALID', `release(): delayMs: ${delayMs} is not ${DELAY_RANGE}`, {
          context: { option: 'delayMs' },
        })
  } catch (error) {
    return error
  }
}
