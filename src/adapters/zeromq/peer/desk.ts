/** Receivers of the peer that binds, by name: its PULL and its ROUTER bring messages for all of them. */
import type { PeerReceiver } from './receiver.ts'

export class Desk {
  readonly #receivers = new Map<string, PeerReceiver[]>()
  #waiting: (() => void)[] = []
  #closed = false

  add(name: string, receiver: PeerReceiver): void {
    const known = this.#receivers.get(name)
    if (known) known.push(receiver)
    else this.#receivers.set(name, [receiver])
    this.changed()
  }

  remove(name: string, receiver: PeerReceiver): void {
    const left = this.#receivers.get(name)?.filter((each) => each !== receiver) ?? []
    if (left.length === 0) this.#receivers.delete(name)
    else this.#receivers.set(name, left)
    this.changed()
  }

  /** Somebody came, left or has room. */
  changed(): void {
    for (const look of this.#waiting.splice(0)) look()
  }

  close(): void {
    this.#closed = true
    this.changed()
  }

  /** One of this name that takes a message at once, in turns. */
  free(name: string): PeerReceiver | undefined {
    const receivers = this.#receivers.get(name)
    const at = receivers ? receivers.findIndex((receiver) => receiver.free) : -1
    if (at < 0) return undefined
    const receiver = receivers![at]!
    if (receivers!.length > 1) receivers!.push(...receivers!.splice(at, 1))
    return receiver
  }

  /**
   * Who gets the next message for a name; waits for credit, and for the very first receiver. `undefined`: there
   * are receivers, and none of this name.
   */
  async next(name: string): Promise<PeerReceiver | undefined> {
    while (!this.#closed) {
      const receiver = this.free(name)
      if (receiver) return receiver
      if (this.#receivers.size > 0 && !this.#receivers.has(name)) return undefined
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return undefined
  }
}
