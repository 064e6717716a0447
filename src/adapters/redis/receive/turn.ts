/** One turn of a receiver as the script takes and answers it: see `scripts/receiving.ts`. */

import type { Session } from '../wire/session.ts'
import type { ClaimAnswer, Line } from './line.ts'
import type { Verdicts } from './verdicts.ts'

/** Messages read at once without a look at their sizes: the same number as in `scripts/receiving/turn.lua`. */
const MOST_AT_ONCE = 100
/** Messages of this size and more are looked at one by one before they are read: a step of the script holds up the server. Unit: bytes. */
const LARGE_BYTES = 16_384

/** What is left behind an answer. */
export const NOTHING = 0
export const MORE = 1
export const OTHERS_FIRST = 2

/** A turn that has been written. */
export interface Turn {
  readonly owner: string
  readonly line: Line<Answer>
  /** Number of its claim; 0: it makes none. */
  readonly claim: number
  /** Messages wanted. A claim for none leaves the line. */
  readonly want: number
  readonly verdicts: Verdicts
  /** Little is shared with other receivers. */
  readonly share: boolean
  /** Mean size of the messages seen, for the first step of the script; `undefined`: none was seen yet. Unit: bytes. */
  readonly meanBytes: number | undefined
}

/** What a claim found. */
export interface Answer extends ClaimAnswer {
  readonly want: number
  readonly messages: Buffer
  readonly rest: number
  /** Unit: ms; negative: nothing will be due. */
  readonly nextDue: number
  /** Receivers attached. */
  readonly owners: number
}

/** `answer` is there for a turn with a claim that the server did. */
export interface Outcome {
  readonly kind: 'done' | 'lease lost' | 'node gone'
  readonly answer: Answer | undefined
}

type Reply = [
  outcome: 0 | 1 | 2,
  messages?: Buffer,
  rest?: number,
  nextDue?: number,
  owners?: number,
  handedBefore?: number,
  room?: number,
]

const KINDS = ['node gone', 'lease lost', 'done'] as const

/** Writes a turn at once. `place` and `handed`: what the receiver knows of its place in the line. */
export async function runTurn(
  session: Session,
  { base, leaseMs }: { readonly base: string; readonly leaseMs: number },
  { owner, claim, want, verdicts, share, meanBytes }: Turn,
  { place, handed }: { readonly place: number; readonly handed: number },
): Promise<Outcome> {
  const { answerBytes, answersLimited } = session.facts
  const step = Math.max(1, Math.min(want, MOST_AT_ONCE, Math.floor(answerBytes / (meanBytes ?? 1))))
  const careful = answersLimited || meanBytes === undefined || meanBytes >= LARGE_BYTES
  const reply = (await session.run(
    'turn',
    [base],
    [
      owner,
      leaseMs,
      want,
      answerBytes,
      step,
      claim,
      place,
      handed,
      ...verdicts.args,
      share ? '1' : '0',
      careful ? '1' : '0',
    ],
  )) as Reply
  const [outcome, messages, rest, nextDue, owners, handedBefore, room] = reply
  const kind = KINDS[outcome]
  if (kind !== 'done' || claim === 0) return { kind, answer: undefined }
  const answer: Answer = {
    claim,
    want,
    messages: messages!,
    rest: rest!,
    nextDue: nextDue!,
    owners: owners!,
    handedBefore: handedBefore!,
    room: room!,
  }
  return { kind, answer }
}
