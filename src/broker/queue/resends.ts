/**
 * Which messages of ended links the broker holds, so that one sent again (marked `resend`) is stored once.
 *
 * Only the last `capacity` messages of a link can be in doubt for its owner, so a link remembers no more than those,
 * fewer where the owner's numbers tell what it knows to be answered. It passes them on here when its client is lost; a link
 * that was closed in order leaves nothing in doubt. Kept for two to four minutes, at most 200,000.
 */
import type { Transfer } from '../../contract/adapter.ts'
import type { OutgoingMessage } from '../../model/message.ts'
import { now, TimerItem, type Timers } from '../timing/timers.ts'

const KEEP_MS = 120_000
const MAX_GENERATION = 100_000

export class Resends {
  readonly #timers: Timers
  #young = new Set<string>()
  #old = new Set<string>()
  readonly #clock: Generation

  constructor(timers: Timers) {
    this.#timers = timers
    this.#clock = new Generation(() => this.#age())
  }

  remember(key: string): void {
    if (this.#young.size >= MAX_GENERATION) this.#age()
    if (this.#clock.timerIndex < 0) this.#timers.set(this.#clock, now() + KEEP_MS)
    this.#young.add(key)
  }

  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key)
  }

  forget(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  #age(): void {
    this.#old = this.#young
    this.#young = new Set()
    if (this.#old.size > 0) this.#timers.set(this.#clock, now() + KEEP_MS)
  }
}

class Generation extends TimerItem {
  readonly #age: () => void

  constructor(age: () => void) {
    super()
    this.#age = age
  }

  due(): void {
    this.#age()
  }
}

type Identity = Pick<OutgoingMessage, 'id' | 'createdAt' | 'deliveriesBefore'>

/** Tells messages apart that an application, or a delayed copy, gave the same id. */
function stampOf(message: Identity): number {
  return message.createdAt + message.deliveriesBefore / 1024
}

/** A message sent to `place`. */
export function resendKey(place: string, message: Identity): string {
  return `${place}\0${stampOf(message)}\0${message.id}`
}

/** A transfer of an owner that numbers what it has no answer for. */
export interface PlacedTransfer extends Transfer {
  /** A message that takes the place of another tells that its owner has the answer for the other. Small numbers, used again. */
  readonly place?: number | undefined
}

/** The newest messages of one link, as many as can be in doubt. */
export class RecentSends {
  readonly #ids: string[] = []
  readonly #stamps: number[] = []
  readonly #capacity: number
  #next = 0

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity)
  }

  /** `place`: of {@link PlacedTransfer}; what had it before is answered, and forgotten. */
  add(message: Identity, place = this.#next): void {
    const at = place % this.#capacity
    this.#ids[at] = message.id
    this.#stamps[at] = stampOf(message)
    this.#next = at + 1
  }

  /** It was refused after all. */
  drop(message: Identity): void {
    const at = this.#find(message)
    if (at >= 0) this.#stamps[at] = -1
  }

  has(message: Identity): boolean {
    return this.#find(message) >= 0
  }

  keys(place: string): string[] {
    const keys: string[] = []
    this.#stamps.forEach((stamp, at) => {
      if (stamp >= 0) keys.push(`${place}\0${stamp}\0${this.#ids[at]}`)
    })
    return keys
  }

  #find(message: Identity): number {
    const stamp = stampOf(message)
    for (let at = this.#ids.indexOf(message.id); at >= 0; at = this.#ids.indexOf(message.id, at + 1)) {
      if (this.#stamps[at] === stamp) return at
    }
    return -1
  }
}
