/**
 * The receiving side of a link: what the broker hands over goes to whoever waits, else into the inbox (never more
 * than the credit).
 */

import type { AdapterConnection, AdapterDelivery, AdapterReceiver } from '../../contract/adapter.ts'
import { abortedError, settledWithin, within } from '../../core/aborts.ts'
import { countdown } from '../../core/countdown.ts'
import { Ending } from '../../core/ending.ts'
import { Inbox } from '../../core/inbox.ts'
import { MessagingError } from '../../model/errors.ts'
import { refuseLinkOptions } from '../address/address-refusals.ts'
import { applies } from '../address/lowering.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { DISPOSE_MS, disposeNode, prepareNode } from '../address/node-policy.ts'
import { Attachment } from '../link/attachment.ts'
import type { HostedLink } from '../link/hosted-link.ts'
import type { LinkHost } from '../link/link-host.ts'
import {
  type CallOptions,
  type CloseOptions,
  callProblem,
  checkOptions,
  DEFAULT_CLOSE_MS,
  DEFAULT_CREDIT,
  type ReceiverOptions,
} from '../options.ts'
import { channels, Operation, placeOf } from '../tracing/operation.ts'
import { Delivery } from './delivery.ts'
import { Intake } from './intake.ts'
import { ReceivedMessage } from './received-message.ts'
import { ReceiverLink } from './receiver-link.ts'
import { type ReceiverAsk, receiverSpec, refuseReceiver } from './receiver-spec.ts'

/** Longest last look at the broker before a `receive` answers «nothing». Unit: ms. */
const LAST_LOOK_MS = 2_000

export interface InternalReceiverOptions extends ReceiverOptions {
  /** Browse: go on with new arrivals. */
  readonly follow?: boolean | undefined
  /** Browse: what is shown is held until it is passed over (`accept`) or taken. */
  readonly takes?: boolean
  /** See the contract. */
  readonly creditWhereLimited?: number | undefined
  /** Its end reaches nobody by a call: that of a consumer's receiver. */
  readonly unwatched?: boolean
}

/** Takes deliveries from one address, by `receive()` or `for await`. Opened by `connection.receiver()`; stays attached over reconnects until closed. */
export class Receiver<Body = unknown> implements AsyncDisposable, AsyncIterable<Delivery<Body>> {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #options: InternalReceiverOptions
  readonly #attachment: Attachment<AdapterReceiver>
  readonly #hosted: HostedLink
  readonly #inbox: Inbox<Delivery<Body>>
  readonly #intake: Intake<Body>
  readonly #presettle: boolean
  /** The current epoch; set before the adapter attaches, because deliveries may come before it returns. */
  #link: ReceiverLink | undefined
  #native: AdapterReceiver | undefined
  #paused = false
  /** What the present link was told of that. */
  #attachedPaused = false
  /** Browse: the broker has handed over everything. */
  #exhausted = false
  /** Whoever waits is told «nothing», what was handed over can still be settled. */
  #quiet = false
  #ended: MessagingError | undefined
  readonly #ending = new Ending()
  #closing: Promise<void> | undefined

