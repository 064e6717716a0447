/**
 * One AMQP link for receiving: credit by hand, deliveries decoded as they come, verdicts as AMQP outcomes.
 *
 * The window is kept by two counts: `held`, handed over and not settled, and `granted`, given to the broker and not used yet. Credit can
 * only be taken back by a drain: the broker uses it up or returns it. Broker-J answers a drain when it returns credit, but says nothing when
 * messages used it up; so a drain also ends when nothing is granted any more, and an answer that comes after that is known by its
 * delivery count and ignored. Artemis goes further: `drain-doubts.ts`. RabbitMQ 3 is never asked to drain: up to 3.11.7 that ends the session
 * on a classic queue; it answers every flow with what is there.
 */
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../../../contract/adapter.ts'
import { settledWithin } from '../../../core/aborts.ts'
import type { Rounds } from '../../../core/connecting/rounds.ts'
import { Deque } from '../../../core/deque.ts'
import type { MessagingError } from '../../../model/errors.ts'
import { decodeMessage } from '../codec/codec.ts'
import type { Physical } from '../wire/physical.ts'
import { framesIn } from '../wire/raw-session.ts'
import type { FlowFrame, RheaDelivery, RheaReceiver } from '../wire/rhea-types.ts'
import { DrainDoubts } from './drain-doubts.ts'
import { asAsked } from './granted.ts'
import { QpidDelivery } from './qpid-delivery.ts'
import type { ReceiverOptions } from './receiver-options.ts'
import { heard } from './silence.ts'

/**
 * A receiver without work asks for what there is this often. Broker-J 9.2.1 lets a delayed message go without waking the receiver
 * when its pointer stands at that message already (`updateSubRequeueEntry` of its `AbstractQueue`); a drain wakes it.
 */
const WAKE_MS = 1_000
/** What a broker says is there comes within this time, unless another receiver gets it. Unit: ms. */
const COMES_MS = 2_000
/** Time between two looks at it. Unit: ms. */
const PAUSE_MS = 20

export class LinkReceiver implements AdapterReceiver {
  readonly address?: string
  readonly #physical: Physical
  readonly #link: RheaReceiver
  readonly #options: ReceiverOptions
  readonly #events: ReceiverEvents
  #credit: number
  /** Handed over and not settled. */
  #held = 0
  /** Given to the broker and not used yet. */
  #granted = 0
  /**
   * The window was closed: what still uses the credit granted before goes back, also when there is credit again by then, or it would
   * overtake what went back before it.
   */
  #recalled = false
  /** Copies that came while a browser was paused: they cannot be given back. At most the window it had. */
  readonly #parked = new Deque<QpidDelivery>()
  #draining: Promise<void> | undefined
  #drained: ((unspent: number) => void) | undefined
  readonly #doubts: DrainDoubts
  /** Answers to come until credit is back that is not asked for by a drain: behind the second one nothing is on its way any more. */
  #answersLeft = 0
  #looking: Promise<void> = Promise.resolve()
  /** Ends a question to a broker that is not asked to drain. */
  #toldAvailable: ((available: number) => void) | undefined
  /** A browser has fetched all there was. */
  #exhausted = false
  /** … and its reader knows. */
  #told = false
  /** Something has arrived since the last look. */
  #busy = false
  /** All that ever arrived. */
  #came = 0
  readonly #waker: NodeJS.Timeout | undefined
  #stopWatching: () => void = () => {}
  /** Closed by us, or ended by the broker. */
  #over = false

