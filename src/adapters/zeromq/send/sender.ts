/** A client's sending link, over the records of the protocol. */
import type { AdapterSender, LinkEvents, Transfer } from '../../../contract/adapter.ts'
import { asMessagingError } from '../../../model/errors.ts'
import { checkSizes, writeMessage } from '../codec/message-codec.ts'
import { readJson, readNumbers } from '../codec/records.ts'
import { fromWire } from '../errors.ts'
import type { Client, LinkEnd } from '../wire/client.ts'
import { Op } from '../wire/protocol.ts'
import { Slots } from '../wire/slots.ts'

/** Sequence and resend mark before the message in a SEND. Unit: bytes. */
const SEND_FRONT = 5

export class SenderLink implements AdapterSender, LinkEnd {
  readonly #client: Client
  readonly #link: number
  readonly #maxBodyBytes: number
  readonly #events: LinkEvents
  readonly #transfers = new Slots<Transfer>()

  constructor(client: Client, link: number, maxBodyBytes: number, events: LinkEvents) {
    this.#client = client
    this.#link = link
    this.#maxBodyBytes = maxBodyBytes
    this.#events = events
  }

  send(transfer: Transfer): void {
    if (this.#client.over) return
    const { outbox } = this.#client
    const { records } = outbox
    const start = records.length
    const at = writeMessage(
      records,
      Op.SEND,
      this.#link,
      SEND_FRONT,
      transfer.message,
      this.#client.annotates,
    )
    const { buffer } = records
    try {
      // What is too large for the hub would end the connection, and be sent again by the next.
      checkSizes(buffer, at + SEND_FRONT, records.length, this.#maxBodyBytes)
    } catch (error) {
      records.cut(start)
      transfer.settle(asMessagingError(error))
      return
    }
    buffer.writeUInt32BE(this.#transfers.put(transfer), at)
    buffer[at + 4] = transfer.resend ? 1 : 0
    outbox.touch()
  }

  record(op: number, batch: Buffer, start: number, end: number): void {
    if (op === Op.CONFIRM) {
      readNumbers(batch, start, end, (sequence) => this.#transfers.take(sequence)?.settle())
    } else if (op === Op.REFUSE) {
      const { sequence, error } = readJson<{ sequence: number; error: unknown }>(batch, start, end)
      this.#transfers.take(sequence)?.settle(fromWire(error))
    } else if (op === Op.DETACHED) {
      this.#client.removeLink(this.#link)
      this.#events.detached(fromWire(readJson<{ error: unknown }>(batch, start, end).error))
    }
  }

  async close(): Promise<void> {
    this.#client.removeLink(this.#link)
    if (!this.#client.over) await this.#client.call('closeLink', this.#link, {}).catch(() => {})
  }
}
