/** To one requester: what `connection.send(request.replyTo, …)` opens. */
import type { Transfer } from '../../api/adapter.ts'
import { publishOptions, type Route } from './codec.ts'
import type { DelayLine } from './delay-line.ts'
import { Answer, ReplyWitness } from './reply-address.ts'
import { RabbitmqSender, type SenderParts } from './sender.ts'

export class ReplySender extends RabbitmqSender {
  readonly #address: string
  readonly #route: Route
  readonly #witness: ReplyWitness

  constructor(parts: SenderParts, address: string) {
    super(parts)
    this.#address = address
    this.#route = { subjectIsKey: false, mandatory: false, login: parts.session.login }
    this.#witness = new ReplyWitness(parts.session)
  }

  protected override publish(transfer: Transfer): void {
    const item = new Answer(this.#witness, transfer, this.#address)
    this.channel.publish('', this.#address, publishOptions(transfer.message, this.#route), item)
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    line.send(transfer, { kind: 'queue', name: this.#address })
  }
}