  private constructor(
    physical: Physical,
    link: RheaReceiver,
    options: ReceiverOptions,
    events: ReceiverEvents,
  ) {
    this.#physical = physical
    this.#link = link
    this.#options = options
    this.#events = events
    this.#credit = options.credit
    this.#doubts = new DrainDoubts(physical.product.profile.answersOldDrains, () => link.drain_credit())
    if (options.copiesTo !== undefined) this.address = options.copiesTo
    link.on('message', ({ delivery, message }) => this.#arrived(delivery!, physical.bytesOf(message)))
    link.on('aborted', () => this.#aborted())
    // rhea would take every answer to a drain at its word, late ones as well.
    if (physical.found.has('receiverFlow')) link.on_flow = (frame) => this.#flowed(frame)
    else link.on('receiver_drained', () => this.#answered(this.#granted))
    physical.watch(link, (error) => {
      this.#stop()
      events.detached(error)
    })
    if (!options.browse && this.#drains) this.#waker = setInterval(() => this.#wake(), WAKE_MS).unref()
  }

  static async open(
    physical: Physical,
    options: ReceiverOptions,
    events: ReceiverEvents,
  ): Promise<LinkReceiver> {
    const link = await physical.openReceiver(
      { source: options.source },
      Math.max(options.credit, 1),
      options.address,
    )
    await asAsked(physical, link, options)
    return LinkReceiver.over(physical, link, options, events)
  }

  /** On a link that was opened before (a dynamic source that had to be bound first). */
  static over(
    physical: Physical,
    link: RheaReceiver,
    options: ReceiverOptions,
    events: ReceiverEvents,
  ): LinkReceiver {
    const receiver = new LinkReceiver(physical, link, options, events)
    receiver.#topUp()
    return receiver
  }

  /** Ends the link when `end` answers with a reason; it is asked in the rounds. */
  standOn(rounds: Rounds, end: () => Promise<MessagingError | undefined>): void {
    if (this.#dead) return
    this.#stopWatching = rounds.add(async () => {
      const error = await end()
      if (!error || this.#dead) return
      void this.close()
      this.#events.detached(error)
    })
  }

  accept(delivery: AdapterDelivery): void {
    if (this.#dead) return
    const mine = delivery as QpidDelivery
    this.#physical.verdict(() => mine.native.accept())
    this.#settledOne(mine)
  }

  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    if (this.#physical.over) throw this.#physical.over
    // The link is gone: the broker has taken the delivery back.
    if (this.#over) return
    const mine = delivery as QpidDelivery
    const { browse, address } = this.#options
    const counts = this.#physical.product.profile.counted !== 'none'
    this.#physical.verdict(() => mine.settle(verdict, browse, counts))
    this.#settledOne(mine)
    if (!browse && mine.wasTaken(verdict)) throw mine.takenForGood(address)
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#handOverParked()
    if (credit === 0 && this.#granted > 0) this.#recalled = true
    if (this.#held + this.#granted > credit) void this.#drain()
    else this.#topUp()
  }

  async flush(): Promise<void> {
    if (this.#dead) return
    this.#topUp()
    await this.#heard(this.#drains ? this.#drain() : this.#look())
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#physical.closeLink(this.#link)
  }

  get #drains(): boolean {
    return this.#physical.product.profile.drains
  }

  get #dead(): boolean {
    return this.#over || this.#physical.over !== undefined
  }

  #stop(): void {
    this.#over = true
    clearInterval(this.#waker)
    this.#stopWatching()
    this.#drained?.(0)
    this.#toldAvailable?.(0)
  }

  #arrived(native: RheaDelivery, bytes: Buffer): void {
    this.#busy = true
    this.#came++
    // order: who takes it may ask for the next one at once.
    if (this.#granted > 0) this.#granted--
    this.#take(native, bytes)
    this.#creditUsed()
  }

  #take(native: RheaDelivery, bytes: Buffer): void {
    const { browse, fits } = this.#options
    if (this.#over) return
    if (!browse && (this.#recalled || this.#held >= this.#credit)) {
      // The window closed while it was on its way: back at once, as unseen. So does what is on its way behind it, or it would be overtaken.
      if (this.#draining) this.#recalled = true
      this.#physical.verdict(() => native.release())
    } else {
      const { message, failures, again } = decodeMessage(bytes, this.#physical.product.profile.dialect)
      const before =
        again && this.#physical.product.profile.counted !== 'all' ? Math.max(failures, 1) : failures
      const delivery = new QpidDelivery(native, message, before)
      if (fits && !fits(message)) this.#physical.verdict(() => native.accept())
      else if (browse && (this.#held >= this.#credit || this.#parked.length > 0)) this.#parked.push(delivery)
      else this.#handOver(delivery)
    }
  }

  /** The peer has given a message up on its way, which has used up its credit all the same. */
  #aborted(): void {
    if (this.#granted > 0) this.#granted--
    this.#creditUsed()
  }

  #creditUsed(): void {
    if (this.#granted > 0 || this.#over) return
    this.#toldAvailable?.(0)
    if (this.#drained && this.#drains) {
      this.#doubts.begin()
      this.#drained(0)
    } else this.#topUp()
  }

  #wake(): void {
    if (!this.#busy) void this.#drain()
    this.#busy = false
  }

  #handOver(delivery: QpidDelivery): void {
    this.#held++
    this.#events.deliver(delivery)
  }

  #handOverParked(): void {
    while (this.#parked.length > 0 && this.#held < this.#credit) this.#handOver(this.#parked.shift()!)
    if (this.#exhausted) this.#end()
  }

  #settledOne(delivery: QpidDelivery): void {
    if (delivery.held) this.#held--
    delivery.held = false
    if (this.#parked.length > 0) this.#handOverParked()
    // In batches: one flow frame for each quarter of the window, unless nothing is granted at all.
    const missing = this.#credit - this.#held - this.#granted
    if (this.#granted === 0 || missing >= this.#credit >> 2) this.#topUp()
  }

  #topUp(): void {
    if (this.#draining || this.#exhausted || this.#dead) return
    if (this.#granted > 0 && !this.#physical.product.profile.addsCredit) return
    const missing = this.#credit - this.#held - this.#parked.length - this.#granted
    if (missing <= 0) return
    this.#granted += missing
    this.#link.add_credit(missing)
    // While browsing every grant asks for its end: credit that comes back means that nothing more is there.
    if (this.#options.browse && !this.#options.follow) void this.#seekEnd()
  }

  /** A browser whose broker never says that nothing more is there ends all the same. */
  async #seekEnd(): Promise<void> {
    const error = await this.#heard(this.#drain()).catch((silence: MessagingError) => silence)
    if (!error || this.#dead) return
    void this.close()
    this.#events.detached(error)
  }

  /** @throws `DETACHED` where neither the answer nor anything else comes */
  #heard(answer: Promise<void>): Promise<void> {
    const arrived = (): number => this.#came + framesIn(this.#link)
    return heard(answer, this.#options.address, this.#physical.heartbeatMs, arrived)
  }

  /** Asks the broker to use the credit up or give it back; settles when it has. */
  #drain(): Promise<void> {
    if (this.#granted === 0 || this.#dead) return Promise.resolve()
    this.#draining ??= new Promise<void>((resolve) => {
      this.#drained = (unspent) => {
        this.#doubts.rest()
        this.#drained = undefined
        this.#draining = undefined
        this.#granted = 0
        this.#recalled = false
        // rhea never resets it: later credit would be drained too.
        this.#link.drain = false
        resolve()
        if (unspent > 0 && this.#options.browse && !this.#options.follow) {
          this.#exhausted = true
          this.#end()
        }
        this.#topUp()
      }
      if (this.#drains) this.#link.drain_credit()
      else this.#takeBack()
      this.#doubts.watch()
    })
    return this.#draining
  }

  /** One after the other: what an earlier look found is taken by now. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce())
    return this.#looking
  }

  /**
   * Has a broker that is not asked to drain say what is there; settles when something has come, or nothing is there.
   *
   * order: the credit is taken back before it is offered again. The broker takes an offer for all that is still to come, also when it has
   * handed over messages that are on their way: it would hand over more than the window holds.
   */
  async #lookOnce(): Promise<void> {
    const before = this.#came
    const until = performance.now() + COMES_MS
    while (this.#came === before && this.#granted > 0 && !this.#dead) {
      await this.#drain()
      if (this.#granted === 0 || this.#dead) return
      const available = await this.#nextAnswer()
      if (available === 0 || performance.now() > until) return
      await settledWithin(this.#nextAnswer(), PAUSE_MS)
    }
  }

  /** How many messages the broker has, by its answer to the next offer; 0 when all credit is used up. */
  #nextAnswer(): Promise<number> {
    return new Promise((resolve) => {
      this.#toldAvailable = resolve
    })
  }

  /** RabbitMQ 3 answers at once, before what its session has not written yet, which it has when it answers once more. */
  #takeBack(): void {
    this.#answersLeft = 2
    this.#offer(0)
  }

  /** A flow that says how much credit there is. */
  #offer(credit: number): void {
    this.#link.credit = credit - 1
    this.#link.add_credit(1)
  }

  /** The broker gave the credit back. A window that was closed wants no more than that. */
  #answered(unspent: number): void {
    if (this.#recalled || this.#credit === 0 || !this.#doubts.askAgain()) {
      this.#drained?.(unspent)
      return
    }
    this.#link.drain = false
    this.#doubts.later(() => this.#grantAgain(unspent))
  }

  /** The credit that came back, as far as the window still has room for it, with the question once more. */
  #grantAgain(unspent: number): void {
    if (this.#dead) return
    const room = this.#recalled ? 0 : this.#credit - this.#held - this.#parked.length
    if (room <= 0) {
      this.#drained?.(0)
      return
    }
    this.#granted = Math.min(unspent, room)
    this.#link.add_credit(this.#granted)
    this.#link.drain_credit()
    this.#doubts.watch()
  }

  #end(): void {
    if (this.#dead || this.#told || this.#parked.length > 0) return
    this.#told = true
    this.#events.end()
  }

  #flowed({ performative }: FlowFrame): void {
    if (!this.#drains) {
      if (performative.available == null) return
      this.#toldAvailable?.(performative.available)
      if (this.#answersLeft === 0) return
      this.#answersLeft--
      if (this.#answersLeft > 0) this.#offer(0)
      else this.#drained?.(0)
      return
    }
    if (!performative.drain) return
    const { delivery_count, credit } = this.#link
    // A drained link is at the end of all credit it ever had; an answer that is not belongs to an earlier drain.
    if (!this.#drained || performative.delivery_count !== (delivery_count + credit) >>> 0) return
    this.#link.delivery_count = performative.delivery_count
    this.#link.credit = 0
    this.#answered(credit)
  }
}
