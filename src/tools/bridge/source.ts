/** Where a tool takes messages from, and when that counts as empty. */
import type { Connection, Delivery, Receiver } from '../../index.ts'
import { connectionIsBack } from './connection-is-back.ts'

/** Looks at a queue that tells of messages and hands over none; others may be first in line, or a selector leaves them out. */
const LOOKS = 3

/** Takes deliveries from one address, and tells when there are none. */
export class Source {
  readonly receiver: Receiver
  readonly #connection: Connection
  readonly #address: string
  #losses = 0

  constructor(receiver: Receiver, connection: Connection, address: string) {
    this.receiver = receiver
    this.#connection = connection
    this.#address = address
    connection.on('disconnected', () => {
      this.#losses += 1
    })
  }

  /**
   * The next delivery, or `undefined` when there is none within the timeout. A broker that takes its time over a long
   * queue is not taken for one that has nothing. Unit: ms; `undefined`: waits for ever.
   */
  async next(timeoutMs: number | undefined, signal: AbortSignal): Promise<Delivery | undefined> {
    if (timeoutMs === undefined) return this.receiver.receive({ signal })
    for (let look = 1; ; look++) {
      const losses = this.#losses
      const delivery = await this.receiver.receive({ timeoutMs: look === 1 ? timeoutMs : 0, signal })
      if (delivery) return delivery
      const isEmpty = look >= LOOKS || (await this.#depth()) === 0
      if (signal.aborted) return undefined
      // Nobody knows what waits at a broker that is away.
      if (await this.#lostSince(losses, signal)) look = 0
      else if (isEmpty) return undefined
    }
  }

  /** Whether the connection was lost meanwhile; then it is there again. It comes back, or receiving ends with its error. */
  async #lostSince(losses: number, signal: AbortSignal): Promise<boolean> {
    const isAway = (): boolean => this.#connection.state === 'disconnected'
    if (losses === this.#losses && !isAway()) return false
    if (isAway()) await connectionIsBack(this.#connection, signal)
    return true
  }

  /** Messages that wait, where the broker tells, and tells this user. */
  async #depth(): Promise<number> {
    const node = await this.#connection.admin.inspect(this.#address).catch(() => undefined)
    return node?.depth ?? 0
  }
}
