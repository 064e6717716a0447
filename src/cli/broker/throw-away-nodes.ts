/** Nodes for a demonstration or a check: under names that nobody else has, and deleted at its end. */
import type { AnyAddress, Connection, Delivery, Receiver } from '../../index.ts'
import { CommandError } from '../command/errors.ts'

/** Long enough for a slow broker; what works never waits for it. Unit: ms. */
export const PATIENCE_MS = 10_000

export class ThrowAwayNodes {
  readonly #connection: Connection
  readonly #prefix: string
  readonly #made: AnyAddress[] = []

  constructor(connection: Connection, purpose: string) {
    this.#connection = connection
    this.#prefix = `${purpose}-${Math.random().toString(36).slice(2, 10)}-`
  }

  name(name: string): string {
    return this.#prefix + name
  }

  /** Remembers a node to be deleted at the end. */
  made<A extends AnyAddress>(address: A): A {
    this.#made.push(address)
    return address
  }

  /** Deletes all of them, the last one first. @throws the first failure, once all were tried */
  async clear(): Promise<void> {
    const failures: unknown[] = []
    for (const address of this.#made.reverse())
      await this.#connection.admin.delete(address).catch((error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
}

/** The next delivery; that there is none is a failure here. */
export async function next<Body>(receiver: Receiver<Body>): Promise<Delivery<Body>> {
  const delivery = await receiver.receive({ timeoutMs: PATIENCE_MS })
  if (!delivery) throw new CommandError(`nothing arrived within ${PATIENCE_MS / 1000} s`)
  return delivery
}
