/** What stands at a name, asked by attaching a receiver that takes nothing: for brokers that tell it in no other way. */
import type { NodeInfo, NodeRef, NodeSpec } from '../../../contract/adapter.ts'
import { isMessagingError, MessagingError } from '../../../model/errors.ts'
import { ADAPTER, NO_QUEUE } from '../errors.ts'
import type { Physical } from '../wire/physical.ts'

/** `unknown`: the login may not receive there, for example. */
type Found = 'queue' | 'topic' | 'none' | 'unknown'

export class QueueProbe {
  readonly #physical: Physical

  constructor(physical: Physical) {
    this.#physical = physical
  }

  async typeOf(node: NodeRef): Promise<Found> {
    try {
      await this.#attach(node.name)
      return 'queue'
    } catch (error) {
      if (this.#physical.over) throw this.#physical.over
      return foundBy(error)
    }
  }

  /** A broker that makes queues makes this one. */
  async inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    try {
      await this.#attach(node.name)
    } catch (error) {
      const found = foundBy(error)
      if (found === 'none') return undefined
      if (found === 'topic') return info(node.name, 'topic')
      // Who may not receive there may still send.
      if (!isMessagingError(error, 'UNAUTHORIZED')) throw error
    }
    return info(node.name, node.type ?? 'queue')
  }

  /** @throws `NOT_SUPPORTED` naming what the queue cannot have, `ADDRESS_MISMATCH` where there is a topic */
  async make(node: NodeSpec): Promise<void> {
    const option = node.ttlMs !== undefined ? 'ttlMs' : Object.keys(node.native)[0]
    if (option !== undefined) throw withoutOptions(node.name, option, this.#physical.product.product)
    try {
      await this.#attach(node.name)
    } catch (error) {
      throw foundBy(error) === 'topic' ? notAQueue(node.name, error) : error
    }
  }

  async #attach(name: string): Promise<void> {
    const { queueAddress, queueCapabilities: capabilities } = this.#physical.product.profile
    const link = await this.#physical.openReceiver(
      { source: { address: queueAddress(name), capabilities } },
      1,
      name,
    )
    await this.#physical.closeLink(link)
  }
}

export function notAQueue(address: string, cause?: unknown): MessagingError {
  return new MessagingError('ADDRESS_MISMATCH', `'${address}' is a topic, not a queue`, {
    cause,
    context: { adapter: ADAPTER, address, operation: 'attach' },
  })
}

function foundBy(error: unknown): Found {
  if (!(error instanceof MessagingError)) throw error
  if (error.code === 'ADDRESS_NOT_FOUND') return 'none'
  return NO_QUEUE.test(error.message) ? 'topic' : 'unknown'
}

function info(name: string, type: NodeInfo['type']): NodeInfo {
  return { name, type, depth: undefined, receivers: undefined, durable: undefined, details: {} }
}

function withoutOptions(address: string, option: string, product: string): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    `${option}: ${product} makes a queue for the first link that asks for one, without options`,
    {
      hint: "Make the queue with the broker's own tools, and name it with create: 'never'.",
      context: { adapter: ADAPTER, address, operation: 'declare', option },
    },
  )
}
