/** A multicast on a broker that has queues only: a copy for the queue of each member, and one outcome once that of every copy is known. */
import { MessagingError } from '../model/errors.ts'
import { listed } from '../model/listed.ts'
import type { OutgoingMessage } from '../model/message.ts'
import type { Transfer } from './links.ts'
import { memberQueue } from './nodes.ts'

/** What is sent to one member. */
class MemberCopy implements Transfer {
  message: OutgoingMessage
  readonly resend: boolean
  /** Name of the member's queue. */
  readonly key: string
  readonly #member: string
  readonly #outcome: MulticastOutcome

  constructor(outcome: MulticastOutcome, { message, resend }: Transfer, key: string, member: string) {
    this.message = message
    this.resend = resend
    this.key = key
    this.#member = member
    this.#outcome = outcome
  }

  settle(error?: MessagingError): void {
    this.#outcome.settled(this.#member, error)
  }
}

/** A copy for each member that the message names, however often it does. A message that names none is refused. */
export function memberCopies(transfer: Transfer, node: string): MemberCopy[] {
  const members = [...new Set(transfer.message.members ?? [])]
  if (members.length === 0)
    transfer.settle(
      new MessagingError('ENCODE_FAILED', 'The message names no member', { context: { address: node } }),
    )
  const outcome = new MulticastOutcome(transfer, node, members.length)
  return members.map((member) => new MemberCopy(outcome, transfer, memberQueue(node, member), member))
}

class MulticastOutcome {
  readonly #transfer: Transfer
  readonly #node: string
  readonly #missing: string[] = []
  #open: number
  #failure: MessagingError | undefined

  constructor(transfer: Transfer, node: string, copies: number) {
    this.#transfer = transfer
    this.#node = node
    this.#open = copies
  }

  settled(member: string, error: MessagingError | undefined): void {
    if (error?.code === 'SEND_UNROUTABLE') this.#missing.push(member)
    else if (error) this.#failure ??= error
    if (--this.#open > 0) return
    this.#transfer.settle(this.#missing.length > 0 ? this.#unroutable() : this.#failure)
  }

  #unroutable(): MessagingError {
    const text = `No such member of '${this.#node}': ${listed(this.#missing)}`
    return new MessagingError('SEND_UNROUTABLE', text, {
      cause: this.#failure,
      context: {
        address: this.#node,
        operation: 'send',
        messageId: this.#transfer.message.id,
        members: this.#missing,
      },
    })
  }
}
