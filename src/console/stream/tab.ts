/**
 * One tab of the page: what it is told, and at which pace. Of a state the newest alone is kept until it can be written; of a tap a few
 * messages each time, and how many were left out. A tab that reads slowly is told less, and holds up nobody.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerView, MessageView, NodesPage, StreamEvent, TaskView } from '../protocol.ts'

/** Between two events of a tap. Unit: ms. */
const PACE_MS = 100
/** Of a tap, in one event. */
const TAP_MESSAGES = 50
/** A line without meaning, so that proxies and this server see that the other end lives. Unit: ms. */
const HEARTBEAT_MS = 15_000
/** Whoever reads nothing for so long has gone. Unit: ms. */
const STUCK_MS = 60_000

/** Writes the text of the stream; resolves when the reader has room for more. */
export type Write = (text: string) => Promise<unknown>

export class Tab {
  readonly id: string
  readonly #stop = new AbortController()
  #brokers: readonly BrokerView[] | undefined
  readonly #nodes = new Map<string, NodesPage>()
  readonly #tasks = new Map<string, TaskView>()
  #tapped: MessageView[] = []
  #leftOut = 0
  readonly #ends: StreamEvent[] = []
  #wake: (() => void) | undefined
  /** Ends the write that is under way. */
  #giveUp: (() => void) | undefined
  #sent = 0

  constructor(id: string) {
    this.id = id
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  tellBrokers(brokers: readonly BrokerView[]): void {
    this.#brokers = brokers
    this.#wake?.()
  }

  tellNodes(broker: string, page: NodesPage): void {
    this.#nodes.set(broker, page)
    this.#wake?.()
  }

  tellTask(task: TaskView): void {
    this.#tasks.set(task.id, task)
    this.#wake?.()
  }

  /** The view is made only when there is room for it. */
  tellTapped(view: () => MessageView): void {
    if (this.#tapped.length < TAP_MESSAGES) this.#tapped.push(view())
    else this.#leftOut += 1
    this.#wake?.()
  }

  tellTapEnded(event: Extract<StreamEvent, { event: 'tap-ended' }>): void {
    this.#ends.push(event)
    this.#wake?.()
  }

  /** Another tap begins: what the one before had still to tell is of no use. */
  clearTap(): void {
    this.#tapped = []
    this.#leftOut = 0
    this.#ends.length = 0
  }

  close(): void {
    this.#stop.abort()
    this.#wake?.()
    this.#giveUp?.()
  }

  /** Until the tab is closed, or its reader has gone. */
  async run(write: Write): Promise<void> {
    await this.#send(write, { event: 'hello', id: this.id })
    while (!this.signal.aborted) {
      const events = this.#take()
      if (events.length === 0) {
        if (!(await this.#woken())) await this.#write(write, ':\n\n')
        continue
      }
      for (const event of events) await this.#send(write, event)
      await delay(PACE_MS, undefined, { signal: this.signal }).catch(() => {})
    }
  }

  #take(): StreamEvent[] {
    const events: StreamEvent[] = []
    if (this.#brokers) events.push({ event: 'brokers', brokers: this.#brokers })
    this.#brokers = undefined
    for (const [broker, page] of this.#nodes) events.push({ event: 'nodes', broker, ...page })
    this.#nodes.clear()
    for (const task of this.#tasks.values()) events.push({ event: 'task', task })
    this.#tasks.clear()
    if (this.#tapped.length > 0 || this.#leftOut > 0)
      events.push({ event: 'tap', messages: this.#tapped, leftOut: this.#leftOut })
    this.#tapped = []
    this.#leftOut = 0
    events.push(...this.#ends.splice(0))
    return events
  }

  /** `false`: nothing happened for the length of a heartbeat. */
  #woken(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), HEARTBEAT_MS)
      const start = performance.now()
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve(performance.now() - start < HEARTBEAT_MS)
      }
      if (this.signal.aborted) this.#wake()
    })
  }

  #send(write: Write, event: StreamEvent): Promise<void> {
    this.#sent += 1
    return this.#write(write, `id: ${this.#sent}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  /** Resolves when it is written, or is not going to be. */
  #write(write: Write, text: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.close(), STUCK_MS)
      const done = (): void => {
        clearTimeout(timer)
        this.#giveUp = undefined
        resolve()
      }
      this.#giveUp = done
      if (this.signal.aborted) done()
      else void write(text).then(done, done)
    })
  }
}
