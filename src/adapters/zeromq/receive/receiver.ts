/** A client's receiving link, over the records of the protocol. */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../../../contract/adapter.ts'
import { RemoteDelivery } from '../codec/incoming.ts'
import { malformed, readJson } from '../codec/records.ts'
import { fromWire } from '../errors.ts'
import type { Client, LinkEnd } from '../wire/client.ts'
import { Op } from '../wire/protocol.ts'
import { NumberedFromAfar } from '../wire/slots.ts'

export class ReceiverLink implements AdapterReceiver, LinkEnd {
  readonly #client: Client
  readonly #link: number
  readonly #events: ReceiverEvents
  /** Handed over and not settled, for the hub's word that a lease ended. */
  readonly #held = new NumberedFromAfar<RemoteDelivery>()

  #credit: number
  /** The largest window so far: a hub that hands over more is none. */
  #mostCredit: number
  /** Pauses that the hub has not heard of yet: what comes until then was on its way already. */
  #unheard = 0
  /** Accepts since one was sent on its own account. */
  #heldBack = 0
  #closing = false
  /** The hub counts only deliveries that it is told of. */
  tellsHanded = false

  constructor(client: Client, link: number, credit: number, events: ReceiverEvents) {
    this.#client = client
    this.#link = link
    this.#credit = credit
    this.#mostCredit = credit
    this.#events = events
  }

  accept(delivery: AdapterDelivery): void {
    if (this.#client.over) return
    const { number } = delivery as RemoteDelivery
    this.#held.take(number)
    const { outbox } = this.#client
    outbox.records.number(Op.ACCEPT, this.#link, number)
    // Nobody waits for it, as long as the hub has credit left. Where deliveries are counted, the hub should know before the program dies.
    if (this.tellsHanded || ++this.#heldBack * 4 > this.#credit) {
      this.#heldBack = 0
      outbox.touch()
    } else outbox.touchLater()
  }

  handedOver(delivery: AdapterDelivery): void {
    if (!this.tellsHanded || this.#client.over) return
    const { outbox } = this.#client
    outbox.records.number(Op.HANDED, this.#link, (delivery as RemoteDelivery).number)
    outbox.touch()
  }

  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const { number } = delivery as RemoteDelivery
    this.#held.take(number)
    await this.#client.ask(Op.SETTLE, this.#link, { delivery: number, verdict })
  }

  /** Only a browser's link: the hub refuses it on any other. */
  async takeOut(delivery: AdapterDelivery): Promise<void> {
    const { number } = delivery as RemoteDelivery
    this.#held.take(number)
    await this.#client.ask(Op.SETTLE, this.#link, { delivery: number, verdict: { kind: 'take' } })
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#mostCredit = Math.max(this.#mostCredit, credit)
    if (credit === 0) void this.#pause()
    else if (this.#unheard === 0) this.#client.write(Op.FLOW, this.#link, { credit })
  }

  /** order: credit is given again only behind what was on its way and goes back, or younger messages would overtake it. */
  async #pause(): Promise<void> {
    this.#client.write(Op.FLOW, this.#link, { credit: 0 })
    this.#unheard++
    await this.flush()
    this.#unheard--
    if (this.#credit > 0) this.flow(this.#credit)
  }

  async flush(): Promise<void> {
    if (!this.#client.over) await this.#client.call('flush', this.#link, {}).catch(() => {})
  }

  /** Stays known until the hub has answered: it tells what the link missed before it lets go of it. */
  async close(): Promise<void> {
    this.#closing = true
    if (!this.#client.over) await this.#client.call('closeLink', this.#link, {}).catch(() => {})
    this.#client.removeLink(this.#link)
  }

  record(op: number, batch: Buffer, start: number, end: number): void {
    if (this.#closing && op !== Op.GAP) return
    switch (op) {
      case Op.DELIVER:
        this.#deliver(batch, start, end)
        return
      case Op.LOST: {
        const { delivery } = readJson<{ delivery: number }>(batch, start, end)
        const held = this.#held.take(delivery)
        if (held) this.#events.lost(held)
        return
      }
      case Op.GAP: {
        const { reason, count } = readJson<{ reason: unknown; count?: unknown }>(batch, start, end)
        this.#events.gap(String(reason), typeof count === 'number' ? count : undefined)
        return
      }
      case Op.END:
        this.#events.end()
        return
      case Op.DETACHED:
        this.#client.removeLink(this.#link)
        this.#events.detached(fromWire(readJson<{ error: unknown }>(batch, start, end).error))
    }
  }

  /** @throws `DECODE_FAILED` on what no hub sends; the connection is then given up */
  #deliver(batch: Buffer, start: number, end: number): void {
    const delivery = new RemoteDelivery(batch, start, end)
    if (this.#credit === 0 || this.#unheard > 0) {
      this.settle(delivery, { kind: 'release', delayMs: 0, unseen: true }).catch(() => {})
      return
    }
    if (this.#held.size >= this.#mostCredit) throw malformed('a delivery without credit')
    this.#held.put(delivery)
    this.#events.deliver(delivery)
  }
}
