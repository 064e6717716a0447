/** To one requester: what `connection.send(request.replyTo, …)` opens. */
import type { Transfer } from '../../../contract/adapter.ts'
import type { Route } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
import type { DelayLine } from './delay-line.ts'
import { ReplyChannel } from './reply-channel.ts'
import { RabbitmqSender, type SenderParts } from './sender.ts'

export class ReplySender extends RabbitmqSender {
  readonly #address: string
  readonly #route: Route
  readonly #replies: ReplyChannel

  constructor(parts: SenderParts, address: string) {
    super(parts)
    this.#address = address
    this.#route = { subjectIsKey: false, mandatory: false, login: parts.session.login }
    this.#replies = new ReplyChannel(parts.session, parts.life, 0)
  }

  protected override publish(transfer: Transfer): void {
    this.#replies.send(this.#address, publishOptions(transfer.message, this.#route), transfer)
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    line.send(transfer, { kind: 'queue', name: this.#address })
  }
}
