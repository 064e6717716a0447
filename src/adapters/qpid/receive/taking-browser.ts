/**
 * A browser that may take what it shows.
 *
 * AMQP 1.0 has no way to take one message out from among others, so this is a receiver: what it shows is acquired, what is passed over stays so,
 * unsettled, and is released at the end, which puts it back to its old place and is no delivery. Meanwhile no other receiver gets it. It works in
 * rounds: credit, and a drain of it; a round that brings nothing is the end.
 */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents } from '../../../contract/adapter.ts'
import { asMessagingError, MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'

/** Messages passed over at once: each is kept here until the end, with its bytes. */
const MOST_PASSED = 100_000

export interface TakingParts {
  readonly label: string
  readonly credit: number
  /** Messages that may be shown: what was there at the beginning. */
  readonly waiting: number
  readonly events: ReceiverEvents
}

export class TakingBrowser implements AdapterReceiver {
  readonly #parts: TakingParts
  readonly #passed: AdapterDelivery[] = []
  #inner: AdapterReceiver | undefined
  #credit: number
  #left: number
  /** Shown, and neither passed over nor taken. */
  #open = 0
  /** All that ever came. */
  #came = 0
  #decided: (() => void) | undefined
  #over = false

  private constructor(parts: TakingParts) {
    this.#parts = parts
    this.#credit = parts.credit
    this.#left = parts.waiting
  }

  /** @param attach attaches the receiver behind it, without credit */
  static async open(
    parts: TakingParts,
    attach: (events: ReceiverEvents) => Promise<AdapterReceiver>,
  ): Promise<TakingBrowser> {
    const browser = new TakingBrowser(parts)
    const { events } = parts
    browser.#inner = await attach({
      deliver: (delivery) => browser.#show(delivery),
      lost: (delivery) => events.lost(delivery),
      gap: (reason, count) => events.gap(reason, count),
      end: () => {},
      detached: (error) => {
        browser.#stop()
        events.detached(error)
      },
    })
    void browser.#walk(browser.#inner)
    return browser
  }

  /** It stays where it is. */
  accept(delivery: AdapterDelivery): void {
    this.#passed.push(delivery)
    this.#settledOne()
    if (this.#passed.length > MOST_PASSED) this.#tooMany()
  }

  async settle(delivery: AdapterDelivery): Promise<void> {
    this.accept(delivery)
  }

  async takeOut(delivery: AdapterDelivery): Promise<void> {
    this.#inner!.accept(delivery)
    this.#settledOne()
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#decided?.()
  }

  async flush(): Promise<void> {
    if (!this.#over) await this.#inner!.flush()
  }

  /** order: last first, for brokers that put back at the head. */
  async close(): Promise<void> {
    this.#stop()
    const inner = this.#inner!
    const back = { kind: 'release', delayMs: 0, unseen: true } as const
    await Promise.allSettled(this.#passed.reverse().map((delivery) => inner.settle(delivery, back)))
    await inner.close()
  }

  async #walk(inner: AdapterReceiver): Promise<void> {
    while (!this.#over) {
      while (!this.#over && this.#open * 2 > this.#credit) await this.#decision()
      const before = this.#came
      inner.flow(this.#credit + this.#passed.length)
      try {
        await inner.flush()
      } catch (error) {
        // The broker does not say whether there is more.
        if (!this.#over) this.#fail(asMessagingError(error))
        return
      }
      if (this.#over || (this.#came > before && this.#left > 0)) continue
      this.#over = true
      this.#parts.events.end()
    }
  }

  #show(delivery: AdapterDelivery): void {
    this.#came++
    if (this.#left === 0 || this.#over) {
      void this.#inner!.settle(delivery, { kind: 'release', delayMs: 0, unseen: true }).catch(() => {})
      return
    }
    this.#left--
    this.#open++
    this.#parts.events.deliver(delivery)
  }

  #decision(): Promise<void> {
    return new Promise((resolve) => {
      this.#decided = resolve
    })
  }

  #settledOne(): void {
    this.#open--
    this.#decided?.()
  }

  #tooMany(): void {
    if (this.#over) return
    const { label } = this.#parts
    const text = `More than ${MOST_PASSED} messages of '${label}' would have to be held while others are taken`
    this.#fail(
      new MessagingError('CAPACITY_EXCEEDED', text, {
        retryable: false,
        hint: 'Pass them over by a selector in the address: \'…; {link: {selector: "…"}}\'.',
        context: { adapter: ADAPTER, address: label, operation: 'replay' },
      }),
    )
  }

  /** What is held goes back, or nobody would get it while the connection lasts. */
  #fail(error: MessagingError): void {
    void this.close()
    this.#parts.events.detached(error)
  }

  #stop(): void {
    this.#over = true
    this.#decided?.()
  }
}
