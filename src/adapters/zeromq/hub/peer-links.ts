/** The links of one client by the numbers it gave them, with the deliveries it holds and may hold. */

import type { BrokerReceiver } from '../../../broker/index.ts'
import type { AdapterDelivery, AdapterSender } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { Slots } from '../wire/slots.ts'

/** Links one client may have. */
const MAX_LINKS = 10_000

/** A link as the hub keeps it; without an end while it is being attached. */
export interface PeerLink {
  end: LinkEnd | undefined
  /** Of a receiver: how many deliveries it may hold. */
  credit: number
  /** Handed to the client and not settled. */
  readonly deliveries: Slots<AdapterDelivery>
}

/** The broker's end of a link. */
export interface LinkEnd {
  readonly sender?: AdapterSender
  readonly receiver?: BrokerReceiver
  /** What its messages are, when their confirmation may wait for company. */
  readonly patience?: 'requests' | 'answers'
}

export class PeerLinks {
  readonly #links = new Map<number, PeerLink>()
  /** Deliveries that await a verdict, and how many may, on all links. */
  #open = 0
  #credit = 0
  /** Receivers get nothing more for now, whatever their credit. */
  paused = false

  get(link: number): PeerLink | undefined {
    return this.#links.get(link)
  }

  /** Takes the number for a link that is about to be attached. @throws when it is taken, or there are too many */
  claim(link: number): PeerLink {
    if (link === 0 || this.#links.has(link))
      throw new MessagingError('CONFIG_INVALID', `The link number ${link} is taken`)
    if (this.#links.size >= MAX_LINKS)
      throw new MessagingError('CAPACITY_EXCEEDED', `A client has at most ${MAX_LINKS} links`)
    const claimed: PeerLink = {
      end: undefined,
      credit: 0,
      deliveries: new Slots(),
    }
    this.#links.set(link, claimed)
    return claimed
  }

  /** It is attached. `false`: it was closed meanwhile. */
  attached(link: number, claimed: PeerLink, end: LinkEnd, credit: number): boolean {
    if (this.#links.get(link) !== claimed) return false
    claimed.end = end
    claimed.credit = credit
    this.#credit += credit
    if (this.paused) end.receiver?.flow(0)
    return true
  }

  remove(link: number): PeerLink | undefined {
    const known = this.#links.get(link)
    if (!known) return undefined
    this.#open -= known.deliveries.size
    this.#credit -= known.credit
    this.#links.delete(link)
    return known
  }

  /** The client is gone. */
  lost(): void {
    for (const { end } of this.#links.values()) if (end?.receiver?.tells) end.receiver.lost?.()
    this.#links.clear()
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    for (const { end } of this.#links.values()) end?.receiver?.flow(0)
  }

  resume(): void {
    this.paused = false
    for (const { end, credit } of this.#links.values()) end?.receiver?.flow(credit)
  }

  /** The client's program has this delivery in hand. */
  handed(link: number, number: number): void {
    const known = this.#links.get(link)
    const delivery = known?.deliveries.get(number)
    if (delivery) known?.end?.receiver?.handedOver?.(delivery)
  }

  flow(link: number, credit: number): void {
    const known = this.#links.get(link)
    if (!known?.end?.receiver) return
    this.#credit += credit - known.credit
    known.credit = credit
    if (!this.paused) known.end.receiver.flow(credit)
  }

  /** Its number; it is open until {@link settled}. */
  opened(link: PeerLink, delivery: AdapterDelivery): number {
    this.#open++
    return link.deliveries.put(delivery)
  }

  /** Takes an open delivery; `undefined`: it is not there any more. */
  settled(link: PeerLink, number: number): AdapterDelivery | undefined {
    const delivery = link.deliveries.take(number)
    if (!delivery) return undefined
    this.#open--
    return delivery
  }

  /**
   * Whether the confirmation of a message may wait for company. Whoever asks waits for the response, whoever has answered its
   * only request for the next one: both come by the same way. Not so when it takes another request only after it has accepted
   * this one, for which it needs the confirmation.
   */
  mayWait(link: number): boolean {
    const patience = this.#links.get(link)?.end?.patience
    return patience === 'requests' || (patience === 'answers' && this.#open <= 1 && this.#open < this.#credit)
  }
}
