/** A receiver that takes: its credit, and the deliveries it owes a verdict on. */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../api/adapter.ts'
import { MessagingError } from '../api/errors.ts'
import type { OutgoingMessage } from '../api/message.ts'
import type { Entry } from './entry.ts'
import { HandedDelivery } from './handed-delivery.ts'
import type { Queue } from './queue.ts'

export interface ConsumerOptions {
  readonly credit: number
  readonly exclusive: boolean
  /** What was handed over is not handed over again when the link ends without a verdict. */
  readonly atMostOnce: boolean
  readonly events: ReceiverEvents
  readonly onClose: (consumer: Consumer) => void
}

export class Consumer implements AdapterReceiver {
  readonly events: ReceiverEvents
  readonly exclusive: boolean
  /** Stands in the queue's turnstile. Owned by the queue. */
  queued = false
  readonly #queue: Queue
  readonly #atMostOnce: boolean
  readonly #onClose: (consumer: Consumer) => void
  #credit: number
  #open = 0
  #oldest: HandedDelivery | undefined
  #newest: HandedDelivery | undefined
  #started = false
  #closed = false

  constructor(queue: Queue, options: ConsumerOptions) {
    this.#queue = queue
    this.#credit = options.credit
    this.exclusive = options.exclusive
    this.#atMostOnce = options.atMostOnce
    this.events = options.events
    this.#onClose = options.onClose
  }

  get queue(): Queue {
    return this.#queue
  }

  /** Deliveries that may still be handed over. */
  get free(): number {
    return this.#closed || !this.#started ? 0 : this.#credit - this.#open
  }

  /** From here on it may get deliveries. */
  start(): void {
    if (this.#closed || this.#started) return
    this.#started = true
    if (this.free > 0) this.#queue.offerCredit(this)
  }

  deliver(entry: Entry, message: OutgoingMessage): void {
    const delivery = new HandedDelivery(this, entry, message, entry.count)
    this.#open++
    const newest = this.#newest
    if (newest) {
      newest.next = delivery
      delivery.previous = newest
    } else this.#oldest = delivery
    this.#newest = delivery
    try {
      this.events.deliver(delivery)
    } catch (error) {
      // A listener's own fault: the delivery stays with it, the queue goes on.
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }

  accept(delivery: AdapterDelivery): void {
    const handed = this.#settled(delivery)
    if (!handed) return
    this.#queue.accepted(handed.entry)
    if (this.free > 0) this.#queue.offerCredit(this)
  }

  settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const handed = this.#settled(delivery)
    if (!handed) {
      return Promise.reject(
        new MessagingError('DELIVERY_LOST', 'The delivery is no longer open on this link', {
          context: { address: this.#queue.name },
        }),
      )
    }
    let done = DONE
    if (verdict.kind === 'reject') done = this.#queue.rejected(handed.entry, verdict.reason)
    else this.#queue.giveBack(handed.entry, verdict.unseen, verdict.delayMs)
    if (this.free > 0) this.#queue.offerCredit(this)
    return done
  }

  flow(credit: number): void {
    this.#credit = credit
    if (this.free > 0) this.#queue.offerCredit(this)
  }

  flush(): Promise<void> {
    this.start()
    this.#queue.tellDropped()
    this.#queue.pump(true)
    return DONE
  }

  close(): Promise<void> {
    if (this.#closed) return DONE
    this.#queue.tellDropped()
    this.#closed = true
    this.#onClose(this)
    for (let at = this.#oldest; at; at = at.next) {
      at.open = false
      if (this.#atMostOnce) this.#queue.accepted(at.entry)
      else this.#queue.giveBack(at.entry, false, 0)
    }
    this.#oldest = undefined
    this.#newest = undefined
    this.#queue.detach(this)
    return this.#queue.kernel.store?.flushed() ?? DONE
  }

  /** The queue is gone. */
  detached(error: MessagingError): void {
    if (this.#closed) return
    this.#queue.tellDropped()
    this.#closed = true
    this.#onClose(this)
    this.#queue.detach(this)
    this.events.detached(error)
  }

  /** Takes the delivery off the open ones; `undefined` when it is none of them. */
  #settled(delivery: AdapterDelivery): HandedDelivery | undefined {
    if (!(delivery instanceof HandedDelivery) || delivery.link !== this || !delivery.open || this.#closed)
      return undefined
    const { previous, next } = delivery
    delivery.open = false
    if (previous) previous.next = next
    else this.#oldest = next
    if (next) next.previous = previous
    else this.#newest = previous
    delivery.previous = undefined
    delivery.next = undefined
    this.#open--
    return delivery
  }
}

const DONE = Promise.resolve()
