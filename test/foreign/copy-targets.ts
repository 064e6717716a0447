/** Where the tests of docs/mapping.md have their messages copied to. */
import { type Connection, connect, createHub, type Hub, type QueueAddress } from '../../src/index.ts'
import { brokerUrl } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'

export interface CopyTarget {
  readonly connection: Connection
  /** What the connection warned of: what its broker cannot keep of a copy. */
  readonly told: string[]
}

export class CopyTargets {
  readonly #hub: Hub
  readonly #node: QueueAddress<unknown>
  readonly #targets = new Map<string, CopyTarget>()

  private constructor(hub: Hub, node: QueueAddress<unknown>) {
    this.#hub = hub
    this.#node = node
  }

  /** Redis, a hub and the embedded broker, and brokers of these names beside them; the node is declared on each. */
  static async open(
    node: QueueAddress<unknown>,
    ...others: readonly ('qpid' | 'rabbitmq')[]
  ): Promise<CopyTargets> {
    const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
    const targets = new CopyTargets(hub, node)
    for (const name of ['redis', ...others] as const) await targets.#open(name, brokerUrl(name))
    await targets.#open('hub', hub.urls[0]!.replace('tcp:', 'zmq:'))
    await targets.#open('memory', `memory:${uniqueName('mapping')}`)
    return targets
  }

  of(name: string): CopyTarget {
    return this.#targets.get(name)!
  }

  async close(): Promise<void> {
    for (const { connection } of this.#targets.values()) {
      await connection.admin.delete(this.#node)
      await connection.close()
    }
    await this.#hub.close()
  }

  async #open(name: string, url: string): Promise<void> {
    const connection = await connect(url)
    const told: string[] = []
    this.#targets.set(name, { connection, told })
    connection.on('warning', ({ error }) => told.push(...((error.context.lost as string[]) ?? [])))
    await connection.admin.declare(this.#node)
  }
}
