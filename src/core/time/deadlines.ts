/**
 * Deadlines for very many short-lived operations without a timer for each.
 *
 * Operations with the same time-out expire in the order they began, so one first-in-first-out list and one timer per
 * distinct time-out is enough. Adding and removing cost O(1) and leave nothing behind.
 */
import { LONGEST_TIMER_MS } from './longest-timer.ts'

/** Something that waits: an entry of a list in {@link Deadlines}, linked by its own fields. */
export abstract class Timed {
  /** Owned by {@link Deadlines}. */
  previousTimed: Timed | undefined = undefined
  /** Owned by {@link Deadlines}. */
  nextTimed: Timed | undefined = undefined
  /** Owned by {@link Deadlines}: the list it stands in. */
  timedIn: DeadlineList | undefined = undefined
  /** Owned by {@link Deadlines}: ms on the monotonic clock, whole ones, which need no memory of their own. */
  dueAt = 0

  /** Called once when the time is up; the entry has left its list. */
  abstract expire(): void
}

class Sentinel extends Timed {
  expire(): void {}
}

class DeadlineList {
  readonly #ms: number
  readonly #head = new Sentinel()
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.#ms = ms
    this.#head.previousTimed = this.#head
    this.#head.nextTimed = this.#head
  }

  add(entry: Timed): void {
    const head = this.#head
    const last = head.previousTimed!
    entry.timedIn = this
    entry.dueAt = Math.ceil(performance.now() + this.#ms)
    entry.previousTimed = last
    entry.nextTimed = head
    last.nextTimed = entry
    head.previousTimed = entry
    if (this.#timer === undefined) this.#arm(this.#ms)
    else if (last === head) this.#timer.ref()
  }

  remove(entry: Timed): void {
    entry.previousTimed!.nextTimed = entry.nextTimed
    entry.nextTimed!.previousTimed = entry.previousTimed
    entry.previousTimed = undefined
    entry.nextTimed = undefined
    entry.timedIn = undefined
    // The timer is kept for the next entry (arming is dearer than looking), but must not keep the process alive.
    if (this.#head.nextTimed === this.#head) this.#timer?.unref()
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(ms)))
  }

  #fire(): void {
    this.#timer = undefined
    const now = performance.now()
    const head = this.#head
    let first = head.nextTimed!
    while (first !== head && first.dueAt <= now) {
      this.remove(first)
      first.expire()
      first = head.nextTimed!
    }
    if (first !== head && this.#timer === undefined) this.#arm(first.dueAt - now)
  }

  get empty(): boolean {
    return this.#head.nextTimed === this.#head
  }
}

/** Beyond this many distinct time-outs, empty lists are dropped. */
const MAX_IDLE_LISTS = 64
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>()

  /** Starts the clock of `entry`. Unit of `ms`: milliseconds; `Infinity`: never expires. */
  add(entry: Timed, ms: number): void {
    // Longer than a timer can wait means «no deadline».
    if (ms > LONGEST_TIMER_MS) return
    // What is left of some time is never the same number twice.
    const whole = Math.ceil(ms)
    let list = this.#lists.get(whole)
    if (!list) {
      if (this.#lists.size >= MAX_IDLE_LISTS) this.#dropIdle()
      list = new DeadlineList(whole)
      this.#lists.set(whole, list)
    }
    list.add(entry)
  }

  /** Stops the clock of `entry`; harmless when it has none. */
  remove(entry: Timed): void {
    entry.timedIn?.remove(entry)
  }

  #dropIdle(): void {
    for (const [ms, list] of this.#lists) if (list.empty) this.#lists.delete(ms)
  }
}

/** One for the whole process: lists are shared by equal time-outs. */
export const deadlines = new Deadlines()
