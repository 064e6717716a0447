/** Tells when something was committed to the outbox: by `LISTEN`, on a connection of its own that comes back by itself. */

import { onAbort } from '../core/aborts.ts'
import { pause } from '../core/time/waiting.ts'
import type { RelayClient, RelayPool } from './client.ts'
import { CHANNEL } from './schema.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

export class Waker {
  readonly #pool: RelayPool
  readonly #woken: () => void
  readonly #stop = new AbortController()
  readonly #listening: Promise<void>

  /** @param woken called for each notification, and each time that it listens again: one may have been missed */
  constructor(pool: RelayPool, woken: () => void) {
    this.#pool = pool
    this.#woken = woken
    this.#listening = this.#listen()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#listening
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const client = await this.#pool.connect()
        failures = 0
        await this.#untilItEnds(client)
      } catch {
        // The relay tells that the database is away; until this is back it looks by itself.
      }
      if (!signal.aborted) await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), signal)
    }
  }

  async #untilItEnds(client: RelayClient): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return client.release()
    let over: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      over = resolve
    })
    client.on('notification', this.#woken)
    client.on('error', over)
    client.on('end', over)
    const off = onAbort(signal, over)
    try {
      await client.query(`LISTEN ${CHANNEL}`)
      this.#woken()
      await ended
    } finally {
      off()
      client.removeListener('notification', this.#woken)
      // It listens: nobody else is to have it.
      client.release(true)
    }
  }
}
