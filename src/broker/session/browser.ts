/**
 * A receiver that looks: walks the queue in its order, changes nothing, and holds nothing but its place.
 *
 * The walk ends with what was sent before it began, so that it ends however fast others send. Following goes on with
 * what came later, in order of arrival.
 */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents } from '../../contract/adapter.ts'
import { MessagingError } from '../../model/errors.ts'
import { HandedDelivery } from '../queue/handed-delivery.ts'
import type { Queue } from '../queue/queue.ts'
import type { BrowsingReceiver } from '../queue/queue-receivers.ts'
import type { Deferred } from '../queue/turn.ts'
import { type Entry, PRIORITIES } from '../queue/waiting/entry.ts'
import { now } from '../timing/timers.ts'

interface BrowserOptions {
  readonly credit: number
  readonly follow: boolean
  readonly events: ReceiverEvents
  readonly onClose: (browser: Browser) => void
}

export class Browser implements AdapterReceiver, BrowsingReceiver, Deferred {
  readonly #queue: Queue
  readonly #events: ReceiverEvents
  readonly #follow: boolean
  readonly #onClose: (browser: Browser) => void
  #credit: number
  #open = 0
  /** Priority of the walk; -1: the walk is over. */
  #priority = PRIORITIES - 1
  /** Number of the last message shown in this priority; after the walk: of all. */
  #seq = 0
  /** The newest message when the walk began. */
  readonly #until: number
  #ended = false
  #scheduled = false
  #started = false
  #closed = false

  constructor(queue: Queue, options: BrowserOptions) {
    this.#queue = queue
    this.#credit = options.credit
    this.#follow = options.follow
    this.#events = options.events
    this.#onClose = options.onClose
    this.#until = queue.kernel.lastSeq
    queue.browsers.add(this)
    queue.touch()
  }

  start(): void {
    this.#started = true
    this.#schedule()
  }

  arrived(): void {
    if (this.#priority < 0 && this.#follow) this.#schedule()
  }

  accept(delivery: AdapterDelivery): void {
    if (!(delivery instanceof HandedDelivery) || delivery.link !== this || !delivery.open || this.#closed)
      return
    delivery.open = false
    this.#open--
    this.#schedule()
  }

  /** Nothing was taken, so every verdict means no more than «seen». */
  settle(delivery: AdapterDelivery): Promise<void> {
    this.accept(delivery)
    return DONE
  }

  takeOut(delivery: AdapterDelivery): Promise<void> {
    const open = delivery instanceof HandedDelivery && delivery.link === this && delivery.open
    this.accept(delivery)
    if (open && !this.#closed && this.#queue.take(delivery.entry)) return DONE
    return Promise.reject(
      new MessagingError('DELIVERY_LOST', 'The message is not in its place any more', {
        context: { address: this.#queue.name },
      }),
    )
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#schedule()
  }

  async flush(): Promise<void> {
    this.#started = true
    await this.#queue.kernel.turn.hasRoom()
    this.#pump(true)
  }

  close(): Promise<void> {
    this.#leave()
    return DONE
  }

  detached(error: MessagingError): void {
    if (this.#closed) return
    this.#leave()
    this.#events.detached(error)
  }

  resume(): void {
    this.#scheduled = false
    this.#pump(false)
  }

  #leave(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClose(this)
    this.#queue.browserLeft(this)
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed || this.#ended) return
    this.#scheduled = true
    this.#queue.kernel.schedule(this)
  }

  #pump(force: boolean): void {
    const { turn } = this.#queue.kernel
    while (!this.#closed && !this.#ended && this.#started) {
      const entry = this.#peek(now())
      if (!entry) {
        if (this.#follow) return
        this.#ended = true
        this.#events.end()
        return
      }
      if (this.#open >= this.#credit) return
      if (!turn.deliver() && !force) {
        if (!this.#scheduled) {
          this.#scheduled = true
          turn.defer(this)
        }
        return
      }
      this.#seq = entry.seq
      const message = this.#queue.kernel.messageOf(entry)
      if (!message) continue
      this.#open++
      this.#events.deliver(new HandedDelivery(this, entry, message, false))
    }
  }

  #peek(time: number): Entry | undefined {
    for (; this.#priority >= 0; this.#priority--) {
      const entry = this.#queue.entryAfter(this.#priority, this.#seq, time)
      if (entry && entry.seq <= this.#until) return entry
      this.#seq = this.#priority > 0 ? 0 : this.#until
    }
    return this.#follow ? this.#newcomer(time) : undefined
  }

  #newcomer(time: number): Entry | undefined {
    let oldest: Entry | undefined
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const entry = this.#queue.entryAfter(priority, this.#seq, time)
      if (entry && (!oldest || entry.seq < oldest.seq)) oldest = entry
    }
    return oldest
  }
}

const DONE = Promise.resolve()
