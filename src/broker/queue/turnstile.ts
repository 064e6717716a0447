/** Who gets the next message of a queue: receivers with free credit take turns. */
import { Deque } from '../../core/deque.ts'
import type { ConsumingReceiver } from './queue-receivers.ts'

export class Turnstile {
  /** Each stands here once; those whose credit is used up leave when it is their turn. */
  readonly #standing = new Deque<ConsumingReceiver>()
  /** Of those standing here: receivers that were closed since. */
  #closed = 0

  get empty(): boolean {
    return this.#standing.length === 0
  }

  /** A consumer has free credit; harmless when it stands here already. */
  enter(consumer: ConsumingReceiver): void {
    if (consumer.queued) return
    consumer.queued = true
    this.#standing.push(consumer)
  }

  /** Whose turn it is. It stands behind the others for the next message. */
  next(): ConsumingReceiver | undefined {
    for (;;) {
      const consumer = this.#standing.shift()
      if (!consumer) {
        this.#closed = 0
        return undefined
      }
      if (consumer.free > 0) {
        this.#standing.push(consumer)
        return consumer
      }
      consumer.queued = false
    }
  }

  /**
   * A consumer was closed. On a queue that nothing comes to no turn would ever find it out, so that all who were closed
   * leave together as soon as they are the greater part: a constant cost for each.
   */
  leave(consumer: ConsumingReceiver): void {
    if (!consumer.queued || ++this.#closed * 2 <= this.#standing.length) return
    this.#closed = 0
    for (const standing of this.#standing.drain()) {
      if (standing.free > 0) this.#standing.push(standing)
      else standing.queued = false
    }
  }
}
