/** A receiver between peers: credit, and nothing behind it. What it was handed is gone from everywhere else. */
import { setImmediate as turn } from 'node:timers/promises'
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../../../contract/adapter.ts'
import { Deque } from '../../../core/deque.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'

export interface PeerReceiverOptions {
  readonly name: string
  readonly credit: number
  readonly events: ReceiverEvents
  /** Messages that may wait here for credit; beyond, the oldest go and are told as a gap. Absent: whoever offers waits. */
  readonly buffer?: number
  /** There is room for another message. */
  readonly onFree: () => void
  /** `lost`: messages that were handed over, or waited, and were not taken. */
  readonly onClose: (lost: number) => void
}

export class PeerReceiver implements AdapterReceiver {
  readonly #options: PeerReceiverOptions
  readonly #open = new Set<AdapterDelivery>()
  readonly #waiting = new Deque<AdapterDelivery>()
  #credit: number
  #dropped = 0
  #closed = false

  constructor(options: PeerReceiverOptions) {
    this.#options = options
    this.#credit = options.credit
  }

  /** Whether a message offered now is handed over at once. */
  get free(): boolean {
    return !this.#closed && this.#waiting.length === 0 && this.#open.size < this.#credit
  }

  /** Hands over, or keeps until there is credit. */
  offer(delivery: AdapterDelivery): void {
    if (this.#closed) return
    if (this.free) {
      this.#handOver(delivery)
      return
    }
    this.#waiting.push(delivery)
    const { buffer } = this.#options
    if (buffer === undefined || this.#waiting.length <= buffer) return
    this.#waiting.shift()
    if (this.#dropped++ === 0) setImmediate(() => this.#tellDropped())
  }

  accept(delivery: AdapterDelivery): void {
    if (this.#open.delete(delivery)) this.#freed()
  }

  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    if (!this.#open.delete(delivery)) {
      throw new MessagingError('DELIVERY_LOST', 'The delivery is no longer open on this link', {
        context: { adapter: ADAPTER, address: this.#options.name },
      })
    }
    const unseen = verdict.kind === 'release' && verdict.unseen
    // It was only prefetched: it waits here for the next read.
    if (unseen) this.#waiting.unshift(delivery)
    this.#freed()
    if (verdict.kind === 'reject' || unseen) return
    throw new MessagingError(
      'NOT_SUPPORTED',
      'Between peers nobody keeps a message: what was handed over cannot be given back',
      {
        hint: 'Accept it and send it again, or use a hub.',
        context: { adapter: ADAPTER, address: this.#options.name },
      },
    )
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#freed()
  }

  /** What lies at the socket already comes in this turn; what is on its way nobody knows of. */
  async flush(): Promise<void> {
    this.#tellDropped()
    await turn()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#tellDropped()
    this.#closed = true
    const lost = this.#open.size + this.#waiting.length
    this.#open.clear()
    this.#waiting.drain()
    this.#options.onClose(lost)
  }

  #handOver(delivery: AdapterDelivery): void {
    this.#open.add(delivery)
    this.#options.events.deliver(delivery)
  }

  #freed(): void {
    if (this.#closed) return
    while (this.#open.size < this.#credit) {
      const delivery = this.#waiting.shift()
      if (!delivery) break
      this.#handOver(delivery)
    }
    if (this.free) this.#options.onFree()
  }

  #tellDropped(): void {
    const count = this.#dropped
    this.#dropped = 0
    if (count > 0 && !this.#closed) this.#options.events.gap('the receiver was too slow', count)
  }
}
