/** Messages from some senders to some receivers, as many as go through, with a ledger of them. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, Delivery, Receiver, Sender, Source, Target } from '../../../src/index.ts'
import type { Dice } from '../random/dice.ts'
import type { Watch } from '../random/watch.ts'
import { Ledger } from './ledger.ts'
import { Pulse } from './pulse.ts'

/** Sends on their way at once. */
const CAPACITY = 100
const CREDIT = 200
/** More than these wait for receivers: the senders go slowly. */
const MOST_WAITING = 10_000
/** Pause of slow senders, and behind a failure. Unit: ms. */
const SLOW_MS = 50
/** Unit: ms. */
const SEND_MS = 30_000
/** A verdict has no time limit of its own: it ends with its link. Unit: ms. */
const VERDICT_MS = 60_000

export interface LaneOptions {
  readonly name: string
  readonly target: Target<number>
  readonly source: Source<number>
  /** Some are released and rejected. What is rejected is done when its dead letter has been read. */
  readonly anyVerdict?: boolean
  /** Sends a second at most. Default: as many as go through. */
  readonly rate?: number
}

export class Lane {
  readonly ledger = new Ledger()
  readonly pulse: Pulse
  readonly #options: LaneOptions
  readonly #watch: Watch
  readonly #dice: Dice
  #running = true
  /** When the next send may begin. */
  #next = 0
  #sender: Sender<number> | undefined
  #receiver: Receiver<number> | undefined
  #work: Promise<unknown>[] = []
  #verdicts = new Set<Promise<void>>()

  constructor(options: LaneOptions, watch: Watch, dice: Dice) {
    this.#options = options
    this.#watch = watch
    this.#dice = dice
    this.pulse = new Pulse(options.name)
  }

  get name(): string {
    return this.#options.name
  }

  async begin(sending: Connection, receiving: Connection): Promise<void> {
    this.#receiver = await receiving.receiver(this.#options.source, { credit: CREDIT })
    this.#sender = await sending.sender(this.#options.target, { capacity: CAPACITY })
    sending.on('disconnected', () => this.ledger.lostTouch())
    this.#work = Array.from({ length: CAPACITY }, (_, at) => this.#send(at === 0))
    void this.#receive(this.#receiver)
  }

  /** Resolves when every send has an outcome. */
  async stopSending(): Promise<void> {
    this.#running = false
    await Promise.all(this.#work)
  }

  async close(): Promise<void> {
    await this.#watch.call(`close-sender ${this.name}`, 8_000, () => this.#sender!.close())
    await this.#watch.call(`close-receiver ${this.name}`, 8_000, () => this.#receiver!.close())
    await Promise.all(this.#verdicts)
  }

  /** `always`: however many wait, so that the pulse goes on. */
  async #send(always: boolean): Promise<void> {
    const { name, ledger, pulse } = this
    while (this.#running) {
      const slow = ledger.accepted - ledger.done > MOST_WAITING
      if (slow) await delay(SLOW_MS)
      if (slow && !always) continue
      await this.#turn()
      if (!this.#running) return
      const at = ledger.sending()
      const { error } = await this.#watch.outcome('send', SEND_MS, () =>
        this.#sender!.send(at, { id: `${name}#${at}`, timeoutMs: SEND_MS }),
      )
      ledger.settled(at, error)
      if (error === undefined) pulse.beat()
      else if (error.scope === 'link') {
        this.#watch.problem(`${name}: the sender ended: ${error.code} ${error.message}`)
        return
      } else await delay(SLOW_MS)
    }
  }

  async #turn(): Promise<void> {
    const { rate } = this.#options
    if (rate === undefined) return
    const now = performance.now()
    const at = Math.max(now, this.#next)
    this.#next = at + 1000 / rate
    await delay(at - now)
  }

  async #receive(receiver: Receiver<number>): Promise<void> {
    try {
      for await (const delivery of receiver) {
        this.ledger.arrived(delivery.body, delivery.redelivered)
        const verdict = this.#settle(delivery)
        this.#verdicts.add(verdict)
        void verdict.then(() => this.#verdicts.delete(verdict))
      }
    } catch (error) {
      this.#watch.problem(`${this.name}: the receiver ended: ${(error as Error).message}`)
    }
  }

  async #settle(delivery: Delivery<number>): Promise<void> {
    const draw = this.#options.anyVerdict ? this.#dice.number() : 1
    const verdict = (what: string, work: () => Promise<void>) => this.#watch.outcome(what, VERDICT_MS, work)
    if (draw < 0.03) await verdict('release', () => delivery.release())
    else if (draw < 0.04) await verdict('release-later', () => delivery.release({ delayMs: 200 }))
    else if (draw < 0.05) await verdict('reject', () => delivery.reject('at random'))
    else {
      const { error } = await verdict('accept', () => delivery.accept())
      if (error === undefined) this.ledger.finished(delivery.body)
    }
  }
}
