/**
 * To the named members of a list: the queue of each.
 *
 * RabbitMQ could take one publish with many routing keys (`CC`), but then `mandatory` speaks up only when *nobody* took the
 * message: a member that never joined beside one that did would be silence, and no check beforehand holds until the
 * message is there. So each member gets a mandatory publish of its own, pipelined; the outcome is exact.
 */
import { memberQueue, type Transfer } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import type { Route } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
import { ADAPTER } from '../errors.ts'
import type { InFlight } from '../wire/publish-channel.ts'
import type { DelayLine } from './delay-line.ts'
import { RabbitmqSender, type SenderParts } from './sender.ts'

export class MulticastSender extends RabbitmqSender {
  readonly #node: string
  readonly #route: Route

  constructor(parts: SenderParts, node: string) {
    super(parts)
    this.#node = node
    this.#route = { subjectIsKey: false, mandatory: true, login: parts.session.login }
  }

  protected override publish(transfer: Transfer): void {
    const options = publishOptions(transfer.message, this.#route)
    for (const copy of this.#copies(transfer)) this.channel.publish('', copy.key, options, copy)
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    for (const copy of this.#copies(transfer)) line.send(copy, { kind: 'queue', name: copy.key })
  }

  #copies(transfer: Transfer): MemberCopy[] {
    const members = [...new Set(transfer.message.members ?? [])]
    if (members.length === 0) throw new MessagingError('ENCODE_FAILED', 'The message names no member')
    const outcome = new MulticastOutcome(transfer, this.#node, members.length)
    return members.map((member) => new MemberCopy(outcome, member, memberQueue(this.#node, member)))
  }
}

/** One member's copy. */
class MemberCopy implements InFlight {
  readonly message: OutgoingMessage
  readonly key: string
  readonly #outcome: MulticastOutcome
  readonly #member: string

  constructor(outcome: MulticastOutcome, member: string, queue: string) {
    this.#outcome = outcome
    this.#member = member
    this.message = outcome.message
    this.key = queue
  }

  settle(error?: MessagingError): void {
    this.#outcome.settled(this.#member, error)
  }
}

/** Collects the outcomes of all members into that of the send. */
class MulticastOutcome {
  readonly #transfer: Transfer
  readonly #node: string
  readonly #missing: string[] = []
  #open: number
  #failure: MessagingError | undefined

  constructor(transfer: Transfer, node: string, members: number) {
    this.#transfer = transfer
    this.#node = node
    this.#open = members
  }

  get message(): OutgoingMessage {
    return this.#transfer.message
  }

  settled(member: string, error: MessagingError | undefined): void {
    if (error?.code === 'SEND_UNROUTABLE') this.#missing.push(member)
    else if (error) this.#failure ??= error
    if (--this.#open === 0) this.#transfer.settle(this.#failure ?? this.#unroutable())
  }

  #unroutable(): MessagingError | undefined {
    const members = this.#missing
    if (members.length === 0) return undefined
    return new MessagingError(
      'SEND_UNROUTABLE',
      `Not in multicast '${this.#node}': ${members.join(', ')}; the others have the message`,
      {
        context: {
          adapter: ADAPTER,
          address: this.#node,
          operation: 'send',
          messageId: this.message.id,
          members,
        },
      },
    )
  }
}
