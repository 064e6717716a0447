/**
 * The receiving side of a link: what the broker hands over goes to whoever waits, else into the inbox (never more
 * than the credit).
 */

import type { AdapterConnection, AdapterReceiver } from '../../contract/adapter.ts'
import { abortedError, settledWithin, within } from '../../core/aborts.ts'
import { Ending } from '../../core/ending.ts'
import { Inbox } from '../../core/inbox.ts'
import { countdown } from '../../core/time/countdown.ts'
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
  DEFAULT_CREDIT,
  type ReceiverOptions,
} from '../options.ts'
import { channels, Operation, placeOf } from '../tracing/operation.ts'
import { heldBack } from './held-back.ts'
import { Intake } from './intake.ts'
import type { LinkDelivery } from './link-delivery.ts'
import type { Receiver } from './receiver.ts'
import { ReceiverLink } from './receiver-link.ts'
import { type ReceiverAsk, receiverSpec, refuseReceiver } from './receiver-spec.ts'

/** Longest last look at the broker before a `receive` answers «nothing». Unit: ms. */
const LAST_LOOK_MS = 2_000

interface InternalReceiverOptions extends ReceiverOptions {
  /** Browse: go on with new arrivals. */
  readonly follow?: boolean | undefined
  /** Browse: what is shown is held until it is passed over (`accept`) or taken. */
  readonly takes?: boolean
  /** See the contract. */
  readonly creditWhereLimited?: number | undefined
  /** Its end reaches nobody by a call: that of a consumer's receiver. */
  readonly unwatched?: boolean
}

