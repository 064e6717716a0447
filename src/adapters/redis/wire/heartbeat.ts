/** Notices a peer that has fallen silent, which TCP alone does not for a long time. */
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Wire } from './wire.ts'

export class Heartbeat {
  readonly #ms: number
  readonly #wire: Wire
  readonly #dead: (cause: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #open = 0

  /** `ms` 0: none. */
  constructor(ms: number, wire: Wire, dead: (cause: unknown) => void) {
    this.#ms = ms
    this.#wire = wire
    this.#dead = dead
  }

  start(): void {
    if (this.#ms <= 0) return
    this.#timer = setInterval(() => this.#beat(), this.#ms)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    if (this.#open > 0) {
      // A busy program may have the answers in its socket: they are read before an immediate runs.
      setImmediate(() => {
        if (this.#open > 0) this.#dead(silent(this.#ms))
      })
      return
    }
    for (const server of this.#wire.servers) {
      this.#open++
      server.ping().then(
        () => this.#open--,
        () => this.#open--,
      )
    }
  }
}

function silent(ms: number): MessagingError {
  return new MessagingError('CONNECTION_LOST', `Redis did not answer for ${ms} ms`, {
    context: { adapter: ADAPTER },
  })
}
