/** A client's sending link with an address for answers, which come by the same link. */
import type { AdapterRequester, ReceiverEvents } from '../../../contract/adapter.ts'
import { RemoteDelivery } from '../codec/incoming.ts'
import type { Client } from '../wire/client.ts'
import { Op } from '../wire/protocol.ts'
import { SenderLink } from './sender.ts'

export class RequesterLink extends SenderLink implements AdapterRequester {
  replyTo = ''
  readonly #answers: ReceiverEvents

  constructor(client: Client, link: number, maxBodyBytes: number, events: ReceiverEvents) {
    super(client, link, maxBodyBytes, events)
    this.#answers = events
  }

  override record(op: number, batch: Buffer, start: number, end: number): void {
    if (op === Op.DELIVER) this.#answers.deliver(new RemoteDelivery(batch, start, end))
    else super.record(op, batch, start, end)
  }
}
