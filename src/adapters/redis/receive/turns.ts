/**
 * The turns of a receiver. A turn is one script call that carries the verdicts gathered since the last one, renews the lease, and
 * claims as much as there is credit for. At most two are under way, so that the server works while the program does.
 *
 *   claiming ──nothing more──▶ standing in the line ──called, room used up, or time to look──▶ claiming
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MessagingError } from '../../../model/errors.ts'
import type { Session } from '../wire/session.ts'
import { Line } from './line.ts'
import { Pauses } from './pauses.ts'
import { type Answer, MORE, NOTHING, OTHERS_FIRST, type Outcome, runTurn, type Turn } from './turn.ts'
import { Verdicts } from './verdicts.ts'
import { MOST_WANTED, type Window } from './window.ts'

/** Turns under way at once. */
const MOST_UNDER_WAY = 2
/** A word that comes so much later than the answer behind it may be lost. Unit: ms. */
const LATE_WORD_MS = 1_000
/** Accepted deliveries that a receiver in the line gathers at most. */
const GATHERED = 100

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
  /** A turn could not be made; the link cannot go on, nor may it keep what it holds. */
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
  /** As it was asked for; that of the window may follow. */
  #credit: number
  /** Turns that give back something unseen, and behind which there may still be messages on their way. */
  #goingBack = 0
  #scheduled = false
  /** The next turn claims although nothing seems to wait. */
  #looking = false
  /** Something was put by for this receiver. */
  #called = false
  #renewed = true
  #leaving = false
  #ended = false
  readonly #pauses: Pauses
  /** A claim for a few may be put off. */
  #patient = true
  #meanBytes: number | undefined
  #quiet: (() => void) | undefined
  #awaitsWords = false
  readonly #startTurn = (): void => {
    this.#scheduled = false
    this.#turn(false)
  }

  constructor(parts: TurnsParts, events: TurnsEvents) {
    this.#parts = parts
    this.#window = parts.window
    this.#credit = parts.window.credit
    this.#events = events
    this.#line = this.#newLine()
    this.#pauses = new Pauses(parts.session, parts.base, {
      gathered: () => {
        this.#patient = false
        this.#turn(false)
      },
      yielded: () => this.schedule(),
      timeToLook: () => {
        this.#looking = true
        this.schedule()
      },
    })
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
    this.#line.end()
    this.#line = this.#newLine()
    this.#window.credit = this.#credit
    this.#window.asked = 0
    this.#window.flowing = false
    this.#called = false
    this.#pauses.stop()
  }

  // ── what the receiver wants ──

  /** A turn goes behind everything else that this turn of the event loop does. */
  schedule(): void {
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    setImmediate(this.#startTurn)
  }

  /** As `schedule`, but what nobody waits for is gathered first. */
  gather(): void {
    if (this.#line.standing && this.#verdicts.accepted.length < GATHERED) this.#pauses.gather()
    else this.schedule()
  }

  /** More credit counts once everything that goes back unseen is back: nothing younger may come before it. */
  changeCredit(credit: number): void {
    this.#credit = credit
    if (credit < this.#window.credit || !this.#givesBack) this.#applyCredit()
  }

  #applyCredit(): void {
    this.#window.credit = this.#credit
    if (this.#credit === 0) this.#pauses.stop()
    this.schedule()
  }

  get #givesBack(): boolean {
    return this.#goingBack > 0 || this.#verdicts.unseen.length > 0
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
  async claimed(): Promise<void> {
    while (this.#active && this.#givesBack) {
      if (this.#verdicts.unseen.length > 0) this.#turn(true)
      await this.#line.passedOn()
    }
    if (this.#window.free > 0) this.#turn(true)
    return this.#line.passedOn()
  }

  /** Takes nothing more; resolves when nothing is on its way any more and the server has every verdict. */
  async finish(): Promise<void> {
    this.#leaving = true
    this.#pauses.stop()
    while (this.#active) {
      if (this.#underWay > 0) await this.#allAnswered()
      else if (this.#line.standing || !this.#verdicts.empty) this.#turn(true)
      // What was handed to it before it left the line.
      else if (!this.#line.settled) await this.#line.passedOn()
      else break
    }
    this.#owner = ''
  }

  end(error: MessagingError): void {
    this.#ended = true
    this.#owner = ''
    this.#pauses.stop()
    this.#pauses.stopGathering()
    this.#verdicts.failed(error)
    this.#line.end()
    this.#quiet?.()
  }

  // ── turns ──

  get #active(): boolean {
    return !this.#ended && this.#owner !== '' && this.#parts.session.alive
  }

  /** Answers wait in the server until they are read: where that has a limit, it is one answer's. */
  get #mostUnderWay(): number {
    return this.#parts.session.facts.answersLimited ? 1 : MOST_UNDER_WAY
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
    if (this.#pauses.yielding && this.#window.held.size > 0) return 0
    if (asked > 0 && !flowing) return 0
    if (scant && this.#patient) {
      if (asked === 0) this.#pauses.gather()
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
    if (this.#underWay >= this.#mostUnderWay && !always) return
    const want = this.#want(always)
    const verdicts = this.#verdicts
    const givesBack = verdicts.unseen.length > 0
    // To leave the line, to pass a call on to others, or to see what had been handed over before is a claim for nothing.
    const isClaim =
      want > 0 || this.#called || givesBack || this.#hasTooMuchRoom || (this.#leaving && this.#line.standing)
    if (!isClaim && verdicts.empty && this.#renewed && !always) return
    this.#pauses.stopGathering()
    const line = this.#line
    // What it knows of its place now, before the claim takes another.
    const { place, handed } = line
    const claim = isClaim ? line.claim() : 0
    if (givesBack) void this.#seeBack(line)
    if (isClaim) {
      this.#pauses.stop()
      this.#called = false
      this.#looking = false
      this.#patient = true
    }
    this.#verdicts = new Verdicts()
    this.#renewed = true
    this.#underWay++
    this.#window.asked += want
    const { session } = this.#parts
    const owner = this.#owner
    const turn: Turn = { owner, line, claim, want, verdicts, share: !always, meanBytes: this.#meanBytes }
    runTurn(session, this.#parts, turn, { place, handed }).then(
      (outcome) => this.#answered(turn, outcome),
      (error) => this.#failed(turn, error),
    )
    // What does not fit into this claim may go into the next at once.
    if (want > 0 && this.#underWay < this.#mostUnderWay && this.#want(false) > 0) this.schedule()
  }

  /** What was handed over before something goes back has come in, and went back as well, when the claim's answer is passed on. */
  async #seeBack(line: Line<Answer>): Promise<void> {
    this.#goingBack++
    await line.passedOn()
    this.#goingBack--
    if (this.#credit > this.#window.credit && !this.#givesBack) this.#applyCredit()
  }

  #answered({ verdicts, line, owner }: Turn, { kind, answer }: Outcome): void {
    this.#underWay--
    if (kind === 'done' && !this.#ended) {
      verdicts.settled()
      if (answer) line.answer(answer)
      if (line.waitsAt !== undefined && !this.#awaitsWords) void this.#awaitWords(line)
    } else {
      verdicts.failed(this.#events.deliveryLost())
      if (kind === 'node gone' && !this.#ended) this.#events.nodeGone()
      else if (kind === 'lease lost' && owner === this.#owner) this.#events.leaseLost()
    }
    this.#afterTurn()
  }

  /**
   * The server says that it has handed over more than has come in. Either that is on its way, or its note of the place is an older one:
   * another program has put keys back that it had saved. Then nobody has what it counts, and the receiver begins anew.
   */
  async #awaitWords(line: Line<Answer>): Promise<void> {
    this.#awaitsWords = true
    for (let claim = line.waitsAt; claim !== undefined && line === this.#line; ) {
      await sleep(LATE_WORD_MS, undefined, { ref: false })
      if (line.waitsAt === claim) await this.#parts.session.caughtUp().catch(() => {})
      if (line.waitsAt !== claim) claim = line.waitsAt
      else if (line === this.#line && this.#active) {
        this.#events.leaseLost()
        break
      } else break
    }
    this.#awaitsWords = false
  }

  #failed({ verdicts, line, want }: Turn, error: unknown): void {
    this.#underWay--
    if (line === this.#line) this.#window.asked -= want
    const { session, label } = this.#parts
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
    return new Line({
      answered: (answer) => this.#claimAnswered(answer),
      handed: (record) => void this.#events.arrived(record),
      left: (called) => {
        this.#pauses.stop()
        if (called) this.#called = true
        this.schedule()
      },
    })
  }

  #claimAnswered({ want, messages, rest, nextDue, owners }: Answer): void {
    this.#window.asked -= want
    if (messages.length > 0) {
      const mean = this.#events.arrived(messages)
      this.#meanBytes = Math.ceil(((this.#meanBytes ?? mean) + mean) / 2)
    }
    if (want > 0) {
      this.#window.flowing = rest === MORE
      if (rest === NOTHING && this.#line.standing) this.#pauses.lookLater(nextDue, owners > 1)
      else if (rest === OTHERS_FIRST) this.#pauses.yield()
    }
  }
}
