/** Events for people and programs: listeners by type, and async iterators over all of them. */

import { calledSafely } from './called-safely.ts'

/** Events an iterator that is not read may hold before the oldest are dropped. */
const MAX_BUFFERED = 1000

type ByType<E extends { type: string }, T extends E['type']> = Extract<E, { type: T }>

export class EventFeed<E extends { type: string }> {
  readonly #listeners = new Map<string, Set<(event: never) => void>>()
  readonly #iterators = new Set<FeedIterator<E>>()
  #ended = false

  emit(event: E): void {
    // Those of this moment: a listener may add further ones.
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) {
      // A listener's own fault must not reach the mechanism that emits, nor be swallowed.
      calledSafely(() => (listener as (event: E) => unknown)(event))
    }
    for (const iterator of this.#iterators) iterator.push(event)
  }

  /** Adds a listener; the returned function removes it. */
  on<T extends E['type']>(type: T, listener: (event: ByType<E, T>) => void): () => void {
    let set = this.#listeners.get(type)
    if (!set) {
      set = new Set()
      this.#listeners.set(type, set)
    }
    set.add(listener)
    return () => set.delete(listener)
  }

  hasListeners(type: E['type']): boolean {
    return (this.#listeners.get(type)?.size ?? 0) > 0 || this.#iterators.size > 0
  }

  /** An iterator over everything from now on; ends with {@link end}. */
  iterate(first?: E): AsyncIterableIterator<E> {
    const iterator = new FeedIterator<E>(() => this.#iterators.delete(iterator))
    if (first) iterator.push(first)
    if (this.#ended) iterator.end()
    else this.#iterators.add(iterator)
    return iterator
  }

  end(): void {
    this.#ended = true
    for (const iterator of this.#iterators) iterator.end()
    this.#iterators.clear()
  }
}

class FeedIterator<E> implements AsyncIterableIterator<E> {
  readonly #buffer: E[] = []
  readonly #waiting: ((result: IteratorResult<E>) => void)[] = []
  readonly #onReturn: () => void
  #ended = false

  constructor(onReturn: () => void) {
    this.#onReturn = onReturn
  }

  push(event: E): void {
    const waiter = this.#waiting.shift()
    if (waiter) {
      waiter({ value: event, done: false })
      return
    }
    this.#buffer.push(event)
    if (this.#buffer.length > MAX_BUFFERED) this.#buffer.shift()
  }

  end(): void {
    this.#ended = true
    for (const waiter of this.#waiting.splice(0)) waiter({ value: undefined, done: true })
  }

  next(): Promise<IteratorResult<E>> {
    const event = this.#buffer.shift()
    if (event !== undefined) return Promise.resolve({ value: event, done: false })
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<E>> {
    this.#onReturn()
    this.end()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
