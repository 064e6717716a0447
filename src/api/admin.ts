/** Nodes as a whole: make, delete, empty, look at, list. */
import type { NodeInfo, NodeRef } from '../contract/adapter.ts'
import type { AnyAddress } from './address/address.ts'
import { plan } from './address/lowering.ts'
import type { NodePlan } from './address/node-plan.ts'
import { declareNode, notFound } from './address/node-policy.ts'
import { refuseUnsupported } from './address/refusal.ts'
import type { LinkHost } from './link/link-host.ts'
import { type CallOptions, checkOptions } from './options.ts'
import { Receiver } from './receive/receiver.ts'

export type { NodeInfo } from '../contract/adapter.ts'

/**
 * Nodes as a whole; `connection.admin`. Every call waits up to `timeoutMs` (default 30 s), through a reconnect as well, and may throw
 * `CONNECTION_LOST` at that time, `NOT_SUPPORTED`, `UNAUTHORIZED`, `ABORTED`, `CLOSED`, `CONFIG_INVALID`.
 */
export class Admin {
  readonly #host: LinkHost

  constructor(host: LinkHost) {
    this.#host = host
  }

  /**
   * Makes the node with the address's options, or does nothing when it is there with the same ones. A named subscription is made with its topic.
   *
   * @throws `ADDRESS_MISMATCH` when it exists with other settings
   */
  declare(address: AnyAddress | string, options: CallOptions = {}): Promise<void> {
    return this.#told(async () => {
      checkOptions('declare', options)
      const target = plan(address)
      await this.#host.run('declare', options, (connection) => declareNode(connection, target))
      if (target.subscription && target.spec.type !== 'queue') {
        // Attaching once makes it; from then on it retains.
        const receiver = await Receiver.open(this.#host, target, { ...options, credit: 0 })
        await receiver.close()
      }
    })
  }

  /** Deletes the node and what waits in it. `false`: there was none. */
  delete(address: AnyAddress | string, options: CallOptions = {}): Promise<boolean> {
    return this.#on('delete', address, options, (connection, node) => connection.delete(node))
  }

  /** Removes what waits in the node. Resolves to the number removed. @throws `ADDRESS_NOT_FOUND` */
  purge(address: AnyAddress | string, options: CallOptions = {}): Promise<number> {
    return this.#on('purge', address, options, async (connection, node, target) => {
      if (!(await connection.inspect(node))) throw notFound(target)
      return connection.purge(node)
    })
  }

  /** Type, depth (unit: messages) and receivers of the node; `undefined` when there is none. */
  inspect(address: AnyAddress | string, options: CallOptions = {}): Promise<NodeInfo | undefined> {
    return this.#on('inspect', address, options, (connection, node) => connection.inspect(node))
  }

  /** The nodes of the broker. */
  list(options: CallOptions = {}): Promise<NodeInfo[]> {
    return this.#told(async () => {
      checkOptions('list', options)
      if (this.#host.state !== 'closed') refuseUnsupported(this.#host.capabilities, 'list')
      return this.#host.run('list', options, (connection) => connection.list())
    })
  }

  /** Whatever it throws names the adapter. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw this.#host.named(error)
    }
  }

  #on<T>(
    operation: 'delete' | 'purge' | 'inspect',
    address: AnyAddress | string,
    options: CallOptions,
    work: (
      connection: Parameters<Parameters<LinkHost['run']>[2]>[0],
      node: NodeRef,
      target: NodePlan,
    ) => Promise<T>,
  ): Promise<T> {
    return this.#told(async () => {
      checkOptions(operation, options)
      const target = plan(address)
      refuseUnsupported(this.#host.capabilities, operation, target)
      const { subscription, node } = target
      const place =
        subscription && node.type !== 'queue' ? { ...node, subscription: subscription.name } : node
      return this.#host.run(operation, options, (connection) => work(connection, place, target))
    })
  }
}
