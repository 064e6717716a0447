/** A delivery with the link that it came by: a verdict is given once, and goes to that link. */
import type { AdapterDelivery } from '../../contract/adapter.ts'
import type { CodecTable } from '../../model/body-codec.ts'
import { type ErrorCode, MessagingError, namingAdapter } from '../../model/errors.ts'
import { countInRange } from '../../model/ranges.ts'
import { thrownText } from '../../model/thrown.ts'
import { WireMessage } from '../message/wire-message.ts'
import { checkOptions, DELAY_RANGE, isDelay } from '../options.ts'
import { channels } from '../tracing/operation.ts'
import type { Delivery, RejectOptions, ReleaseOptions } from './delivery.ts'
import type { ReceiverLink } from './receiver-link.ts'

/** Settled at once by hand-over (`at-most-once`, browse): a further accept is no mistake. */
type State = 'open' | 'settled' | 'presettled'

const DONE = Promise.resolve()

export class LinkDelivery<Body = unknown> extends WireMessage<Body> implements Delivery<Body> {
  readonly #native: AdapterDelivery
  readonly #link: ReceiverLink
  #state: State = 'open'
  #abort: AbortController | undefined

  constructor(native: AdapterDelivery, link: ReceiverLink, codecs: CodecTable) {
    super(native.message, codecs, link.adapter)
    this.#native = native
    this.#link = link
  }

  get deliveryCount(): number {
    return countInRange(this.#native.deliveryCount)
  }

  get redelivered(): boolean {
    return this.#native.redelivered
  }

  get settled(): boolean {
    return this.#state !== 'open'
  }

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

  accept(): Promise<void> {
    if (this.#state === 'presettled') return DONE
    const problem = this.tryAccept()
    return problem ? Promise.reject(problem) : DONE
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    const wrong = releaseProblem(options)
    if (wrong) return Promise.reject(namingAdapter(wrong, this.#link.adapter))
    const { delayMs = 0 } = options
    const refusal = this.#link.refuseRelease(delayMs)
    if (refusal) return Promise.reject(namingAdapter(refusal, this.#link.adapter))
    return this.#settle('release', () => this.#link.release(this.#native, delayMs))
  }

  reject(reason = 'rejected', options: RejectOptions = {}): Promise<void> {
    if (typeof reason !== 'string') return Promise.reject(new TypeError('reject(): the reason is no string'))
    let thrown: string | undefined
    try {
      const { error } = checkOptions('reject', options)
      thrown = error === undefined ? undefined : thrownText(error)
    } catch (wrong) {
      return Promise.reject(namingAdapter(wrong, this.#link.adapter))
    }
    const told = (reason as string & { toWellFormed(): string }).toWellFormed()
    return this.#settle('reject', () => this.#link.reject(this.#native, told, thrown))
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), deliveryCount: this.deliveryCount, redelivered: this.redelivered }
  }

  // ── for the receiver, and for parts of this library that settle many ──

  /** {@link accept} that returns its problem. */
  tryAccept(): MessagingError | undefined {
    if (channels.settle.hasSubscribers && this.#link.consumes) return this.#acceptTraced()
    const problem = this.#close()
    if (!problem) this.#link.accept(this.#native)
    return problem
  }

  /** Called by the receiver at hand-over where no verdict is owed. */
  presettle(): void {
    this.#state = 'presettled'
    this.#link.accept(this.#native)
  }

  /** Called by the receiver at hand-over. */
  handedOver(): void {
    this.#link.handedOver(this.#native)
  }

  /** Takes out for good what a browser that takes has shown. */
  take(): Promise<void> {
    const problem = this.#close()
    return problem ? Promise.reject(problem) : this.#link.take(this.#native)
  }

  /** Called by the receiver for what was prefetched and never seen. */
  giveBack(): Promise<void> {
    this.#state = 'settled'
    return this.#link.giveBack(this.#native)
  }

  /** The broker still keeps this delivery for its link. */
  get held(): boolean {
    return this.#link.holds(this.#native)
  }

  protected override get shownAs(): string {
    return 'Delivery'
  }

  // ── verdicts ──

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
