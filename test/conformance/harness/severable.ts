/**
 * An adapter whose connections can be cut: for brokers that live in the process, where no wire can be. The broker itself
 * is the real one and does not notice more than a connection that ends.
 */

import type {
  Adapter,
  AdapterConnection,
  ConnectionEvents,
  ConnectTarget,
} from '../../../src/contract/adapter.ts'
import { type ConnectOptions, MessagingError, registerAdapter } from '../../../src/index.ts'
import type { Faults } from '../suite/index.ts'

/** Registers the adapter once more under `scheme`; the way through it can be cut. */
export function severable(inner: Adapter, scheme: string, url: () => string): Faults {
  const live = new Set<Line>()
  let held = false
  const own = (target: ConnectTarget): ConnectTarget => ({
    ...target,
    url: target.url.replace(/^[^:]+:/, `${new URL(url()).protocol}`),
  })
  registerAdapter({
    name: inner.name,
    schemes: [scheme],
    capabilities: inner.capabilities,
    validate: (target) => inner.validate(own(target)),
    async connect(target, events, signal) {
      if (held) throw new MessagingError('CONNECT_FAILED', 'The way to the broker is held')
      const line = new Line(events, live)
      const connection = await inner.connect(own(target), line.events, signal)
      live.add(line)
      return line.carry(connection)
    },
  })
  return {
    silence: false,
    target: (): ConnectOptions => ({ url: url().replace(/^[^:]+:/, `${scheme}:`) }),
    async cut() {
      await Promise.all([...live].map((line) => line.cut()))
    },
    hold() {
      held = true
    },
    resume() {
      held = false
    },
  }
}

/** One connection; after the cut nothing of it reaches the API any more. */
class Line {
  readonly #live: Set<Line>
  readonly #events: ConnectionEvents
  #connection: AdapterConnection | undefined
  #dead = false

  constructor(events: ConnectionEvents, live: Set<Line>) {
    this.#events = events
    this.#live = live
  }

  readonly events: ConnectionEvents = {
    disconnected: (cause) => {
      this.#live.delete(this)
      if (!this.#dead) this.#events.disconnected(cause)
    },
    blocked: (reason) => this.#events.blocked(reason),
    unblocked: () => this.#events.unblocked(),
    warning: (error) => this.#events.warning(error),
  }

  /** The connection as the API sees it: calls that the cut overtakes end as lost, not as closed. */
  carry(connection: AdapterConnection): AdapterConnection {
    this.#connection = connection
    return new Proxy(connection, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          const called = Reflect.apply(value, target, given) as Promise<unknown>
          return called.catch((error: unknown) => {
            throw this.#dead ? lost() : error
          })
        }
      },
    })
  }

  cut(): Promise<void> {
    this.#dead = true
    this.#live.delete(this)
    // First the loss, then the end: what ending it still says comes from a dead generation.
    this.#events.disconnected(lost())
    return this.#connection!.close()
  }
}

function lost(): MessagingError {
  return new MessagingError('CONNECTION_LOST', 'The connection was cut')
}
