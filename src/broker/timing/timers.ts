/**
 * Everything a broker must do later, on one timer: expiry of messages, delays, nodes that delete themselves.
 *
 * A binary heap by due time in which every item knows its place, so that one that is settled early leaves at once.
 */
import { timerMs } from '../../core/time/longest-timer.ts'

/** Items fired in one go; the rest waits for the next turn of the event loop. */
const MAX_PER_TURN = 2_000

/** Milliseconds since 1970 that never go back while the process lives. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Something due later; its two fields belong to {@link Timers}. */
export abstract class TimerItem {
  timerAt = 0
  /** Place in the heap; -1: in none. */
  timerIndex = -1

  /** Called once when due; the item has left the heap. */
  abstract due(now: number): void
}

export class Timers {
  readonly #heap: TimerItem[] = []
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #immediate: NodeJS.Immediate | undefined
  #holdsProcess = false
  #closed = false

  /** Whether something due later keeps the process alive. */
  holdProcess(hold: boolean): void {
    this.#holdsProcess = hold
    if (hold) this.#timer?.ref()
    else this.#timer?.unref()
  }

  /** Starts the clock of `item`, or sets it anew. `at` as {@link now}. */
  set(item: TimerItem, at: number): void {
    if (this.#closed) return
    if (item.timerIndex >= 0) this.clear(item)
    // Never, or no time at all: it would stand in the heap and order nothing.
    if (!(at < Number.POSITIVE_INFINITY)) return
    item.timerAt = at
    this.#up(item, this.#heap.push(item) - 1)
    if (at < this.#armedFor) this.#arm(at)
  }

  /** Stops the clock of `item`; harmless when it has none. */
  clear(item: TimerItem): void {
    const at = item.timerIndex
    if (at < 0) return
    item.timerIndex = -1
    const last = this.#heap.pop()!
    if (last === item) return
    if (last.timerAt < item.timerAt) this.#up(last, at)
    else this.#down(last, at)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    for (const item of this.#heap) item.timerIndex = -1
    this.#heap.length = 0
  }

  #arm(at: number): void {
    clearTimeout(this.#timer)
    this.#armedFor = at
    const delay = timerMs(Math.max(1, Math.ceil(at - now())))
    this.#timer = setTimeout(() => this.#fire(), delay)
    if (!this.#holdsProcess) this.#timer.unref()
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY
    const time = now()
    for (let fired = 0; ; fired++) {
      const first = this.#heap[0]
      if (first === undefined || this.#closed) return
      if (first.timerAt > time) {
        this.#arm(first.timerAt)
        return
      }
      if (fired === MAX_PER_TURN) {
        this.#armedFor = 0
        this.#immediate = setImmediate(() => this.#fire())
        return
      }
      this.clear(first)
      first.due(time)
    }
  }

  #up(item: TimerItem, from: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const above = (at - 1) >>> 1
      const parent = heap[above]!
      if (parent.timerAt <= item.timerAt) break
      heap[at] = parent
      parent.timerIndex = at
      at = above
    }
    heap[at] = item
    item.timerIndex = at
  }

  #down(item: TimerItem, from: number): void {
    const heap = this.#heap
    const { length } = heap
    let at = from
    for (;;) {
      let below = 2 * at + 1
      if (below >= length) break
      if (below + 1 < length && heap[below + 1]!.timerAt < heap[below]!.timerAt) below++
      const child = heap[below]!
      if (child.timerAt >= item.timerAt) break
      heap[at] = child
      child.timerIndex = at
      at = below
    }
    heap[at] = item
    item.timerIndex = at
  }
}
