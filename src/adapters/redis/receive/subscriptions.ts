/**
 * Channels and patterns subscribed to at the server, shared by the links of a connection: one subscription at the server for each
 * distinct name, whatever the number of listeners.
 */
import type { Redis } from 'ioredis'
import { wholeTopic } from '../nodes/globs.ts'

export type Listener = (channel: string, payload: Buffer) => void

export interface Listening {
  /** Settles when the server has it: from then on nothing is missed. */
  readonly ready: Promise<unknown>
  /** Idempotent. */
  stop(): void
}

/**
 * Distinct globs of one topic. Redis compares every publish with every glob, so that further ones share one for the whole
 * topic: its messages all come here then, and the server's work does not grow.
 */
const MAX_GLOBS = 16

class Place {
  readonly listeners = new Set<Listener>()
  ready: Promise<unknown>

  constructor(ready: Promise<unknown>) {
    this.ready = ready
  }
}

export class Subscriptions {
  readonly #client: Redis
  readonly #exact = new Map<string, Place>()
  readonly #globs = new Map<string, Place>()
  /** Globs in use for each topic, by the root of its channels. */
  readonly #roots = new Map<string, Set<string>>()
  #stopped = false

  constructor(client: Redis) {
    this.#client = client
    client.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
      const name = channel.toString()
      for (const listener of this.#exact.get(name)?.listeners ?? []) listener(name, payload)
    })
    // The server sends one copy for each fitting glob: a listener hears only its own.
    client.on('pmessageBuffer', (glob: string, channel: Buffer, payload: Buffer) => {
      const place = this.#globs.get(glob)
      if (!place) return
      const name = channel.toString()
      for (const listener of place.listeners) listener(name, payload)
    })
  }

  /** Listens to one channel. */
  exact(channel: string, listener: Listener): Listening {
    return this.#listen(this.#exact, channel, listener, 'subscribe', 'unsubscribe')
  }

  /** Listens at least to every channel below `root` that fits a glob of Redis; also to others of that topic. */
  glob(root: string, glob: string, listener: Listener): Listening {
    const used = this.#roots.get(root) ?? new Set()
    this.#roots.set(root, used)
    const name = used.has(glob) || used.size < MAX_GLOBS ? glob : wholeTopic(root)
    used.add(name)
    return this.#listen(this.#globs, name, listener, 'psubscribe', 'punsubscribe', () => {
      used.delete(name)
      if (used.size === 0 && this.#roots.get(root) === used) this.#roots.delete(root)
    })
  }

  /** No listener is called any more. */
  stop(): void {
    this.#stopped = true
    this.#exact.clear()
    this.#globs.clear()
  }

  #listen(
    places: Map<string, Place>,
    name: string,
    listener: Listener,
    subscribe: 'subscribe' | 'psubscribe',
    unsubscribe: 'unsubscribe' | 'punsubscribe',
    unused: () => void = () => {},
  ): Listening {
    let place = places.get(name)
    if (!place) {
      place = new Place(this.#client[subscribe](name))
      place.ready.catch(() => {
        if (places.get(name) !== place) return
        places.delete(name)
        unused()
      })
      places.set(name, place)
    }
    const joined = place
    joined.listeners.add(listener)
    return {
      ready: joined.ready,
      stop: () => {
        if (!joined.listeners.delete(listener) || joined.listeners.size > 0) return
        if (places.get(name) !== joined) return
        places.delete(name)
        unused()
        // order: a later subscription to the same name is written behind this.
        if (!this.#stopped) this.#client[unsubscribe](name).catch(() => {})
      },
    }
  }
}
