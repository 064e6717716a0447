/** What becomes of deliveries when their handler is done: accepted if it returned; tried again later, or rejected at their limit, if it threw. */
import { calledSafely } from '../../core/called-safely.ts'
import { MessagingError, messageOfThrown } from '../../model/errors.ts'
import { reasonText } from '../../model/thrown.ts'
import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { ConsumeOptions } from '../options.ts'
import type { RejectOptions } from '../receive/delivery.ts'
import type { LinkDelivery } from '../receive/link-delivery.ts'

/** What a consumer is told about failures. */
type HandlerOptions = Pick<ConsumeOptions, 'retry' | 'deadLetter' | 'onError'>

export class AfterHandler {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #options: HandlerOptions
  readonly #operation: 'consume' | 'consumeBatch'
  #stopping = false

  constructor(
    host: LinkHost,
    plan: NodePlan,
    options: HandlerOptions,
    operation: 'consume' | 'consumeBatch',
  ) {
    this.#host = host
    this.#plan = plan
    this.#options = options
    this.#operation = operation
  }

  /** The consumer is being closed: no verdict is tried a second time. */
  stop(): void {
    this.#stopping = true
  }

  /** What the handler did not settle itself is accepted. All of one turn go to the broker together. */
  returned(delivery: LinkDelivery): void {
    const problem = delivery.settled ? undefined : delivery.tryAccept()
    if (problem) this.#host.verdictFailed(problem)
  }

  /** Resolves when each delivery that the handler did not settle itself is on its way back, or aside. Never rejects. */
  async threw(deliveries: readonly LinkDelivery[], error: unknown): Promise<void> {
    this.#tell(deliveries, error)
    const reason = reasonText(messageOfThrown(error))
    const letter = this.#options.deadLetter?.error === false ? {} : { error }
    // order: brokers that cannot delay put back at the head, so that the last one goes first.
    const inOrder = this.#delays ? deliveries : [...deliveries].reverse()
    await Promise.all(inOrder.map((delivery) => this.#again(delivery, reason, letter)))
  }

  async #again(delivery: LinkDelivery, reason: string, letter: RejectOptions): Promise<void> {
    if (delivery.settled) return
    const { maxDeliveries } = this.#plan.spec
    const verdict =
      maxDeliveries !== undefined && delivery.deliveryCount >= maxDeliveries
        ? delivery.reject(reason, letter)
        : delivery.release({ delayMs: this.#delays ? this.#backoff(delivery.deliveryCount) : 0 })
    await verdict.catch((problem) => this.#host.verdictFailed(problem))
    if (delivery.settled || this.#stopping) return
    // The verdict could not be carried out, for want of room at the dead-letter address perhaps: not lost, and not in a hot loop.
    await this.#host.delay(this.#backoff(delivery.deliveryCount))
    await delivery.release().catch((problem) => this.#host.verdictFailed(problem))
  }

  #tell(deliveries: readonly LinkDelivery[], error: unknown): void {
    const { onError } = this.#options
    if (onError)
      calledSafely(
        () => onError(error),
        (fault) => this.#host.warning(this.#onErrorFailed(fault)),
      )
    else this.#host.warning(this.#handlerFailed(deliveries, error))
  }

  #handlerFailed(deliveries: readonly LinkDelivery[], cause: unknown): MessagingError {
    const text = messageOfThrown(cause)
    const [first] = deliveries
    const many = this.#operation === 'consumeBatch' ? { batch: deliveries.length } : {}
    const context = { address: this.#plan.label, operation: this.#operation, messageId: first?.id, ...many }
    return new MessagingError('HANDLER_FAILED', text, { cause, context })
  }

  #onErrorFailed(cause: unknown): MessagingError {
    return new MessagingError('HANDLER_FAILED', messageOfThrown(cause), {
      cause,
      hint: 'The onError given to consume() or consumeBatch() threw; see the cause.',
      context: { address: this.#plan.label, operation: 'onError' },
    })
  }

  get #delays(): boolean {
    return this.#host.capabilities.features.delayedRelease.level !== 'unsupported'
  }

  #backoff(deliveryCount: number): number {
    const { minDelayMs = 1_000, maxDelayMs = 30_000 } = this.#options.retry ?? {}
    return Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(deliveryCount - 1, 20))
  }
}
