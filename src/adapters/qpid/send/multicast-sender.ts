/** Multicast: one transfer to each member's queue over a link without target. */
import type { AdapterSender, Transfer } from '../../../contract/adapter.ts'
import { memberCopies } from '../../../contract/multicast.ts'
import { formatAddress } from '../../../model/address-text/index.ts'

export class MulticastSender implements AdapterSender {
  readonly #node: string
  readonly #anonymous: AdapterSender

  constructor(node: string, anonymous: AdapterSender) {
    this.#node = node
    this.#anonymous = anonymous
  }

  send(transfer: Transfer): void {
    for (const copy of memberCopies(transfer, this.#node)) {
      copy.message = { ...copy.message, to: formatAddress({ name: copy.key }) }
      this.#anonymous.send(copy)
    }
  }

  close(): Promise<void> {
    return this.#anonymous.close()
  }
}
