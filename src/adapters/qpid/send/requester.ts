/** A sender with a dynamic node of its own for the answers. */
import type { AdapterRequester, ReceiverEvents, SenderSpec, Transfer } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Profile } from '../nodes/products/profile.ts'
import { LinkReceiver } from '../receive/link-receiver.ts'
import type { Physical } from '../wire/physical.ts'
import { LinkSender } from './link-sender.ts'

const answerSource = ({ answerCapabilities, answerExpiry }: Profile) => ({
  dynamic: true,
  capabilities: answerCapabilities,
  ...(answerExpiry === undefined ? {} : { expiry_policy: answerExpiry }),
})

/** Whether the broker makes a dynamic node when it is asked for one. A session that it refuses is the answer as well. */
export async function hasAnswerNodes(physical: Physical): Promise<boolean> {
  const source = answerSource(physical.product.profile)
  try {
    const link = await physical.openReceiver({ source, snd_settle_mode: 1 }, 1, undefined)
    await physical.closeLink(link)
    return true
  } catch (error) {
    if (physical.over) throw error
    return false
  }
}

export class Requester implements AdapterRequester {
  readonly replyTo: string
  readonly #sender: LinkSender
  readonly #answers: LinkReceiver

  private constructor(replyTo: string, sender: LinkSender, answers: LinkReceiver) {
    this.replyTo = replyTo
    this.#sender = sender
    this.#answers = answers
  }

  /** `target`: the service's address on the wire. */
  static async open(
    physical: Physical,
    spec: SenderSpec,
    target: string | undefined,
    events: ReceiverEvents,
  ): Promise<Requester> {
    const { profile } = physical.product
    const source = answerSource(profile)
    const address = spec.target?.name ?? ''
    const capabilities = spec.target && profile.queueCapabilities
    // Answers come settled: nobody else could take them, and the node they wait at ends with this link.
    const link = await physical.openReceiver({ source, snd_settle_mode: 1 }, spec.capacity, address)
    const replyTo = link.source?.address
    if (typeof replyTo !== 'string') {
      await physical.closeLink(link)
      throw noAnswerNode(address)
    }
    const options = {
      source,
      address,
      credit: spec.capacity,
      browse: false,
      follow: false,
      copiesTo: undefined,
    }
    const answers: LinkReceiver = LinkReceiver.over(physical, link, options, {
      ...events,
      // An answer that is here has arrived: nobody else could take it.
      deliver: (delivery) => {
        answers.accept(delivery)
        events.deliver(delivery)
      },
    })
    try {
      const sender = await LinkSender.open(
        physical,
        { address: target, capabilities, capacity: spec.capacity, presettled: false },
        events,
      )
      return new Requester(profile.dialect.shownAddress(replyTo), sender, answers)
    } catch (error) {
      await answers.close()
      throw error
    }
  }

  send(transfer: Transfer): void {
    this.#sender.send(transfer)
  }

  withdraw(transfer: Transfer): boolean {
    return this.#sender.withdraw(transfer)
  }

  async close(): Promise<void> {
    await Promise.all([this.#sender.close(), this.#answers.close()])
  }
}

function noAnswerNode(address: string): MessagingError {
  return new MessagingError('NOT_SUPPORTED', 'The broker made no node of its own for the answers', {
    context: { adapter: ADAPTER, address, operation: 'request' },
  })
}
