/**
 * What ZeroMQ tells of a socket that listens. zeromq.js hands its own events over without a pause between them; a process that has too many
 * files open is told so hundreds of thousands of times a second, for as long as somebody wants to connect, and would do nothing else.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { EventOfType, EventType, Socket } from 'zeromq'

/** Events after which others have their turn. */
const BURST = 64

export class SocketEvents {
  readonly #listeners = new Map<string, ((event: never) => void)[]>()

  constructor(socket: Socket) {
    void this.#read(socket)
  }

  on<T extends EventType>(type: T, listener: (event: EventOfType<T>) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  /** Until the socket is closed. */
  async #read({ events }: Socket): Promise<void> {
    try {
      for (let count = 1; !events.closed; count++) {
        const event = await events.receive()
        for (const listener of this.#listeners.get(event.type) ?? []) listener(event as never)
        if (count % BURST === 0) await turn()
      }
    } catch {
      // It was closed meanwhile.
    }
  }
}
