/**
 * The books of one run: what came at each receiver, held against what was sent and with which outcome. Verdicts are read from
 * here before any number is shown.
 */
import type { Stamp } from '../load/payload.ts'

/** What became of a send, one byte for each sequence. `NEVER`: it was not sent. */
export const OUTCOME = { NEVER: 0, ACCEPTED: 1, FAILED: 2, IN_DOUBT: 3 } as const

export interface Account {
  readonly sent: number
  readonly accepted: number
  readonly failed: number
  /** Outcome unknown: the answer was lost, or had not come when the run was stopped. */
  readonly inDoubt: number
  readonly received: number
  /** Accepted and never received, over all tracks. */
  readonly lost: number
  /** Received though the send was told to have failed. */
  readonly unexpected: number
  readonly duplicatesMarked: number
  readonly duplicatesUnmarked: number
  readonly reordered: number
  readonly corrupt: number
}

/** One copy of the stream, as one subscriber or a group of competing receivers sees it. */
class Track {
  readonly #times: Uint8Array
  /** Highest sequence that each receiver saw of each sender: order is kept per sender. */
  readonly #highest: number[][] = []
  received = 0
  duplicatesMarked = 0
  duplicatesUnmarked = 0
  reordered = 0

  constructor(count: number) {
    this.#times = new Uint8Array(count)
  }

  note(receiver: number, { sender, sequence }: Stamp, redelivered: boolean): void {
    this.received++
    const times = this.#times[sequence] ?? 0
    if (times > 0) {
      if (redelivered) this.duplicatesMarked++
      else this.duplicatesUnmarked++
    }
    if (times < 255) this.#times[sequence] = times + 1
    this.#highest[receiver] ??= []
    const ofReceiver = this.#highest[receiver]
    const highest = ofReceiver[sender] ?? -1
    // A jump back is disorder only when the broker does not say that it delivers again.
    if (sequence < highest && !redelivered && times === 0) this.reordered++
    if (sequence > highest) ofReceiver[sender] = sequence
  }

  /** How many sends of this outcome never came, or came all the same. */
  count(outcomes: Uint8Array, wanted: number, came: boolean): number {
    let count = 0
    for (let at = 0; at < outcomes.length; at++)
      if (outcomes[at] === wanted && this.#times[at]! > 0 === came) count++
    return count
  }
}

export class Ledger {
  readonly #count: number
  readonly #tracks: readonly Track[]
  /** Bodies that were damaged, or are not of this run. */
  corrupt = 0

  /** `tracks`: how many copies of the stream are expected (1 for competing receivers, one for each subscriber otherwise). */
  constructor(count: number, tracks: number) {
    this.#count = count
    this.#tracks = Array.from({ length: tracks }, () => new Track(count))
  }

  /** Books an arrival. `false`: it is not of this run. */
  arrived(track: number, receiver: number, stamp: Stamp, redelivered: boolean): boolean {
    if (stamp.sequence >= this.#count) {
      this.corrupt++
      return false
    }
    this.#tracks[track]!.note(receiver, stamp, redelivered)
    return true
  }

  account(sent: number, outcomes: Uint8Array): Account {
    const total = (read: (track: Track) => number): number =>
      this.#tracks.reduce((sum, track) => sum + read(track), 0)
    const accepted = countOf(outcomes, OUTCOME.ACCEPTED)
    const failed = countOf(outcomes, OUTCOME.FAILED)
    return {
      sent,
      accepted,
      failed,
      inDoubt: sent - accepted - failed,
      received: total((track) => track.received),
      lost: total((track) => track.count(outcomes, OUTCOME.ACCEPTED, false)),
      unexpected: total((track) => track.count(outcomes, OUTCOME.FAILED, true)),
      duplicatesMarked: total((track) => track.duplicatesMarked),
      duplicatesUnmarked: total((track) => track.duplicatesUnmarked),
      reordered: total((track) => track.reordered),
      corrupt: this.corrupt,
    }
  }
}

function countOf(outcomes: Uint8Array, wanted: number): number {
  let count = 0
  for (const outcome of outcomes) if (outcome === wanted) count++
  return count
}
