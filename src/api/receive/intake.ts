/**
 * From what the broker hands over to what somebody may read: a delivery over the limit of its node goes aside, a body that
 * does not fit its schema is refused, all others come to the inbox in their order.
 */

import type { AdapterDelivery } from '../../contract/adapter.ts'
import type { Inbox } from '../../core/inbox.ts'
import { asMessagingError } from '../../model/errors.ts'
import { reasonText } from '../../model/thrown.ts'
import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import { LinkDelivery } from './link-delivery.ts'
import type { ReceiverLink } from './receiver-link.ts'
import { SchemaGate } from './schema-gate.ts'

/** Pause before a message over its limit, for which there was no room aside, is given back. Unit: ms. */
const DIVERT_AGAIN_MS = 1_000

export class Intake<Body> {
  readonly #host: LinkHost
  readonly #mode: NodePlan['mode']
  readonly #maxDeliveries: number | undefined
  readonly #inbox: Inbox<LinkDelivery<Body>>
  readonly #gate: SchemaGate<Body> | undefined

  constructor(host: LinkHost, plan: NodePlan, mode: NodePlan['mode'], inbox: Inbox<LinkDelivery<Body>>) {
    this.#host = host
    this.#mode = mode
    this.#maxDeliveries = plan.spec.maxDeliveries
    this.#inbox = inbox
    const { schema } = plan.options
    this.#gate =
      schema &&
      new SchemaGate<Body>(schema, {
        pass: (delivery) => inbox.push(delivery),
        refuse: (delivery, error) => this.#refuseBody(delivery, error),
      })
  }

  take(link: ReceiverLink, native: AdapterDelivery): void {
    const limit = this.#maxDeliveries
    if (limit !== undefined && native.deliveryCount > limit && this.#diverts) {
      const reason = `more than ${limit} deliveries`
      this.#divert(link, native, reason).catch((error) => this.#host.verdictFailed(error))
      return
    }
    const delivery = new LinkDelivery<Body>(native, link, this.#host.codecs)
    if (this.#gate) this.#gate.push(delivery)
    else this.#inbox.push(delivery)
  }

  /** Resolves when every body so far was looked at. */
  async checked(): Promise<void> {
    await this.#gate?.checked()
  }

  get #diverts(): boolean {
    return this.#mode === 'consume' && this.#host.capabilities.features.maxDeliveries.level === 'emulated'
  }

  /** What cannot be put aside goes back after a pause: kept here it would take up credit for ever. */
  async #divert(link: ReceiverLink, native: AdapterDelivery, reason: string): Promise<void> {
    try {
      await link.divert(native, reason)
    } catch (error) {
      this.#host.warning(asMessagingError(error))
      await this.#host.delay(DIVERT_AGAIN_MS)
      if (link.holds(native)) await link.giveBack(native)
    }
  }

  /** Rejected with the reason and never seen; who browses sees the message without its body. */
  #refuseBody(delivery: LinkDelivery<Body>, error: unknown): void {
    const problem = asMessagingError(error)
    if (this.#mode === 'consume') {
      delivery.reject(reasonText(problem.message)).catch((failure) => this.#host.verdictFailed(failure))
      return
    }
    delivery.refuseBody(problem)
    this.#inbox.push(delivery)
  }
}
