/**
 * Heartbeats both ways. rhea sets two timers anew for every piece of input and output; here one timer looks at what has passed the
 * socket since it looked last.
 */
import type { Socket } from 'node:net'
import type { RheaConnection } from './rhea-types.ts'

/** Looks in one idle time-out. */
const LOOKS = 4

/**
 * Takes both idle time-outs of an open connection out of rhea's hands, until its socket closes. A peer counts as gone after two of ours
 * without a word (as in rhea), and hears from us at least twice in one of its own.
 */
export function watchIdle(connection: RheaConnection, socket: Socket): void {
  const ours = taken(connection.local.open)
  const theirs = taken(connection.remote.open)
  clearTimeout(connection.heartbeat_in)
  clearTimeout(connection.heartbeat_out)
  const shorter = Math.min(ours || Number.POSITIVE_INFINITY, theirs || Number.POSITIVE_INFINITY)
  if (shorter === Number.POSITIVE_INFINITY) return
  const read = new Count(() => socket.bytesRead)
  const written = new Count(() => socket.bytesWritten)
  const timer = setInterval(() => {
    if (theirs > 0 && written.unchangedMs() >= theirs / LOOKS) connection._write_frame()
    if (ours === 0 || read.unchangedMs() < 2 * ours) return
    // A program that stood still may have words of the peer in its socket: they are read before an immediate runs.
    setImmediate(() => {
      if (read.unchangedMs() < 2 * ours || socket.destroyed) return
      clearInterval(timer)
      connection.idle()
    })
  }, shorter / LOOKS).unref()
  socket.once('close', () => clearInterval(timer))
}

/** Unit: ms; 0: none was agreed on. */
function taken(open: { idle_time_out?: number | null }): number {
  const ms = open.idle_time_out ?? 0
  open.idle_time_out = 0
  return ms
}

class Count {
  readonly #count: () => number
  #last: number
  #since = performance.now()

  constructor(count: () => number) {
    this.#count = count
    this.#last = count()
  }

  /** How long it has been the same, as far as was asked. */
  unchangedMs(): number {
    const count = this.#count()
    const now = performance.now()
    if (count !== this.#last) {
      this.#last = count
      this.#since = now
    }
    return now - this.#since
  }
}
