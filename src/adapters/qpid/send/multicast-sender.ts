/** Multicast: one transfer to each member's queue over a link without target; the outcome is that of all of them. */
import { type AdapterSender, memberQueue, type Transfer } from '../../../contract/adapter.ts'
import { formatAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { ADAPTER } from '../errors.ts'

/** The outcomes of one message to its members, gathered. */
class Gathering {
  readonly #whole: Transfer
  #open: number
  readonly #missing: string[] = []
  #refused: MessagingError | undefined

  constructor(whole: Transfer, members: number) {
    this.#whole = whole
    this.#open = members
  }

  settled(member: string, error: MessagingError | undefined): void {
    if (error?.code === 'SEND_UNROUTABLE') this.#missing.push(member)
    else if (error) this.#refused = error
    if (--this.#open > 0) return
    if (this.#missing.length > 0) {
      this.#whole.settle(
        new MessagingError(
          'SEND_UNROUTABLE',
          `These members never joined: ${this.#missing.join(', ')}. The others have the message.`,
          {
            context: {
              adapter: ADAPTER,
              operation: 'send',
              members: this.#missing,
              messageId: this.#whole.message.id,
            },
          },
        ),
      )
    } else this.#whole.settle(this.#refused)
  }
}

class Part implements Transfer {
  readonly message: OutgoingMessage
  readonly resend: boolean
  readonly #member: string
  readonly #gathering: Gathering

  constructor(whole: Transfer, to: string, member: string, gathering: Gathering) {
    this.message = { ...whole.message, to }
    this.resend = whole.resend
    this.#member = member
    this.#gathering = gathering
  }

  settle(error?: MessagingError): void {
    this.#gathering.settled(this.#member, error)
  }
}

export class MulticastSender implements AdapterSender {
  readonly #node: string
  readonly #anonymous: AdapterSender

  constructor(node: string, anonymous: AdapterSender) {
    this.#node = node
    this.#anonymous = anonymous
  }

  send(transfer: Transfer): void {
    const members = transfer.message.members ?? []
    const gathering = new Gathering(transfer, members.length)
    for (const member of members) {
      const to = formatAddress({ name: memberQueue(this.#node, member) })
      this.#anonymous.send(new Part(transfer, to, member, gathering))
    }
  }

  close(): Promise<void> {
    return this.#anonymous.close()
  }
}
