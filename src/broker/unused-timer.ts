/** Tells the owner of a queue when nobody has used it for as long as its `expiresMs`. */
import type { Queue } from './queue.ts'
import { now, TimerItem } from './timers.ts'

export class UnusedTimer extends TimerItem {
  readonly #queue: Queue

  constructor(queue: Queue) {
    super()
    this.#queue = queue
  }

  /** The queue is in use at this moment: the clock starts anew, or stands while there are receivers. */
  touch(): void {
    const { kernel, settings, consumers, browsers } = this.#queue
    const { expiresMs } = settings
    if (expiresMs === undefined || consumers.size > 0 || browsers.size > 0) kernel.timers.clear(this)
    else kernel.timers.set(this, now() + expiresMs)
  }

  due(): void {
    this.#queue.kernel.owner.unused(this.#queue)
  }
}
