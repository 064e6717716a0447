/**
 * The turns of a receiver. A turn is one script call that carries the verdicts gathered since the last one, renews the lease, and
 * claims as much as there is credit for. At most two are under way, so that the server works while the program does.
 *
 *   claiming ──nothing more──▶ standing in the line ──called, room used up, or time to look──▶ claiming
 */
import type { MessagingError } from '../../api/errors.ts'
import { isConnectionError, isForbidden } from './errors.ts'
import { type ClaimAnswer, Line } from './line.ts'
import { recoverDead } from './presence.ts'
import type { Session } from './session.ts'
import { Verdicts } from './verdicts.ts'
import { MOST_WANTED, type Window } from './window.ts'

/** Turns under way at once. */
const MOST_UNDER_WAY = 2
/** Bytes of payloads in one answer, about. */
const MOST_BYTES = 2_097_152
/** First pause between two looks, after which it doubles. Unit: ms. */
const FIRST_LOOK_MS = 250
/** Pause after taking a share of what little there was. Unit: ms. */
const YIELD_MS = 5
/**
 * Accepted deliveries that a receiver in the line gathers, and for how long: the server syncs its disk for each turn. Also how long a
 * claim for a few is put off. Unit: ms.
 */
const GATHERED = 100
const GATHER_MS = 2

/** Outcome of a turn. */
const NODE_GONE = 0
const LEASE_LOST = 1

/** What is left behind an answer. */
const NOTHING = 0
const MORE = 1
const OTHERS_FIRST = 2

type TurnReply = [
  outcome: number,
  messages?: Buffer,
  rest?: number,
  nextDue?: number,
  owners?: number,
  handed?: number,
  room?: number,
]

interface Answer extends ClaimAnswer {
  readonly want: number
  readonly messages: Buffer
  readonly rest: number
  /** Unit: ms; negative: nothing will be due. */
  readonly nextDue: number
  /** Receivers attached. */
  readonly owners: number
}

interface Turn {
  readonly owner: string
  readonly line: Line<Answer>
  /** 0: it claims nothing. */
  readonly claim: number
  readonly want: number
  readonly verdicts: Verdicts
}

export interface TurnsParts {
  readonly session: Session
  /** Base key of the queue. */
  readonly base: string
  readonly label: string
  readonly leaseMs: number
  readonly window: Window
}

export interface TurnsEvents {
  /** Messages, as a claim is answered; they come in the order of the server. Answers their mean size in bytes. */
  arrived(messages: Buffer): number
  /** The node was deleted. */
  nodeGone(): void
  /** The program stood still for longer than its lease. */
  leaseLost(): void
  failed(error: MessagingError): void
  /** Why verdicts of a lost lease are void. */
  deliveryLost(): MessagingError
}

export class Turns {
  readonly #parts: TurnsParts
  readonly #window: Window
  readonly #events: TurnsEvents
  #line: Line<Answer>
  /** Empty: not attached now. */
  #owner = ''
  #verdicts = new Verdicts()
  #underWay = 0
  #scheduled = false
  /** The next turn claims although nothing seems to wait. */
  #looking = false
  /** Something was put by for this receiver. */
  #called = false
  #renewed = true
  #leaving = false
  #ended = false
  /** Runs while verdicts are gathered, or a claim for a few is put off. */
  #gathering: NodeJS.Timeout | undefined
  #patient = true
  #pause: NodeJS.Timeout | undefined
  #yielding = false
  #lookMs = FIRST_LOOK_MS
  #meanBytes = 1_000
  #flushes: { claim: number; resolve: () => void }[] = []
  #quiet: (() => void) | undefined

  constructor(parts: TurnsParts, events: TurnsEvents) {
    this.#parts = parts
    this.#window = parts.window
    this.#events = events
    this.#line = this.#newLine()
  }

  /** Verdicts that the next turn carries. */
  get verdicts(): Verdicts {
    return this.#verdicts
  }

  /** From now on turns are made in the name of this owner. */
  begin(owner: string): void {
    this.#owner = owner
    this.schedule()
  }

  /** Stops turns until `begin`, and forgets what was on its way. */
  interrupt(): void {
    this.#owner = ''
    this.#verdicts.failed(this.#events.deliveryLost())
    this.#verdicts = new Verdicts()
    this.#line = this.#newLine()
    this.#window.asked = 0
    this.#window.flowing = false
    this.#called = false
    this.#stopPause()
    this.#answerFlushes()
  }

  // ── what the receiver wants ──

  /** A turn goes behind everything else that this turn of the event loop does. */
  schedule(): void {
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    setImmediate(startTurn, this)
  }

