/** Where a tool takes messages from, and when that counts as empty. */
import type { Connection, Delivery, Receiver } from '../../index.ts'

/** Looks at a queue that tells of messages and hands over none; others may be first in line, or a selector leaves them out. */
const LOOKS = 3

/** Takes deliveries from one address, and tells when there are none. */
export class Source {
  readonly receiver: Receiver
  readonly #connection: Connection
  readonly #address: string

  constructor(receiver: Receiver, connection: Connection, address: string) {
    this.receiver = receiver
    this.#connection = connection
    this.#address = address
  }

  /**
   * The next delivery, or `undefined` when there is none within the timeout. A broker that takes its time over a long
   * queue is not taken for one that has nothing. Unit: ms; `undefined`: waits for ever.
   */
  async next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Delivery | undefined> {
    if (timeoutMs === undefined) return this.receiver.receive({ signal })
    for (let look = 1; ; look++) {
      const delivery = await this.receiver.receive({ timeoutMs: look === 1 ? timeoutMs : 0, signal })
      if (delivery || look === LOOKS || (await this.#depth()) === 0) return delivery
    }
  }

  /** Messages that wait, where the broker tells, and tells this user. */
  async #depth(): Promise<number> {
    const node = await this.#connection.admin.inspect(this.#address).catch(() => undefined)
    return node?.depth ?? 0
  }
}
