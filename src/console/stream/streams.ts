/** All tabs: how many there may be, and what each of them watches. */
import { randomUUID } from 'node:crypto'
import { isMessagingError } from '../../index.ts'
import type { Brokers } from '../brokers/brokers.ts'
import { apiError, Refused } from '../errors.ts'
import { Viewer } from '../messages/view.ts'
import type { BrokerView, TaskView, WatchRequest } from '../protocol.ts'
import type { Session } from '../session/sessions.ts'
import { Tab } from './tab.ts'
import { tap } from './tap.ts'

/** Browsers open six connections to a host at most; several browsers may share a session. */
const MAX_OF_A_SESSION = 16
const MAX_TABS = 64

interface Open {
  readonly session: Session
  readonly tab: Tab
  /** Ends what it watches; the tap on its own, so that it need not begin anew with every other change. */
  unwatchNodes(): void
  tapped: string
  unwatchTap(): void
}

export class Streams {
  readonly #brokers: Brokers
  readonly #bodies: boolean
  readonly #open = new Map<string, Open>()

  constructor(brokers: Brokers, bodies: boolean) {
    this.#brokers = brokers
    this.#bodies = bodies
  }

  /** @throws Refused (429) */
  open(session: Session, tasks: readonly TaskView[]): Tab {
    const ofSession = [...this.#open.values()].filter((open) => open.session === session).length
    if (this.#open.size >= MAX_TABS || ofSession >= MAX_OF_A_SESSION)
      throw new Refused(429, 'TOO_MANY', 'Too many tabs of the console are open', { hint: 'Close one.' })
    const tab = new Tab(randomUUID())
    this.#open.set(tab.id, { session, tab, unwatchNodes() {}, tapped: '', unwatchTap() {} })
    tab.signal.addEventListener('abort', () => this.#close(tab.id), { once: true })
    tab.tellBrokers(this.#brokers.views)
    for (const task of tasks) tab.tellTask(task)
    return tab
  }

  /** What this tab wants to see from now on, instead of what it wanted before. @throws Refused (404) */
  watch(session: Session, id: string, { nodes = [], tap: tapped }: WatchRequest): void {
    const open = this.#open.get(id)
    if (open?.session !== session) throw new Refused(404, 'NOT_FOUND', 'There is no such stream')
    const watched = nodes.map(({ broker, ...window }) => ({ broker: this.#brokers.get(broker), window }))
    open.unwatchNodes()
    const ends = watched.map(({ broker, window }) =>
      broker.nodes.watch(() => open.tab.tellNodes(broker.name, broker.nodes.known(window))),
    )
    open.unwatchNodes = () => {
      for (const end of ends) end()
    }
    this.#tap(open, tapped)
  }

  tellBrokers(views: readonly BrokerView[]): void {
    for (const { tab } of this.#open.values()) tab.tellBrokers(views)
  }

  tellTask(task: TaskView): void {
    for (const { tab } of this.#open.values()) tab.tellTask(task)
  }

  close(): void {
    for (const { tab } of [...this.#open.values()]) tab.close()
  }

  #tap(open: Open, wanted: WatchRequest['tap']): void {
    const key = JSON.stringify(wanted ?? null)
    if (open.tapped === key) return
    open.tapped = key
    open.unwatchTap()
    open.tab.clearTap()
    if (!wanted) return
    const broker = this.#brokers.get(wanted.broker)
    const stop = new AbortController()
    open.unwatchTap = () => stop.abort()
    let position = 0
    void tap(broker, wanted, this.#bodies, stop.signal, (message) => {
      const at = position++
      if (!stop.signal.aborted) open.tab.tellTapped(() => new Viewer(this.#bodies).view(message, at))
    }).then(
      () => this.#tapEnded(open, stop.signal, key),
      (error) => {
        const quiet = stop.signal.aborted || isMessagingError(error, 'ABORTED')
        if (!quiet) this.#tapEnded(open, stop.signal, key, error)
      },
    )
  }

  #tapEnded(open: Open, { aborted }: AbortSignal, key: string, error?: unknown): void {
    if (aborted || open.tapped !== key) return
    open.tapped = ''
    open.tab.tellTapEnded({ event: 'tap-ended', error: error === undefined ? undefined : apiError(error) })
  }

  #close(id: string): void {
    const open = this.#open.get(id)
    if (!open) return
    this.#open.delete(id)
    open.unwatchNodes()
    open.unwatchTap()
  }
}
