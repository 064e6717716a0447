/**
 * Looks whether anything listens where a broker was, by opening a TCP connection and closing it: cheap enough to do often while a
 * broker is away, where a login would not be. One look at a time, with jitter, the rarer the longer nothing was there.
 */
import { connect } from 'node:net'
import type { Place } from '../../contract/adapter.ts'
import { countdown } from '../../core/time/countdown.ts'
import { pause } from '../../core/time/waiting.ts'

/** Between two looks. Unit: ms. */
const SHORTEST_MS = 100
const LONGEST_MS = 2_000
/** A look comes after this share of the time that the broker has been away: until 40 s have passed, every 100 ms at the latest, after five minutes every 750 ms. */
const SHARE = 1 / 400
/** What a look may take. Unit: ms. */
const LOOK_MS = 1_000

export class PlaceWatch {
  readonly #places: readonly Place[]
  readonly #since = performance.now()

  constructor(places: readonly Place[]) {
    this.#places = places
  }

  /** Resolves to true when something listens at one of the places, to false after `ms` or when `signal` aborts. */
  async listening(ms: number, signal: AbortSignal): Promise<boolean> {
    const left = countdown(ms)
    for (;;) {
      const away = performance.now() - this.#since
      const longest = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, away * SHARE))
      await pause(Math.min(left(), longest / 2 + (Math.random() * longest) / 2), signal)
      if (signal.aborted || left() === 0) return false
      for (const place of this.#places) if (await isListening(place, Math.min(LOOK_MS, left()))) return true
    }
  }
}

/** Whether a connection can be made there within `ms`. Never rejects. */
function isListening(place: Place, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(place)
    const done = (listens: boolean): void => {
      socket.destroy()
      resolve(listens)
    }
    socket.setTimeout(Math.max(1, ms), () => done(false))
    socket.once('connect', () => done(true))
    socket.on('error', () => done(false))
  })
}
