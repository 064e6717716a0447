/** Nodes as a whole, as the application sees them. */
import type { NodeInfo } from '../contract/adapter.ts'
import type { AnyAddress } from './address/address.ts'
import type { CallOptions } from './options.ts'

export type { NodeInfo } from '../contract/adapter.ts'

/**
 * Nodes as a whole; `connection.admin`. Every call waits up to `timeoutMs` (default 30 s), through a reconnect as well, and may throw
 * `CONNECTION_LOST` at that time, `NOT_SUPPORTED`, `UNAUTHORIZED`, `ABORTED`, `CLOSED`, `CONFIG_INVALID`.
 *
 * @example
 * await connection.admin.declare(queue('orders', { maxLength: 100_000 }))
 * const found = await connection.admin.inspect('orders')
 * console.log(found?.depth)
 */
export interface Admin {
  /**
   * Makes the node with the address's options, or does nothing when it is there with the same ones. A named subscription is made with its topic.
   *
   * @throws `ADDRESS_MISMATCH` when it exists with other settings
   */
  declare(address: AnyAddress | string, options?: CallOptions): Promise<void>

  /** Deletes the node and what waits in it. `false`: there was none. */
  delete(address: AnyAddress | string, options?: CallOptions): Promise<boolean>

  /** Removes what waits in the node. Resolves to the number removed. @throws `ADDRESS_NOT_FOUND` */
  purge(address: AnyAddress | string, options?: CallOptions): Promise<number>

  /** Type, depth (unit: messages) and receivers of the node; `undefined` when there is none. */
  inspect(address: AnyAddress | string, options?: CallOptions): Promise<NodeInfo | undefined>

  /** The nodes of the broker. */
  list(options?: CallOptions): Promise<NodeInfo[]>
}
