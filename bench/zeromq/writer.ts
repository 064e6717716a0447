/** A socket of zeromq.js takes one send at a time: those that come meanwhile wait in line. */
import type { Dealer, Router } from 'zeromq'

export class Writer {
  readonly #socket: Router | Dealer
  #last: Promise<void> = Promise.resolve()

  constructor(socket: Router | Dealer) {
    this.#socket = socket
  }

  write(frames: readonly Buffer[]): Promise<void> {
    this.#last = this.#last.then(() => this.#socket.send(frames as Buffer[]))
    return this.#last
  }
}