export class AttachedReceiver<Body = unknown> implements Receiver<Body> {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #options: InternalReceiverOptions
  readonly #attachment: Attachment<AdapterReceiver>
  readonly #hosted: HostedLink
  readonly #inbox: Inbox<LinkDelivery<Body>>
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
    this.#inbox = new Inbox<LinkDelivery<Body>>({
      place: { adapter: host.adapter.name, address: plan.label },
      beforeNothing: () => this.#lastLook(),
      handOver: (delivery) =>
        this.#presettle ? delivery.presettle() : options.takes ? undefined : delivery.handedOver(),
    })
    this.#intake = new Intake(host, plan, this.mode, this.#inbox)
    this.#attachment = new Attachment<AdapterReceiver>({
      attach: (connection, detached) => this.#attach(connection, detached),
      up: (native) => this.#up(native),
      down: (cause) => this.#down(cause),
      failed: (error) => this.#fail(error),
      detached: (error) => host.emit({ type: 'detached', address: plan.label, error }),
      reattached: () => host.emit({ type: 'reattached', address: plan.label }),
      waitsForRights: this.mode === 'consume',
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
  ): Promise<AttachedReceiver<Body>> {
    const receiver = new AttachedReceiver<Body>(host, plan, options)
    refuseReceiver(host.capabilities, plan, receiver.#ask)
    try {
      await host.open(receiver.#hosted, options, (connection) => receiver.#attachment.open(connection))
    } catch (error) {
      void receiver.#attachment.stop()
      throw error
    }
    return receiver
  }

  get credit(): number {
    return this.#options.credit ?? DEFAULT_CREDIT
  }

  get mode(): 'consume' | 'browse' {
    return this.#options.mode ?? this.#plan.mode
  }

  get available(): number {
    return this.#inbox.length
  }

  get closed(): Promise<void> {
    return this.#ending.promise
  }

  receive(options?: CallOptions): Promise<LinkDelivery<Body> | undefined> {
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

  [Symbol.asyncIterator](): AsyncIterator<LinkDelivery<Body>> {
    let left = false
    const iterator: AsyncIterator<LinkDelivery<Body>> = {
      next: () => {
        if (left) return Promise.resolve({ value: undefined, done: true })
        return this.#heard
          ? this.#traced(
              () => this.#next(iterator),
              ({ value }) => value,
            )
          : this.#next(iterator)
      },
      return: async () => {
        left = true
        // A step that still waits would take a delivery from whoever reads next.
        this.#inbox.dismiss(iterator)
        await this.#pause()
        return { value: undefined, done: true }
      },
    }
    return iterator
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = this.#host.closeTime(options)
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Hands over nothing any more, while what was handed over can still be settled: the first half of a close. */
  async quiesce(): Promise<void> {
    this.#quiet = true
    this.#inbox.answerReaders()
    await this.#pause()
  }

  /** True when `count` deliveries wait to be read, or fewer and the first has waited `waitMs`; false when none will come. @throws as `receive` */
  async gathered(count: number, waitMs: number): Promise<boolean> {
    if (this.#closing) throw this.#closedError()
    if (this.#ended) throw this.#ended
    return this.#quiet ? false : this.#inbox.gathered(count, waitMs)
  }

  /** The first deliveries that wait to be read, up to `count`. */
  takeUpTo(count: number): LinkDelivery<Body>[] {
    return this.#inbox.takeUpTo(count, isHeld)
  }

  // ── handing over ──

  #take(options: CallOptions | undefined): Promise<LinkDelivery<Body> | undefined> {
    if (this.#paused && !this.#quiet) this.#resume()
    const delivery = this.#inbox.take(isHeld)
    if (delivery) return Promise.resolve(delivery)
    if (this.#ended) return Promise.reject(this.#ended)
    if (this.#exhausted || this.#quiet) return Promise.resolve(undefined)
    return this.#inbox.read(options?.timeoutMs, options?.signal)
  }

  /** Somebody traces what is received. Not what a handler will get, which is traced as processing, nor what is only looked at. */
  get #heard(): boolean {
    return channels.receive.hasSubscribers && !this.#options.unwatched && this.mode === 'consume'
  }

  #traced<T>(take: () => Promise<T>, deliveryOf: (result: T) => LinkDelivery | undefined): Promise<T> {
    const operation = new Operation('receive', this.#host, placeOf(this.#plan))
    return operation.promise(async () => {
      const result = await take()
      const delivery = deliveryOf(result)
      if (delivery) operation.of([delivery.incoming])
      return result
    })
  }

  /** The time of a reader is up: ask the broker once more, so that «nothing» is its answer and not that of an empty prefetch. */
  async #lastLook(): Promise<void> {
    const native = this.#native
    if (native) await settledWithin(native.flush(), LAST_LOOK_MS)
    await settledWithin(this.#intake.checked(), LAST_LOOK_MS)
  }

  #next(iterator: object): Promise<IteratorResult<LinkDelivery<Body>>> {
    if (this.#paused && !this.#closing) this.#resume()
    const delivery = this.#closing ? undefined : this.#inbox.take(isHeld)
    if (delivery) return Promise.resolve({ value: delivery, done: false })
    if (this.#closing || (this.#exhausted && !this.#ended))
      return Promise.resolve({ value: undefined, done: true })
    if (this.#ended) return Promise.reject(this.#ended)
    return this.#readNext(iterator)
  }

  async #readNext(iterator: object): Promise<IteratorResult<LinkDelivery<Body>>> {
    const value = await this.#inbox.read(undefined, undefined, iterator).catch((error) => {
      if (!this.#closing || this.mode !== 'consume' || error.code !== 'CLOSED') throw error
    })
    return value ? { value, done: false } : { value: undefined, done: true }
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
    const unread = this.#inbox.drain().filter(isHeld)
    return Promise.allSettled(unread.reverse().map((delivery) => delivery.giveBack()))
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
    const { events, release } = heldBack({
      deliver: (delivery) => {
        if (link === this.#link && !this.#closing) this.#intake.take(link, delivery)
      },
      lost: (delivery) => link.leaseEnded(delivery),
      gap: (reason, count) => this.#host.emit({ type: 'gap', address: this.#plan.label, reason, count }),
      end: () => void this.#end(link),
      detached: (error) => detached(this.#made(error)),
    })
    const native = await connection.attachReceiver(spec, events)
    // order: a verdict needs the link.
    link.attached(native)
    release()
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

function isHeld(delivery: LinkDelivery): boolean {
  return delivery.held
}
