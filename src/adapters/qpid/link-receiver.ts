/** One AMQP link for receiving: credit by hand, deliveries decoded as they come, verdicts as AMQP outcomes. */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../../api/adapter.ts'
import type { IncomingMessage } from '../../api/message.ts'
import { asMessagingError } from '../../core/attachment.ts'
import { decodeMessage } from './codec.ts'
import { linkError } from './errors.ts'
import type { Physical } from './physical.ts'
import type { RheaDelivery, RheaReceiver } from './rhea-types.ts'

/** One delivery, with rhea's own beside it. */
class QpidDelivery implements AdapterDelivery {
  readonly message: IncomingMessage
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly native: RheaDelivery

  constructor(native: RheaDelivery, message: IncomingMessage, failures: number) {
    this.native = native
    this.message = message
    this.deliveryCount = failures + 1
    this.redelivered = failures > 0
  }
}

export interface ReceiverOptions {
  /** Terminus of the link, as rhea takes it. */
  readonly source: object
  readonly address: string
  readonly credit: number
  readonly browse: boolean
  readonly follow: boolean
  /** Where copies of a delivery come to this link again. */
  readonly copiesTo: string | undefined
}

export class LinkReceiver implements AdapterReceiver {
  readonly address?: string
  readonly #physical: Physical
  readonly #link: RheaReceiver
  readonly #options: ReceiverOptions
  readonly #events: ReceiverEvents
  #credit: number
  /** Handed over and not settled. */
  #held = 0
  /** Given to the broker and not used yet. */
  #granted = 0
  #draining: Promise<void> | undefined
  #drained: (() => void) | undefined
  #closed = false
  #ended = false

  private constructor(
    physical: Physical,
    link: RheaReceiver,
    options: ReceiverOptions,
    events: ReceiverEvents,
  ) {
    this.#physical = physical
    this.#link = link
    this.#options = options
    this.#events = events
    this.#credit = options.credit
    if (options.copiesTo !== undefined) this.address = options.copiesTo
    link.on('message', ({ delivery, message }) => this.#arrived(delivery!, message!))
    link.on('receiver_drained', () => this.#drained?.())
    physical.watch(link, 'receiver', options.address, (error) => {
      this.#drained?.()
      if (!this.#closed) events.detached(error)
    })
  }

  static async open(
    physical: Physical,
    options: ReceiverOptions,
    events: ReceiverEvents,
  ): Promise<LinkReceiver> {
    const link = await physical.openReceiver(
      { source: options.source },
      Math.max(options.credit, 1),
      options.address,
    )
    return LinkReceiver.over(physical, link, options, events)
  }

  /** On a link that was opened before (a dynamic source that had to be bound first). */
  static over(
    physical: Physical,
    link: RheaReceiver,
    options: ReceiverOptions,
    events: ReceiverEvents,
  ): LinkReceiver {
    const receiver = new LinkReceiver(physical, link, options, events)
    receiver.#topUp()
    return receiver
  }

  accept(delivery: AdapterDelivery): void {
    if (this.#physical.over) return
    ;(delivery as QpidDelivery).native.accept()
    this.#settledOne()
  }

  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    if (this.#physical.over) throw this.#physical.over
    const { native } = delivery as QpidDelivery
    // A reject is final: the API has stored the dead letter, and Broker-J would only count a rejected delivery.
    if (verdict.kind === 'reject' || this.#options.browse) native.accept()
    else if (verdict.unseen) native.release()
    else native.release({ delivery_failed: true })
    this.#settledOne()
  }

  flow(credit: number): void {
    this.#credit = credit
    if (credit === 0) void this.#drain()
    else this.#topUp()
  }

  async flush(): Promise<void> {
    if (this.#physical.over || this.#closed) return
    await this.#drain()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#drained?.()
    await this.#physical.closeLink(this.#link, 'receiver')
  }

  #arrived(native: RheaDelivery, bytes: Buffer): void {
    if (this.#closed || (this.#credit === 0 && !this.#options.browse)) {
      if (this.#granted > 0) this.#granted--
      native.release()
      return
    }
    this.#held++
    if (this.#granted > 0) this.#granted--
    // All used: the broker need not answer a drain any more.
    if (this.#granted === 0) queueMicrotask(() => this.#granted === 0 && this.#drained?.())
    try {
      const { message, failures } = decodeMessage(bytes)
      this.#events.deliver(new QpidDelivery(native, message, failures))
    } catch (error) {
      // Nobody can read it, now or later: settled as failed, so that the broker's own limits apply to it.
      native.release({ delivery_failed: true, undeliverable_here: true })
      this.#settledOne()
      this.#events.detached(
        linkError({ description: asMessagingError(error).message }, { address: this.#options.address }),
      )
    }
  }

  #settledOne(): void {
    this.#held--
    // In batches: one flow frame for each quarter of the window.
    if (this.#credit - this.#held - this.#granted >= Math.max(1, this.#credit >> 2)) this.#topUp()
  }

  #topUp(): void {
    if (this.#draining || this.#closed || this.#ended || this.#physical.over) return
    const missing = this.#credit - this.#held - this.#granted
    if (missing <= 0) return
    this.#granted += missing
    this.#link.add_credit(missing)
    // While browsing every grant asks for its end: credit that comes back means that nothing more is there.
    if (this.#options.browse && !this.#options.follow) void this.#drain()
  }

  /** Asks the broker to use the credit up or give it back; settles when it has. */
  #drain(): Promise<void> {
    if (this.#granted === 0) return Promise.resolve()
    this.#draining ??= new Promise<void>((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        this.#draining = undefined
        // rhea never resets it: later credit would be drained too.
        this.#link.drain = false
        resolve()
        this.#afterDrain()
      }
      this.#link.drain_credit()
    })
    return this.#draining
  }

  #afterDrain(): void {
    const unspent = this.#granted
    this.#granted = 0
    if (this.#closed || this.#physical.over) return
    if (this.#options.browse && !this.#options.follow && unspent > 0) {
      this.#ended = true
      this.#events.end()
      return
    }
    this.#topUp()
  }
}
