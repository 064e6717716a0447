/** Receivers by name behind one socket: a message goes to one of its name as soon as that has credit; so long nothing more is read. */
import type { ReceiverEvents, ReceiverSpec } from '../../../contract/adapter.ts'
import type { RemoteDelivery } from '../codec/incoming.ts'
import { PeerReceiver } from './receiver.ts'

export class Desk {
  readonly #receivers = new Map<string, PeerReceiver[]>()
  #waiting: (() => void)[] = []
  #closed = false

  /** A receiver of the name. `closed` is told how many messages it had and did not take. */
  receiver(
    { source: { name }, credit }: ReceiverSpec,
    events: ReceiverEvents,
    closed: (lost: number) => void,
  ): PeerReceiver {
    const receiver = new PeerReceiver({
      name,
      credit,
      events,
      onFree: () => this.#changed(),
      onClose: (lost) => {
        this.#remove(name, receiver)
        closed(lost)
      },
    })
    const known = this.#receivers.get(name)
    if (known) known.push(receiver)
    else this.#receivers.set(name, [receiver])
    this.#changed()
    return receiver
  }

  /** Whoever waits gives up. */
  close(): void {
    this.#closed = true
    this.#changed()
  }

  /**
   * Hands over a message, in turns among those of the name; at once where one has credit. Waits for credit, and for the very first
   * receiver; `unwanted` is called when there are receivers, and none of this name.
   */
  hand(name: string, delivery: RemoteDelivery, unwanted: () => void): void | Promise<void> {
    const receiver = this.#free(name)
    if (!receiver) return this.#handLater(name, delivery, unwanted)
    receiver.offer(delivery)
  }

  async #handLater(name: string, delivery: RemoteDelivery, unwanted: () => void): Promise<void> {
    while (!this.#closed) {
      const receiver = this.#free(name)
      if (receiver) {
        receiver.offer(delivery)
        return
      }
      if (this.#receivers.size > 0 && !this.#receivers.has(name)) {
        unwanted()
        return
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #free(name: string): PeerReceiver | undefined {
    const receivers = this.#receivers.get(name)
    const at = receivers ? receivers.findIndex((receiver) => receiver.free) : -1
    if (at < 0) return undefined
    const receiver = receivers![at]!
    if (receivers!.length > 1) receivers!.push(...receivers!.splice(at, 1))
    return receiver
  }

  #remove(name: string, receiver: PeerReceiver): void {
    const left = this.#receivers.get(name)?.filter((each) => each !== receiver) ?? []
    if (left.length === 0) this.#receivers.delete(name)
    else this.#receivers.set(name, left)
    this.#changed()
  }

  /** Somebody came, left or has room. */
  #changed(): void {
    for (const look of this.#waiting.splice(0)) look()
  }
}
