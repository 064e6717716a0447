/** What has arrived and waits to be read, and readers that wait for what has not arrived. Never both at once. */
import type { ErrorContext, MessagingError } from '../model/errors.ts'
import { abortedError, onAbort } from './aborts.ts'
import { Deque } from './deque.ts'
import { Gathering } from './gathering.ts'
import { deadlines, Timed } from './time/deadlines.ts'

/** A method's type, which lets a reader of one type stand for a reader of unknown. */
type Take<T> = { take(item: T | undefined): void }['take']

class Reader<T> extends Timed {
  readonly resolve: Take<T>
  readonly reject: (error: MessagingError) => void
  /** See {@link Inbox.dismiss}. */
  readonly owner: object | undefined
  readonly #inbox: Inbox<T>
  offAbort: (() => void) | undefined
  /** It has its answer. */
  over = false

  constructor(
    inbox: Inbox<T>,
    owner: object | undefined,
    resolve: (item: T | undefined) => void,
    reject: (error: MessagingError) => void,
  ) {
    super()
    this.#inbox = inbox
    this.owner = owner
    this.resolve = resolve
    this.reject = reject
  }

  expire(): void {
    void this.#inbox.lastLook(this)
  }
}

export interface InboxOptions<T> {
  /** Said in the errors of readers. */
  readonly place?: ErrorContext
  /** Called before a reader's deadline is answered with «nothing»: the last chance for an item to come. */
  beforeNothing(): Promise<void>
  /** The last touch on an item as it is handed to its reader. */
  handOver(item: T): void
}

export class Inbox<T> {
  readonly #options: InboxOptions<T>
  readonly #items = new Deque<T>()
  /** In the order in which they came; those that are over stand among them until they are in the majority. */
  readonly #readers = new Deque<Reader<T>>()
  #over = 0
  /** Made for who reads many at a time. */
  #gathering: Gathering | undefined

  constructor(options: InboxOptions<T>) {
    this.#options = options
  }

  get length(): number {
    return this.#items.length
  }

  push(item: T): void {
    const reader = this.#firstReader()
    if (!reader) {
      this.#items.push(item)
      this.#gathering?.grown(this.#items.length)
      return
    }
    end(reader)
    this.#options.handOver(item)
    reader.resolve(item)
  }

  /** The first item that `usable` lets pass; others are dropped. */
  take(usable: (item: T) => boolean): T | undefined {
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
      if (!usable(item)) continue
      this.#options.handOver(item)
      return item
    }
    return undefined
  }

  /** Waits for the next item; `undefined` at the deadline. 0 looks once. @throws `ABORTED` */
  read(
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
    owner?: object,
  ): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const reader = new Reader<T>(this, owner, resolve, reject)
      this.#readers.push(reader)
      if (signal) {
        reader.offAbort = onAbort(signal, () => {
          if (this.#leave(reader)) reject(abortedError(signal, 'receive', this.#options.place))
        })
      }
      if (timeoutMs === 0) void this.lastLook(reader)
      else if (timeoutMs !== undefined) deadlines.add(reader, timeoutMs)
    })
  }

  /** True when `count` items are there, or fewer and the first has waited `waitMs`; false when nothing will come. For one reader that has no others beside it. */
  gathered(count: number, waitMs: number): Promise<boolean> {
    if (!this.#gathering) {
      this.#gathering = new Gathering()
      if (this.#items.length > 0) this.#gathering.grown(this.#items.length)
    }
    return this.#gathering.wait(count, waitMs)
  }

  /** The first items that `usable` lets pass, up to `count`; others are dropped. */
  takeUpTo(count: number, usable: (item: T) => boolean): T[] {
    const taken: T[] = []
    while (taken.length < count) {
      const item = this.take(usable)
      if (item === undefined) break
      taken.push(item)
    }
    this.#gathering?.taken(this.#items.length)
    return taken
  }

  /** Takes out all items, in order, for nobody. */
  drain(): T[] {
    this.#gathering?.taken(0)
    return this.#items.drain()
  }

  /** Tells every reader that nothing will come. */
  answerReaders(): void {
    this.#gathering?.end()
    for (const reader of this.#drainReaders()) {
      end(reader)
      reader.resolve(undefined)
    }
  }

  /** Tells the readers of this owner, who has gone, that nothing will come. */
  dismiss(owner: object): void {
    for (const reader of this.#drainReaders()) {
      if (reader.owner === owner) {
        end(reader)
        reader.resolve(undefined)
      } else this.#readers.push(reader)
    }
  }

  rejectReaders(error: MessagingError): void {
    this.#gathering?.end(error)
    for (const reader of this.#drainReaders()) {
      end(reader)
      reader.reject(error)
    }
  }

  /** Called by a reader whose time is up. */
  async lastLook(reader: Reader<T>): Promise<void> {
    await this.#options.beforeNothing()
    if (this.#leave(reader)) reader.resolve(undefined)
  }

  #firstReader(): Reader<T> | undefined {
    let reader = this.#readers.shift()
    while (reader?.over) {
      this.#over--
      reader = this.#readers.shift()
    }
    return reader
  }

  /** Takes out all that wait. */
  #drainReaders(): Reader<T>[] {
    this.#over = 0
    return this.#readers.drain().filter((reader) => !reader.over)
  }

  /** Ends a reader at any place; `false`: it has its answer already. Cheap also where thousands end together. */
  #leave(reader: Reader<T>): boolean {
    if (reader.over) return false
    end(reader)
    this.#over++
    if (this.#over * 2 > this.#readers.length)
      for (const kept of this.#drainReaders()) this.#readers.push(kept)
    return true
  }
}

function end<T>(reader: Reader<T>): void {
  reader.over = true
  deadlines.remove(reader)
  reader.offAbort?.()
}
