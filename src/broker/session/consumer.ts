/** A receiver that takes: its credit, and the deliveries it owes a verdict on. */
import type { AdapterDelivery, ReceiverEvents, Verdict } from '../../contract/adapter.ts'
import { settledWithin } from '../../core/aborts.ts'
import { MessagingError } from '../../model/errors.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import { HandedDelivery } from '../queue/handed-delivery.ts'
import type { Queue } from '../queue/queue.ts'
import type { ConsumingReceiver } from '../queue/queue-receivers.ts'
import type { Deferred } from '../queue/turn.ts'
import type { Entry } from '../queue/waiting/entry.ts'
import type { BrokerReceiver } from './session.ts'

/** Longest wait of a flush for a disk that is behind. Unit: ms. */
const DISK_MS = 1_000

interface ConsumerOptions {
  readonly credit: number
  readonly exclusive: boolean
  /** What was handed over is not handed over again when the link ends without a verdict. */
  readonly atMostOnce: boolean
  /** `handedOver` is called for every delivery before its program sees it. */
  readonly tells: boolean
  readonly events: ReceiverEvents
  readonly onClose: (consumer: Consumer) => void
}

export class Consumer implements BrokerReceiver, ConsumingReceiver, Deferred {
  readonly events: ReceiverEvents
  readonly exclusive: boolean
  readonly tells: boolean
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
  /**
   * The disk is behind with what was settled here: nothing more is handed over until it has caught up. Ends the wait.
   */
  #held: (() => void) | undefined

  constructor(queue: Queue, options: ConsumerOptions) {
    this.#queue = queue
    this.#credit = options.credit
    this.exclusive = options.exclusive
    this.#atMostOnce = options.atMostOnce
    this.tells = options.tells
    this.events = options.events
    this.#onClose = options.onClose
  }

  get queue(): Queue {
    return this.#queue
  }

  get free(): number {
    return this.#closed || !this.#started || this.#held ? 0 : this.#credit - this.#open
  }

  /** From here on it may get deliveries. */
  start(): void {
    if (this.#closed || this.#started) return
    this.#started = true
    this.resume()
  }

  /** It may get deliveries again, if it has credit. */
  resume(): void {
    this.#held?.()
    this.#held = undefined
    if (this.free > 0) this.#queue.offerCredit(this)
  }

  deliver(entry: Entry, message: OutgoingMessage): void {
    const delivery = new HandedDelivery(this, entry, message, !this.tells)
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

  handedOver(delivery: AdapterDelivery): void {
    if (delivery instanceof HandedDelivery && delivery.link === this && delivery.open) this.#count(delivery)
  }

  #count(delivery: HandedDelivery): void {
    if (delivery.counted) return
    delivery.counted = true
    this.#queue.count(delivery.entry)
  }

  accept(delivery: AdapterDelivery): void {
    const handed = this.#settled(delivery)
    if (!handed) return
    this.#queue.accepted(handed.entry)
    this.#goOn()
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
    if (verdict.kind === 'reject') {
      this.#count(handed)
      done = this.#queue.rejected(handed.entry, verdict.reason, verdict.error)
    } else this.#giveBack(handed, verdict)
    this.#goOn()
    return done
  }

  flow(credit: number): void {
    this.#credit = credit
    if (this.free > 0) this.#queue.offerCredit(this)
  }

  /** That nothing came must mean that nothing waits: a disk that is behind is waited for, but not for ever. */
  async flush(): Promise<void> {
    this.start()
    this.#queue.tellDropped()
    if (this.#held) await this.#diskCaughtUp()
    await this.#queue.kernel.turn.hasRoom()
    this.resume()
    this.#queue.pump(true)
  }

  async #diskCaughtUp(): Promise<void> {
    let off: (() => void) | undefined
    const caughtUp = new Promise<void>((resume) => {
      off = this.#queue.kernel.store?.whenCaughtUp({ resume })
    })
    await settledWithin(caughtUp, DISK_MS)
    off?.()
  }

  close(): Promise<void> {
    if (this.#closed) return DONE
    this.#leave()
    for (let at = this.#oldest; at; at = at.next) {
      at.open = false
      if (this.#atMostOnce) this.#queue.accepted(at.entry)
      else {
        // It was on its way to a program that is gone: that may have seen it.
        at.entry.redelivered = true
        this.#queue.giveBack(at.entry, at.counted, 0)
      }
    }
    this.#oldest = undefined
    this.#newest = undefined
    this.#queue.detach(this)
    return this.#queue.kernel.store?.flushed() ?? DONE
  }

  lost(): void {
    let any = false
    for (let at = this.#oldest; at && !any; at = at.next) any = at.counted
    if (!any && this.#oldest) this.#count(this.#oldest)
    void this.close()
  }

  #giveBack(handed: HandedDelivery, { unseen, delayMs }: Extract<Verdict, { kind: 'release' }>): void {
    if (!unseen) this.#count(handed)
    else if (handed.counted) handed.entry.count--
    this.#queue.giveBack(handed.entry, !unseen, delayMs)
  }

  /** After a verdict: the next delivery, now or when the disk has caught up. */
  #goOn(): void {
    const { kernel, storeId } = this.#queue
    if (storeId !== 0 && !this.#held && kernel.store?.behind) {
      this.#held = kernel.store.whenCaughtUp(this)
    } else if (this.free > 0) this.#queue.offerCredit(this)
  }

  detached(error: MessagingError): void {
    if (this.#closed) return
    this.#leave()
    this.#queue.detach(this)
    this.events.detached(error)
  }

  #leave(): void {
    this.#queue.tellDropped()
    this.#closed = true
    this.#held?.()
    this.#onClose(this)
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