  private constructor(host: LinkHost, plan: NodePlan, options: InternalReceiverOptions) {
    this.#host = host
    this.#plan = plan
    this.#options = options
    this.#presettle = options.takes
      ? false
      : this.mode === 'browse' || (options.reliability ?? plan.reliability) === 'at-most-once'
    this.#inbox = new Inbox<Delivery<Body>>({
      place: { adapter: host.adapter.name, address: plan.label },
      beforeNothing: () => this.#lastLook(),
      handOver: (delivery) =>
        this.#presettle
          ? Delivery.presettle(delivery)
          : options.takes
            ? undefined
            : Delivery.handedOver(delivery),
    })
    this.#intake = new Intake(host, plan, this.mode, this.#inbox)
    this.#attachment = new Attachment<AdapterReceiver>({
      attach: (connection, detached) => this.#attach(connection, detached),
      up: (native) => this.#up(native),
      down: (cause) => this.#down(cause),
      failed: (error) => this.#fail(error),
      detached: (error) => host.emit({ type: 'detached', address: plan.label, error }),
      reattached: () => host.emit({ type: 'reattached', address: plan.label }),
    })
    this.#hosted = {
      reconnected: (connection) => this.#attachment.reconnected(connection),
      lost: (cause) => this.#attachment.lost(cause),
      abandoned: (error) => this.#fail(error),
      close: (options) => this.close(options),
    }
  }

  /** Opens a receiver; used by `connection.receiver()` and `connection.browse()`. */
  static async open<Body>(
    host: LinkHost,
    plan: NodePlan,
    options: InternalReceiverOptions,
  ): Promise<Receiver<Body>> {
    const receiver = new Receiver<Body>(host, plan, options)
    refuseReceiver(host.capabilities, plan, receiver.#ask)
    try {
      await host.open(receiver.#hosted, options, (connection) => receiver.#attachment.open(connection))
    } catch (error) {
      void receiver.#attachment.stop()
      throw error
    }
    return receiver
  }

  /** Deliveries the broker may hand over before the first of them is settled. */
  get credit(): number {
    return this.#options.credit ?? DEFAULT_CREDIT
  }

  /** Whether it takes or looks. */
  get mode(): 'consume' | 'browse' {
    return this.#options.mode ?? this.#plan.mode
  }

  /** Deliveries that are here already and wait to be read. */
  get available(): number {
    return this.#inbox.length
  }

  /**
   * Resolves when it was closed by this program; rejects with the error that ended it for good otherwise. Nobody has to listen to it.
   *
   * @example
   * receiver.closed.catch((error) => { console.error(error); process.exit(1) })
   */
  get closed(): Promise<void> {
    return this.#ending.promise
  }

  /**
   * The next delivery, or `undefined` at the deadline: the broker has been asked once more before that answer.
   * Without `timeoutMs` it waits for ever; 0 asks the broker once.
   *
   * @throws `CLOSED`, `ABORTED`, and what ended the link for good (`ADDRESS_NOT_FOUND` …)
   */
  receive(options?: CallOptions): Promise<Delivery<Body> | undefined> {
    if (options !== undefined) {
      const problem = callProblem('receive', options)
      if (problem) return Promise.reject(this.#host.named(problem))
    }
    if (this.#closing) return Promise.reject(this.#closedError())
    if (options?.signal?.aborted)
      return Promise.reject(this.#host.named(abortedError(options.signal, 'receive')))
    if (!this.#heard) return this.#take(options)
    return this.#traced(
      () => this.#take(options),
      (delivery) => delivery,
    )
  }

  /**
   * Deliveries until the receiver is closed by this program, which ends the loop; what ended it otherwise is thrown.
   * Leaving the loop gives back what was only prefetched; the delivery in hand stays yours to settle.
   */
  [Symbol.asyncIterator](): AsyncIterator<Delivery<Body>> {
    return {
      next: () =>
        this.#heard
          ? this.#traced(
              () => this.#next(),
              ({ value }) => value,
            )
          : this.#next(),
      return: async () => {
        await this.#pause()
        return { value: undefined, done: true }
      },
    }
  }

  /** Gives unsettled deliveries back and ends the link. Idempotent. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(checkOptions('close', options).timeoutMs ?? DEFAULT_CLOSE_MS)
    return this.#closing
  }

  /** `await using`: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Hands over nothing any more, while what was handed over can still be settled: the first half of a close. */
  static async quiesce<B>(receiver: Receiver<B>): Promise<void> {
    receiver.#quiet = true
    receiver.#inbox.answerReaders()
    await receiver.#pause()
  }

  /** True when `count` deliveries wait to be read, or fewer and the first has waited `waitMs`; false when none will come. @throws as `receive` */
  static async gathered<B>(receiver: Receiver<B>, count: number, waitMs: number): Promise<boolean> {
    if (receiver.#closing) throw receiver.#closedError()
    if (receiver.#ended) throw receiver.#ended
    return receiver.#quiet ? false : receiver.#inbox.gathered(count, waitMs)
  }

  /** The first deliveries that wait to be read, up to `count`. */
  static takeUpTo<B>(receiver: Receiver<B>, count: number): Delivery<B>[] {
    return receiver.#inbox.takeUpTo(count, Delivery.isHeld)
  }

  // ── handing over ──

  #take(options: CallOptions | undefined): Promise<Delivery<Body> | undefined> {
    if (this.#paused && !this.#quiet) this.#resume()
    const delivery = this.#inbox.take(Delivery.isHeld)
    if (delivery) return Promise.resolve(delivery)
    if (this.#ended) return Promise.reject(this.#ended)
    if (this.#exhausted || this.#quiet) return Promise.resolve(undefined)
    return this.#inbox.read(options?.timeoutMs, options?.signal)
  }

  /** Somebody traces what is received. Not what a handler will get, which is traced as processing, nor what is only looked at. */
  get #heard(): boolean {
    return channels.receive.hasSubscribers && !this.#options.unwatched && this.mode === 'consume'
  }

  #traced<T>(take: () => Promise<T>, deliveryOf: (result: T) => Delivery | undefined): Promise<T> {
    const operation = new Operation('receive', this.#host, placeOf(this.#plan))
    return operation.promise(async () => {
      const result = await take()
      const delivery = deliveryOf(result)
      if (delivery) operation.of([ReceivedMessage.incoming(delivery)])
      return result
    })
  }

  /** The time of a reader is up: ask the broker once more, so that «nothing» is its answer and not that of an empty prefetch. */
  async #lastLook(): Promise<void> {
    const native = this.#native
    if (native) await settledWithin(native.flush(), LAST_LOOK_MS)
    await this.#intake.checked()
  }

  #next(): Promise<IteratorResult<Delivery<Body>>> {
    if (this.#paused && !this.#closing) this.#resume()
    const delivery = this.#closing ? undefined : this.#inbox.take(Delivery.isHeld)
    if (delivery) return Promise.resolve({ value: delivery, done: false })
    if (this.#closing || (this.#exhausted && !this.#ended))
      return Promise.resolve({ value: undefined, done: true })
    if (this.#ended) return Promise.reject(this.#ended)
    return this.#readNext()
  }

  async #readNext(): Promise<IteratorResult<Delivery<Body>>> {
    const value = await this.#inbox.read(undefined, undefined).catch((error) => {
      if (!this.#closing || this.mode !== 'consume' || error.code !== 'CLOSED') throw error
    })
    return value ? { value, done: false } : { value: undefined, done: true }
  }

  #deliver(link: ReceiverLink, native: AdapterDelivery): void {
    if (link === this.#link && !this.#closing) this.#intake.take(link, native)
  }

  // ── pausing ──

  async #pause(): Promise<void> {
    if (this.#paused || this.#closing || this.#ended) return
    this.#paused = true
    this.#native?.flow(0)
    await this.#giveBackUnread()
  }

  /** Last first, so that brokers which put back at the head keep the order. Never rejects. */
  #giveBackUnread(): Promise<unknown> {
    const unread = this.#inbox.drain().filter((delivery) => Delivery.isHeld(delivery))
    return Promise.allSettled(unread.reverse().map((delivery) => Delivery.giveBack(delivery)))
  }

  #resume(): void {
    this.#paused = false
    this.#native?.flow(this.credit)
  }

  // ── life of the link ──

  get #ask(): ReceiverAsk {
    return {
      mode: this.mode,
      follow: this.#options.follow ?? false,
      credit: this.#paused ? 0 : this.credit,
      creditWhereLimited: this.#options.creditWhereLimited,
      reliability: this.#presettle || this.mode === 'browse' ? 'at-most-once' : 'at-least-once',
      ...(this.#options.takes && { takes: true }),
    }
  }

  async #attach(
    connection: AdapterConnection,
    detached: (error: MessagingError) => void,
  ): Promise<AdapterReceiver> {
    refuseLinkOptions(connection, this.#plan)
    const source = await prepareNode(connection, this.#plan, 'receiver')
    this.#attachedPaused = this.#paused
    const spec = receiverSpec(source, this.#plan, this.#ask)
    const link = new ReceiverLink(this.#host, this.#plan.label, spec)
    this.#link?.end()
    this.#link = link
    this.#native = undefined
    const early: AdapterDelivery[] = []
    let attached = false
    let ended = false
    const native = await connection.attachReceiver(spec, {
      // Held back until the link is known: a verdict needs it.
      deliver: (delivery) => (attached ? this.#deliver(link, delivery) : early.push(delivery)),
      lost: (delivery) => link.leaseEnded(delivery),
      tooLate: (delivery) => link.tooLate(delivery),
      gap: (reason, count) => this.#host.emit({ type: 'gap', address: this.#plan.label, reason, count }),
      end: () => {
        if (attached) void this.#end(link)
        else ended = true
      },
      detached: (error) => detached(this.#made(error)),
    })
    link.attached(native)
    attached = true
    for (const delivery of early) this.#deliver(link, delivery)
    if (ended) void this.#end(link)
    return native
  }

  /** A node that was deleted under its link is made again where the address says so: attaching anew does it. */
  #made(error: MessagingError): MessagingError {
    if (error.code !== 'ADDRESS_NOT_FOUND' || !applies(this.#plan.create, 'receiver')) return error
    return new MessagingError('DETACHED', error.message, { cause: error, context: error.context })
  }

  /** A browse has handed over everything; what is still being checked comes before its end. */
  async #end(link: ReceiverLink): Promise<void> {
    await this.#intake.checked()
    if (link !== this.#link) return
    this.#exhausted = true
    this.#inbox.answerReaders()
  }

  /** Somebody may have left the loop, or begun to read again, while it was being attached. */
  #up(native: AdapterReceiver): void {
    this.#native = native
    if (this.#paused === this.#attachedPaused) return
    if (this.#paused) {
      this.#paused = false
      void this.#pause()
    } else native.flow(this.credit)
  }

  #down(cause: MessagingError): void {
    this.#native = undefined
    this.#link?.end()
    this.#inbox.drain()
    if (this.mode === 'browse') {
      this.#fail(cause)
      return
    }
    const live = this.#link?.live
    if (live)
      this.#host.emit({ type: 'gap', address: this.#plan.label, reason: cause.message, count: undefined })
  }

  #fail(error: MessagingError): void {
    if (this.#ended) return
    this.#ended = this.#host.named(error)
    this.#native = undefined
    this.#link?.end()
    this.#inbox.drain()
    this.#host.closed(this.#hosted)
    void this.#attachment.stop()
    if (error.code === 'CLOSED') this.#ending.closed()
    else this.#ending.failed(error)
    if (this.mode === 'consume')
      this.#host.linkEnded(this.#plan.label, error, this.#options.unwatched === true)
    this.#inbox.rejectReaders(error)
  }

  async #close(timeoutMs: number): Promise<void> {
    const left = countdown(timeoutMs)
    this.#inbox.rejectReaders(this.#closedError())
    this.#host.closed(this.#hosted)
    if (this.#native) {
      this.#native.flow(0)
      await settledWithin(this.#giveBackUnread(), left())
      // Verdicts may be begun until the link ends; one of two steps that is cut in between would duplicate its message.
      while (this.#link && this.#link.verdicts.size > 0 && left() > 0)
        await settledWithin(Promise.allSettled(this.#link.verdicts), left())
    }
    // Before the link goes: a verdict that the adapter could no longer write must not seem to be on its way.
    this.#link?.end()
    await settledWithin(this.#attachment.stop(), left())
    const connection = this.#host.current
    if (connection)
      await within(disposeNode(connection, this.#plan, 'receiver'), Math.max(DISPOSE_MS, left()))
    this.#ending.closed()
  }

  #closedError(): MessagingError {
    return new MessagingError('CLOSED', 'The receiver was closed', {
      context: { adapter: this.#host.adapter.name, address: this.#plan.label, operation: 'receive' },
    })
  }
}
