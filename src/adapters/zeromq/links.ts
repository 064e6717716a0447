/** A client's links: senders, requesters and receivers as the contract has them, over the records of the protocol. */
import type {
  AdapterDelivery,
  AdapterReceiver,
  AdapterRequester,
  AdapterSender,
  LinkEvents,
  ReceiverEvents,
  Transfer,
  Verdict,
} from '../../api/adapter.ts'
import type { IncomingMessage } from '../../api/message.ts'
import { asMessagingError } from '../../core/attachment.ts'
import type { Client, LinkEnd } from './client.ts'
import { fromWire, type WireError } from './errors.ts'
import { decodeIncoming, encodedLength, encodeOutgoing, writeEncoded } from './message-codec.ts'
import { Op } from './protocol.ts'
import { readJson, readNumbers } from './records.ts'

export class SenderLink implements AdapterSender, LinkEnd {
  readonly #client: Client
  readonly #link: number
  readonly #events: LinkEvents
  readonly #transfers = new Map<number, Transfer>()
  #sequence = 0

  constructor(client: Client, link: number, events: LinkEvents) {
    this.#client = client
    this.#link = link
    this.#events = events
  }

  send(transfer: Transfer): void {
    if (this.#client.over) return
    const sequence = this.#sequence
    this.#sequence = (sequence + 1) >>> 0
    const encoded = encodeOutgoing(transfer.message)
    const { records } = this.#client.outbox
    const at = records.reserve(Op.SEND, this.#link, 5 + encodedLength(encoded))
    records.buffer.writeUInt32BE(sequence, at)
    records.buffer[at + 4] = transfer.resend ? 1 : 0
    writeEncoded(encoded, records.buffer, at + 5)
    this.#transfers.set(sequence, transfer)
    this.#client.outbox.touch()
  }

  record(op: number, payload: Buffer): void {
    if (op === Op.CONFIRM) readNumbers(payload, (sequence) => this.#settle(sequence, undefined))
    else if (op === Op.REFUSE) {
      const { sequence, error } = readJson<{ sequence: number; error: WireError }>(payload)
      this.#settle(sequence, error)
    } else if (op === Op.DETACHED) {
      this.#client.removeLink(this.#link)
      this.#events.detached(fromWire(readJson<{ error: WireError }>(payload).error))
    }
  }

  async close(): Promise<void> {
    this.#client.removeLink(this.#link)
    if (!this.#client.over) await this.#client.call('closeLink', this.#link, {}).catch(() => {})
  }

  #settle(sequence: number, error: WireError | undefined): void {
    const transfer = this.#transfers.get(sequence)
    this.#transfers.delete(sequence)
    transfer?.settle(error && fromWire(error))
  }
}

export class RequesterLink extends SenderLink implements AdapterRequester {
  replyTo = ''
  readonly #answers: ReceiverEvents

  constructor(client: Client, link: number, events: ReceiverEvents) {
    super(client, link, events)
    this.#answers = events
  }

  override record(op: number, payload: Buffer): void {
    if (op === Op.DELIVER) this.#answers.deliver(readDelivery(payload))
    else super.record(op, payload)
  }
}

class RemoteDelivery implements AdapterDelivery {
  readonly number: number
  readonly deliveryCount: number
  readonly redelivered: boolean
  readonly message: IncomingMessage

  constructor(number: number, deliveryCount: number, redelivered: boolean, message: IncomingMessage) {
    this.number = number
    this.deliveryCount = deliveryCount
    this.redelivered = redelivered
    this.message = message
  }
}

function readDelivery(payload: Buffer): RemoteDelivery {
  return new RemoteDelivery(
    payload.readUInt32BE(0),
    payload.readUInt32BE(4),
    payload[8] === 1,
    decodeIncoming(payload.subarray(9)),
  )
}

export class ReceiverLink implements AdapterReceiver, LinkEnd {
  readonly #client: Client
  readonly #link: number
  readonly #events: ReceiverEvents
  /** Handed over and not settled, for the hub's word that a lease ended. */
  readonly #held = new Map<number, RemoteDelivery>()

  constructor(client: Client, link: number, events: ReceiverEvents) {
    this.#client = client
    this.#link = link
    this.#events = events
  }

  accept(delivery: AdapterDelivery): void {
    if (this.#client.over) return
    const { number } = delivery as RemoteDelivery
    this.#held.delete(number)
    const { outbox } = this.#client
    // Room first: making it may put another buffer in place.
    const at = outbox.records.reserve(Op.ACCEPT, this.#link, 4)
    outbox.records.buffer.writeUInt32BE(number, at)
    outbox.touch()
  }

  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const { number } = delivery as RemoteDelivery
    this.#held.delete(number)
    await this.#client.ask(Op.SETTLE, this.#link, { delivery: number, verdict })
  }

  flow(credit: number): void {
    this.#client.write(Op.FLOW, this.#link, { credit })
  }

  async flush(): Promise<void> {
    if (!this.#client.over) await this.#client.call('flush', this.#link, {}).catch(() => {})
  }

  async close(): Promise<void> {
    this.#client.removeLink(this.#link)
    if (!this.#client.over) await this.#client.call('closeLink', this.#link, {}).catch(() => {})
  }

  record(op: number, payload: Buffer): void {
    switch (op) {
      case Op.DELIVER:
        this.#deliver(payload)
        return
      case Op.LOST: {
        const { delivery } = readJson<{ delivery: number }>(payload)
        const held = this.#held.get(delivery)
        this.#held.delete(delivery)
        if (held) this.#events.lost(held)
        return
      }
      case Op.GAP: {
        const { reason, count } = readJson<{ reason: string; count?: number }>(payload)
        this.#events.gap(reason, count)
        return
      }
      case Op.END:
        this.#events.end()
        return
      case Op.DETACHED:
        this.#client.removeLink(this.#link)
        this.#events.detached(fromWire(readJson<{ error: WireError }>(payload).error))
    }
  }

  #deliver(payload: Buffer): void {
    try {
      const delivery = readDelivery(payload)
      this.#held.set(delivery.number, delivery)
      this.#events.deliver(delivery)
    } catch (error) {
      this.#client.removeLink(this.#link)
      this.#events.detached(asMessagingError(error))
    }
  }
}
