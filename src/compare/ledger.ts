/**
 * The books of one run: what was sent and with which outcome, what came at each receiver. Verdicts are read from here
 * before any number is shown.
 */
import { readPayload, type Stamp } from './payload.ts'

/** One copy of a stream as one receiver (or group of competing receivers) sees it. */
class Track {
  readonly #times: Uint8Array
  /** Highest sequence seen by each receiver of the group. */
  readonly #highest = new Map<number, number>()
  received = 0
  duplicatesMarked = 0
  duplicatesUnmarked = 0
  reordered = 0

  constructor(count: number) {
    this.#times = new Uint8Array(count)
  }

  note(receiver: number, sequence: number, redelivered: boolean): void {
    this.received++
    const times = this.#times[sequence] ?? 0
    if (times > 0) {
      if (redelivered) this.duplicatesMarked++
      else this.duplicatesUnmarked++
    }
    if (times < 255) this.#times[sequence] = times + 1
    const highest = this.#highest.get(receiver) ?? -1
    // A jump back is disorder only when the broker does not say that it delivers again.
    if (sequence < highest && !redelivered && times === 0) this.reordered++
    if (sequence > highest) this.#highest.set(receiver, sequence)
  }

  missing(accepted: Uint8Array): number {
    let missing = 0
    for (let at = 0; at < accepted.length; at++) if (accepted[at] === 1 && this.#times[at] === 0) missing++
    return missing
  }

  /** Came though the send had failed or was never made. */
  recovered(outcomes: Uint8Array, wanted: number): number {
    let count = 0
    for (let at = 0; at < outcomes.length; at++) if (outcomes[at] === wanted && this.#times[at]! > 0) count++
    return count
  }
}

export interface Account {
  readonly sent: number
  readonly accepted: number
  readonly failed: number
  /** Outcome unknown: the answer was lost. */
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

export type SendResult = 'accepted' | 'failed' | 'in-doubt'
const CODES: Record<SendResult, number> = { accepted: 1, failed: 2, 'in-doubt': 3 }

export class Ledger {
  readonly #outcomes: Uint8Array
  readonly #tracks: Track[]
  #sent = 0
  #corrupt = 0
  readonly #counts = [0, 0, 0, 0]

  /** `tracks`: how many copies of the stream are expected (1 for competing receivers, one for each subscriber otherwise). */
  constructor(count: number, tracks: number) {
    this.#outcomes = new Uint8Array(count)
    this.#tracks = Array.from({ length: tracks }, () => new Track(count))
  }

  sent(): void {
    this.#sent++
  }

  outcome(sequence: number, result: SendResult): void {
    this.#outcomes[sequence] = CODES[result]
    this.#counts[CODES[result]]!++
  }

  /** Books an arrival; the stamp is `undefined` when the body was damaged or is not of this run. */
  arrived(track: number, receiver: number, body: Uint8Array, redelivered: boolean): Stamp | undefined {
    const stamp = readPayload(body)
    if (!stamp || stamp.sequence >= this.#outcomes.length) {
      this.#corrupt++
      return undefined
    }
    this.#tracks[track]!.note(receiver, stamp.sequence, redelivered)
    return stamp
  }

  account(): Account {
    const total = (read: (track: Track) => number): number =>
      this.#tracks.reduce((sum, track) => sum + read(track), 0)
    return {
      sent: this.#sent,
      accepted: this.#counts[1]!,
      failed: this.#counts[2]!,
      inDoubt: this.#counts[3]!,
      received: total((track) => track.received),
      lost: total((track) => track.missing(this.#outcomes)),
      unexpected: total((track) => track.recovered(this.#outcomes, CODES.failed)),
      duplicatesMarked: total((track) => track.duplicatesMarked),
      duplicatesUnmarked: total((track) => track.duplicatesUnmarked),
      reordered: total((track) => track.reordered),
      corrupt: this.#corrupt,
    }
  }
}
