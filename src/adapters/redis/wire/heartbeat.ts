/**
 * Notices a peer that has fallen silent, which TCP alone does not for a long time.
 *
 * A PING waits behind what was written before it, and its answer behind what is on its way back. Bytes that leave the
 * socket, or arrive, are therefore a sign of life, too. What the system has taken from the socket cannot be watched any more: it is given
 * the time that a slow line takes for it.
 */
import type { Redis } from 'ioredis'
import { LEAST_PACE } from '../../../core/connecting/least-pace.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Wire } from './wire.ts'

/** A PING without an answer. */
interface Asked {
  /** Time of the last sign of life, of `performance.now()`. */
  since: number
  unsent: number
  arrived: number
  /** For bytes written before it. Unit: ms. */
  readonly patienceMs: number
}

export class Heartbeat {
  /** Silence that ends a connection. */
  readonly #ms: number
  readonly #everyMs: number
  readonly #wire: Wire
  readonly #bytesUnderWay: () => number
  readonly #dead: (cause: unknown) => void
  readonly #asked = new Map<Redis, Asked>()
  #timer: NodeJS.Timeout | undefined

  /**
   * `ms` 0: silence is no reason to end a connection. `idleMs`: the server ends one that asks nothing for so long; 0: it does not.
   * `bytesUnderWay`: of commands without an answer.
   */
  constructor(
    { ms, idleMs }: { readonly ms: number; readonly idleMs: number },
    wire: Wire,
    bytesUnderWay: () => number,
    dead: (cause: unknown) => void,
  ) {
    this.#ms = ms > 0 ? ms : Infinity
    this.#everyMs = Math.min(this.#ms, idleMs > 0 ? idleMs / 3 : Infinity)
    this.#wire = wire
    this.#bytesUnderWay = bytesUnderWay
    this.#dead = dead
  }

  start(): void {
    if (this.#everyMs === Infinity) return
    this.#timer = setInterval(() => this.#beat(), this.#everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    for (const server of this.#wire.servers) {
      const asked = this.#asked.get(server)
      if (asked === undefined) this.#ask(server)
      else if (this.#isSilent(server, asked)) {
        // A busy program may have the answer in its socket: it is read before an immediate runs.
        setImmediate(() => {
          if (this.#asked.get(server) === asked && this.#isSilent(server, asked)) this.#dead(silent(this.#ms))
        })
      }
    }
  }

  #ask(server: Redis): void {
    const patienceMs = this.#bytesUnderWay() / LEAST_PACE
    const asked: Asked = { since: performance.now(), unsent: 0, arrived: 0, patienceMs }
    this.#asked.set(server, asked)
    const answered = (): void => {
      this.#asked.delete(server)
    }
    server.ping().then(answered, answered)
    asked.unsent = unsentBytes(server)
    asked.arrived = server.stream?.bytesRead ?? 0
  }

  /** Timers come a little early at times. */
  #isSilent(server: Redis, asked: Asked): boolean {
    const unsent = unsentBytes(server)
    const arrived = server.stream?.bytesRead ?? 0
    if (unsent < asked.unsent || arrived > asked.arrived) asked.since = performance.now()
    asked.unsent = unsent
    asked.arrived = arrived
    return performance.now() - asked.since > 0.9 * this.#ms + asked.patienceMs
  }
}

/** What the system has not taken yet. Of a large piece Node's streams know only that it is not through: its handle knows more. */
function unsentBytes({ stream }: Redis): number {
  const { _handle } = (stream ?? {}) as { _handle?: { writeQueueSize?: unknown } | null }
  const queued = _handle?.writeQueueSize
  return typeof queued === 'number' ? queued : (stream?.writableLength ?? 0)
}

function silent(ms: number): MessagingError {
  return new MessagingError('CONNECTION_LOST', `Redis did not answer for ${ms} ms`, {
    context: { adapter: ADAPTER },
  })
}