  /** As `schedule`, but what nobody waits for is gathered first. */
  gather(): void {
    if (this.#line.standing && this.#verdicts.accepted.length < GATHERED) this.#startGathering()
    else this.schedule()
  }

  /** The credit was changed. */
  creditChanged(): void {
    if (this.#window.credit === 0) this.#stopPause()
    this.schedule()
  }

  renew(): void {
    this.#renewed = false
    this.schedule()
  }

  /** The server says something to the receiver in the line. */
  word(claim: number | undefined, record: Buffer | undefined): void {
    if (claim !== undefined) this.#line.word(claim, record)
    else {
      this.#called = true
      this.schedule()
    }
  }

  /** Resolves when everything has arrived that a claim made now finds. */
  claimed(): Promise<void> {
    if (this.#window.free > 0) this.#turn(true)
    return this.#passedOn()
  }

  /** Takes nothing more; resolves when nothing is on its way any more and the server has every verdict. */
  async finish(): Promise<void> {
    this.#leaving = true
    this.#stopPause()
    while (this.#active) {
      if (this.#underWay > 0) await this.#allAnswered()
      else if (this.#line.standing || !this.#verdicts.empty) this.#turn(true)
      // What was handed to it before it left the line.
      else if (this.#line.answered < this.#line.claims) await this.#passedOn()
      else break
    }
    this.#owner = ''
  }

  end(error: MessagingError): void {
    this.#ended = true
    this.#owner = ''
    this.#stopPause()
    this.#stopGathering()
    this.#verdicts.failed(error)
    this.#answerFlushes()
    this.#quiet?.()
  }

  // ── turns ──

  static turn(turns: Turns): void {
    turns.#scheduled = false
    turns.#turn(false)
  }

  static gathered(turns: Turns): void {
    turns.#gathering = undefined
    turns.#patient = false
    turns.#turn(false)
  }

  get #active(): boolean {
    return !this.#ended && this.#owner !== '' && this.#parts.session.alive
  }

  /** Resolves when the last claim made has its answer, and that was passed on. */
  #passedOn(): Promise<void> {
    const claim = this.#line.claims
    if (this.#line.answered >= claim || !this.#active) return Promise.resolve()
    return new Promise((resolve) => this.#flushes.push({ claim, resolve }))
  }

  #allAnswered(): Promise<void> {
    return new Promise((resolve) => {
      this.#quiet = resolve
    })
  }

  #want(always: boolean): number {
    const { free, asked, flowing, scant, want } = this.#window
    if (free <= 0 || this.#leaving) return 0
    if (always || this.#looking || this.#called) return Math.min(free, MOST_WANTED)
    if (this.#line.standing) {
      // Its place is renewed in time, along with verdicts, and given up when the credit became smaller.
      const isLow = !this.#verdicts.empty && this.#line.room < Math.min(free, GATHERED) / 2
      return isLow || this.#hasTooMuchRoom ? want : 0
    }
    if (this.#yielding && this.#window.held.size > 0) return 0
    if (asked > 0 && !flowing) return 0
    if (scant && this.#patient) {
      if (asked === 0) this.#startGathering()
      return 0
    }
    return want
  }

  /** The server may hand over more than there is credit for. */
  get #hasTooMuchRoom(): boolean {
    const { free, asked } = this.#window
    return this.#line.standing && asked === 0 && this.#line.room > Math.max(0, free)
  }

  #turn(always: boolean): void {
    if (!this.#active) return
    if (this.#underWay >= MOST_UNDER_WAY && !always) return
    const want = this.#want(always)
    // To leave the line, or to pass a call on to others, is a claim for nothing.
    const isClaim = want > 0 || this.#called || this.#hasTooMuchRoom || (this.#leaving && this.#line.standing)
    const verdicts = this.#verdicts
    if (!isClaim && verdicts.empty && this.#renewed && !always) return
    this.#stopGathering()
    const line = this.#line
    const { place, handed } = line
    const claim = isClaim ? line.claim() : 0
    if (isClaim) {
      this.#stopPause()
      this.#called = false
      this.#looking = false
      this.#patient = true
    }
    this.#verdicts = new Verdicts()
    this.#renewed = true
    this.#underWay++
    this.#window.asked += want
    const { session, base, leaseMs } = this.#parts
    const owner = this.#owner
    const step = Math.max(1, Math.min(want, MOST_WANTED, Math.floor(MOST_BYTES / this.#meanBytes)))
    const share = always ? '0' : '1'
    const turn: Turn = { owner, line, claim, want, verdicts }
    session
      .run(
        'turn',
        [base],
        [owner, leaseMs, want, MOST_BYTES, step, claim, place, handed, ...verdicts.args, share],
      )
      .then(
        (reply) => this.#answered(turn, reply as TurnReply),
        (error) => this.#failed(turn, error),
      )
    // What does not fit into this claim may go into the next at once.
    if (want > 0 && this.#underWay < MOST_UNDER_WAY && this.#want(false) > 0) this.schedule()
  }

  #answered(turn: Turn, reply: TurnReply): void {
    this.#underWay--
    const { verdicts, line, claim, want } = turn
    const [outcome, messages, rest, nextDue, owners, handedBefore, room] = reply
    if (this.#ended || outcome === NODE_GONE || outcome === LEASE_LOST) {
      verdicts.failed(this.#events.deliveryLost())
      if (!this.#ended && outcome === NODE_GONE) this.#events.nodeGone()
      else if (!this.#ended && turn.owner === this.#owner) this.#events.leaseLost()
    } else {
      verdicts.settled()
      if (claim > 0) {
        line.answer({
          claim,
          handedBefore: handedBefore!,
          room: room!,
          want,
          messages: messages!,
          rest: rest!,
          nextDue: nextDue!,
          owners: owners!,
        })
      }
    }
    this.#afterTurn()
  }

  #failed({ verdicts, line, want }: Turn, error: unknown): void {
    this.#underWay--
    if (line === this.#line) this.#window.asked -= want
    const { session, label } = this.#parts
    if (session.alive && !isConnectionError(error) && !isForbidden(error)) {
      // Verdicts may not get lost while the lease lives on: all of it ends, and comes back.
      session.fail(error)
    }
    verdicts.failed(session.error(error, { address: label, operation: 'settle' }))
    if (session.alive) this.#events.failed(session.error(error, { address: label }))
    this.#afterTurn()
  }

  #afterTurn(): void {
    if (this.#underWay === 0) this.#quiet?.()
    this.schedule()
  }

  // ── what comes, in the order of the server ──

  #newLine(): Line<Answer> {
    const line: Line<Answer> = new Line({
      answered: (answer) => {
        if (line === this.#line) this.#claimAnswered(answer)
      },
      handed: (record) => {
        if (line === this.#line) this.#events.arrived(record)
      },
      left: (called) => {
        if (line !== this.#line) return
        this.#stopPause()
        if (called) this.#called = true
        this.schedule()
      },
    })
    return line
  }

  #claimAnswered({ claim, want, messages, rest, nextDue, owners }: Answer): void {
    this.#window.asked -= want
    if (messages.length > 0)
      this.#meanBytes = Math.ceil((this.#meanBytes + this.#events.arrived(messages)) / 2)
    if (want > 0) {
      this.#window.flowing = rest === MORE
      if (rest === NOTHING) this.#lookLater(nextDue, owners > 1)
      else if (rest === OTHERS_FIRST) this.#yield()
    }
    if (this.#flushes.length > 0) this.#answerFlushes(claim)
  }

  #answerFlushes(upTo = Infinity): void {
    const done = this.#flushes.filter(({ claim }) => claim <= upTo)
    this.#flushes = this.#flushes.filter(({ claim }) => claim > upTo)
    for (const { resolve } of done) resolve()
  }

  // ── pauses ──

  #lookLater(nextDue: number, others: boolean): void {
    if (!this.#line.standing || this.#leaving || this.#window.credit === 0) return
    const { pollMs } = this.#parts.session.endpoint
    const pause = Math.min(this.#lookMs, pollMs, nextDue < 0 ? pollMs : nextDue + 1)
    this.#pauseFor(pause, () => void this.#look(others))
  }

  /** Leaves what little there is to the other receivers for a moment, unless it becomes idle before. */
  #yield(): void {
    this.#yielding = true
    this.#pauseFor(YIELD_MS, () => {
      this.#yielding = false
      this.schedule()
    })
  }

  async #look(others: boolean): Promise<void> {
    const { session, base } = this.#parts
    this.#lookMs = Math.min(this.#lookMs * 2, session.endpoint.pollMs)
    try {
      if (others) await recoverDead(session, base, false)
    } catch (error) {
      session.check(error)
    }
    this.#looking = true
    this.schedule()
  }

  #pauseFor(ms: number, then: () => void): void {
    clearTimeout(this.#pause)
    this.#pause = setTimeout(then, ms)
    this.#pause.unref()
  }

  #stopPause(): void {
    clearTimeout(this.#pause)
    this.#yielding = false
  }

  #startGathering(): void {
    this.#gathering ??= setTimeout(endGathering, GATHER_MS, this)
  }

  #stopGathering(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
  }
}

function startTurn(turns: Turns): void {
  Turns.turn(turns)
}

function endGathering(turns: Turns): void {
  Turns.gathered(turns)
}
