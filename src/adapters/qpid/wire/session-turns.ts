/**
 * When rhea writes. By itself it looks through all sessions of a connection, before the promises of a turn have run, whenever something
 * has happened in one of them. Here a session is looked at when something has happened in it, once for all that the turn brings.
 */
import type { ReachName } from './reaches.ts'
import type { RheaConnection, RheaSession } from './rhea-types.ts'

export class SessionTurns {
  readonly #connection: RheaConnection
  readonly #touched = new Set<RheaSession>()
  /** Something has happened to the connection itself, or in a session that is not ours. */
  #all = false
  #scheduled = false

  /** What of this rhea is built as expected. */
  readonly found: ReadonlySet<ReachName>

  /** From now on, for this connection. */
  constructor(connection: RheaConnection, found: ReadonlySet<ReachName>) {
    this.#connection = connection
    this.found = found
    if (!found.has('turns')) return
    connection._register = () => {
      this.#all = true
      this.#schedule()
    }
  }

  /** For a session without links. */
  add(session: RheaSession): void {
    if (!this.found.has('turns')) return
    const connection = this.#connection
    const touched = (): void => {
      this.#touched.add(session)
      this.#schedule()
    }
    // order: rhea forgets what has ended one tick later, and counts on a look before that.
    const { remove_link } = session
    session.remove_link = (link) => {
      this.#lookBefore(session)
      remove_link.call(session, link)
    }
    const removed = (): void => {
      this.#lookBefore(session)
      connection.remove_session(session)
    }
    // All that a session and its links see of their connection is the connection, but for how they announce themselves.
    session.connection = Object.create(connection, {
      _register: { value: touched },
      _write_frame: { value: (...frame: unknown[]) => connection._write_frame(...frame) },
      remove_session: { value: removed },
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // order: a tick that is asked for by a microtask comes when no microtask is left, so behind what promises bring about.
    queueMicrotask(this.#whenQuiet)
  }

  readonly #whenQuiet = (): void => process.nextTick(this.#look)

  readonly #look = (): void => {
    this.#scheduled = false
    const sessions = [...this.#touched]
    const all = this.#all
    this.#touched.clear()
    this.#all = false
    this.#guarded(() => {
      if (all) this.#connection._process()
      else for (const session of sessions) if (this.#isOpen(session)) session._process()
    })
  }

  #lookBefore(session: RheaSession): void {
    if (!this.#touched.delete(session) || !this.#connection.is_open() || !this.#isOpen(session)) return
    this.#guarded(() => session._process())
  }

  /** Its number may be another session's by now. */
  #isOpen(session: RheaSession): boolean {
    return this.#connection.local_channel_map[session.local.channel] === session
  }

  /** What is thrown here ends the connection, as rhea does with what is thrown while it reads. */
  #guarded(look: () => void): void {
    try {
      look()
    } catch (error) {
      this.#connection.dispatch('error', error)
    }
  }
}
