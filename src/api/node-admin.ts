/** Nodes as a whole: make, delete, empty, look at, list. */
import type { NodeInfo, NodeRef } from '../contract/adapter.ts'
import type { AnyAddress } from './address/address.ts'
import { plan } from './address/lowering.ts'
import type { NodePlan } from './address/node-plan.ts'
import { declareNode, notFound } from './address/node-policy.ts'
import { refuseUnsupported } from './address/refusal.ts'
import type { Admin } from './admin.ts'
import type { LinkHost } from './link/link-host.ts'
import { type CallOptions, checkOptions } from './options.ts'
import { AttachedReceiver } from './receive/attached-receiver.ts'

export class NodeAdmin implements Admin {
  readonly #host: LinkHost

  constructor(host: LinkHost) {
    this.#host = host
  }

  declare(address: AnyAddress | string, options: CallOptions = {}): Promise<void> {
    return this.#told(async () => {
      const checked = checkOptions('declare', options)
      const target = plan(address)
      await this.#host.run('declare', checked, (connection) => declareNode(connection, target))
      if (target.subscription && target.spec.type !== 'queue') {
        // Attaching once makes it; from then on it retains.
        const receiver = await AttachedReceiver.open(this.#host, target, { ...checked, credit: 0 })
        await receiver.close()
      }
    })
  }

  delete(address: AnyAddress | string, options: CallOptions = {}): Promise<boolean> {
    return this.#on('delete', address, options, (connection, node) => connection.delete(node))
  }

  purge(address: AnyAddress | string, options: CallOptions = {}): Promise<number> {
    return this.#on('purge', address, options, async (connection, node, target) => {
      if (!(await connection.inspect(node))) throw notFound(target)
      return connection.purge(node)
    })
  }

  inspect(address: AnyAddress | string, options: CallOptions = {}): Promise<NodeInfo | undefined> {
    return this.#on('inspect', address, options, (connection, node) => connection.inspect(node))
  }

  list(options: CallOptions = {}): Promise<NodeInfo[]> {
    return this.#told(async () => {
      const checked = checkOptions('list', options)
      if (this.#host.state !== 'closed') refuseUnsupported(this.#host.capabilities, 'list')
      return this.#host.run('list', checked, (connection) => connection.list())
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
      const checked = checkOptions(operation, options)
      const target = plan(address)
      refuseUnsupported(this.#host.capabilities, operation, target)
      const { subscription, node } = target
      const place =
        subscription && node.type !== 'queue' ? { ...node, subscription: subscription.name } : node
      return this.#host.run(operation, checked, (connection) => work(connection, place, target))
    })
  }
}
