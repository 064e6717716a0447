/**
 * To the named members of a list: the queue of each.
 *
 * RabbitMQ could take one publish with many routing keys (`CC`), but then `mandatory` speaks up only when *nobody* took the
 * message: a member that never joined beside one that did would be silence, and no check beforehand holds until the
 * message is there. So each member gets a mandatory publish of its own, pipelined; the outcome is exact.
 */
import type { Transfer } from '../../../contract/adapter.ts'
import { memberCopies } from '../../../contract/multicast.ts'
import type { Route } from '../codec/codec.ts'
import { publishOptions } from '../codec/outgoing.ts'
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
    for (const copy of memberCopies(transfer, this.#node)) this.channel.publish('', copy.key, options, copy)
  }

  protected override delay(transfer: Transfer, line: DelayLine): void {
    for (const copy of memberCopies(transfer, this.#node)) line.send(copy, { kind: 'queue', name: copy.key })
  }
}
