/** The one writer of a socket: ZeroMQ allows one send at a time. What it cannot take yet waits here, at most what senders have capacity for. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Transfer } from '../../../contract/adapter.ts'
import { Deque } from '../../../core/deque.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'

/** A full publisher tells nobody when there is room again: so it is asked this often. Unit: ms. */
const ASK_AGAIN_MS = 2

interface Writable {
  readonly closed: boolean
  send(frames: Buffer[]): Promise<void>
}

interface Letter {
  readonly frames: Buffer[]
  readonly transfer: Transfer | undefined
}

export class Writer {
  readonly #socket: Writable
  readonly #onFull: 'wait' | 'refuse'
  readonly #letters = new Deque<Letter>()
  #sending = false

  /** `onFull`: what becomes of a message that the socket refuses at its high-water mark instead of waiting by itself. */
  constructor(socket: Writable, onFull: 'wait' | 'refuse' = 'wait') {
    this.#socket = socket
    this.#onFull = onFull
  }

  get waiting(): number {
    return this.#letters.length
  }

  /** Sends in order; the transfer is settled when the socket has taken the message. */
  send(frames: Buffer[], transfer?: Transfer): void {
    this.#letters.push({ frames, transfer })
    if (!this.#sending) void this.#run()
  }

  async #run(): Promise<void> {
    this.#sending = true
    for (let letter = this.#letters.peek(); letter && !this.#socket.closed; letter = this.#letters.peek()) {
      const problem = await this.#write(letter)
      if (problem === 'again') continue
      this.#letters.shift()
      letter.transfer?.settle(problem)
    }
    this.#sending = false
  }

  async #write({ frames }: Letter): Promise<MessagingError | 'again' | undefined> {
    try {
      await this.#socket.send(frames)
      return undefined
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      if (code === 'EAGAIN' && this.#onFull === 'wait' && !this.#socket.closed) {
        await sleep(ASK_AGAIN_MS)
        return 'again'
      }
      const context = { adapter: ADAPTER, operation: 'send' }
      if (code === 'EHOSTUNREACH')
        return new MessagingError('SEND_UNROUTABLE', 'The peer is not there any more', { cause, context })
      const text = code === 'EAGAIN' ? 'The peer does not read what is sent to it' : message
      return new MessagingError('SEND_REJECTED', text, { cause, context })
    }
  }
}
