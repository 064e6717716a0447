/**
 * A receiver that consumes: one channel, one consumer on it, a window of unsettled deliveries.
 *
 * The broker bounds the window by `basic.qos`, which counts per consumer. A change of the window (`flow`) therefore ends the
 * consumer and makes a new one whose window is what the deliveries still held leave over.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Channel, ConsumeMessage, Options } from 'amqplib'
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents, Verdict } from '../../../contract/adapter.ts'
import { formatAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import { STREAM_OFFSET } from '../codec/headers.ts'
import { RabbitmqDelivery } from '../codec/incoming.ts'
import { ADAPTER, brokerError } from '../errors.ts'
import { isAutoDelete, kindOfQueue } from '../nodes/queue-probe.ts'
import { closeChannel } from '../wire/channels.ts'
import type { LinkLife } from '../wire/link-life.ts'
import type { Session } from '../wire/session.ts'
import { Settlements, TAKEN_MS } from './settlements.ts'

/** `basic.qos` has 16 bits. */
const MAX_WINDOW = 65_535
/**
 * How long `flush` waits for a queue that has something ready and hands over nothing: a long one stops for more than a
 * second while it reads from disk. Another consumer may also be first in line.
 */
const FLUSH_MS = 2_000
const STREAM_FLUSH_MS = 200
const FLUSH_PAUSE_MS = 5

export interface ReceiverParts {
  readonly session: Session
  readonly life: LinkLife
  readonly channel: Channel
  readonly events: ReceiverEvents
  readonly queue: string
  readonly consume: Options.Consume
  /** What errors name. */
  readonly label: string
  /** The queue dies with its last consumer, as far as the address tells. */
  readonly autoDelete: boolean
  /** It is a quorum queue, as far as the address tells. */
  readonly quorum: boolean
}

export class RabbitmqReceiver implements AdapterReceiver {
  readonly address: string
  readonly #parts: ReceiverParts
  readonly #settlements: Settlements
  /** Asked for. */
  #credit: number
  /** Window of the present consumer; 0: there is none. */
  #window = 0
  #consumerTag: string | undefined
  #tuning: Promise<void> | undefined
  #retune = false
  /**
   * The window was closed: what comes of the present consumer goes back, also when a new window is open by then, or it would overtake
   * what went back before it.
   */
  #recalled = false
  #over = false
  /** The queue dies with its last consumer: a closed window must not end it. `undefined`: nobody has asked yet. */
  #autoDelete: boolean | undefined
  #asking: Promise<void> | undefined
  /** Windows wished for while that is being asked: the last one, and whether there was none before it. */
  #wishes: number[] = []
  /** In a stream, or behind a message that says it was in one: what comes next. */
  #resumeAt: number | undefined
  /** Deliveries that wait to be handed over: while the link is being attached, or an auto-delete queue (perhaps) is paused. */
  #early: RabbitmqDelivery[] | undefined = []

  constructor(parts: ReceiverParts, credit: number) {
    this.#parts = parts
    this.#autoDelete = parts.autoDelete || parts.session.isAutoDelete(parts.queue)
    this.#credit = Math.min(credit, MAX_WINDOW)
    this.address = formatAddress({ name: parts.queue })
    this.#settlements = new Settlements(parts.channel, () => this.#settled())
    parts.channel.on('error', (error) => this.#detached(error))
    parts.life.atEnd(() => this.#end())
  }

  /** Settles when the consumer stands, or there is to be none. */
  async start(): Promise<void> {
    if (this.#credit > 0) await this.#consume(this.#credit)
    // The caller has this receiver in hand before the first delivery reaches it.
    setImmediate(() => this.#handOverEarly())
  }

  accept(delivery: AdapterDelivery): void {
    this.#settlements.accept(delivery as RabbitmqDelivery)
  }

  /** A rejected delivery is accepted here: the API has stored its copy. Written on return; RabbitMQ answers neither. */
  async settle(delivery: AdapterDelivery, verdict: Verdict): Promise<void> {
    const mine = delivery as RabbitmqDelivery
    if (verdict.kind === 'release') {
      // order: behind the end of the consumer, which would get it again; closing the channel gives it back as well.
      if (verdict.unseen && this.#asking && this.#autoDelete === undefined)
        this.#asking.then(() => this.#giveBack(mine, true)).catch(() => {})
      else await this.#giveBack(mine, verdict.unseen)
    } else {
      this.#settlements.accept(mine)
      this.#settlements.flush()
    }
  }

  /**
   * protocol: a stream keeps its messages, takes nothing back, and ends the connection of who tries. What was not seen is read again from
   * its place; the application's own wish cannot be fulfilled.
   */
  async #giveBack(delivery: RabbitmqDelivery, unseen: boolean): Promise<void> {
    const offset = delivery.streamOffset
    if (offset === undefined || !(await this.#isStream())) {
      this.#settlements.release(delivery, unseen)
      return
    }
    if (!unseen) {
      const { label } = this.#parts
      throw new MessagingError('NOT_SUPPORTED', `'${label}' is a stream, which takes no message back`, {
        hint: 'Accept the message, or release it with delayMs: then a copy is put at the end of the stream.',
        context: { adapter: ADAPTER, address: label, operation: 'release' },
      })
    }
    this.#resumeAt = Math.min(this.#resumeAt ?? offset, offset)
    this.#settlements.accept(delivery)
  }

  /** A message of another queue may have a header of that name. Where the broker does not say, it is believed. */
  async #isStream(): Promise<boolean> {
    if (this.#parts.consume.arguments?.[STREAM_OFFSET] !== undefined) return true
    try {
      return (await kindOfQueue(this.#parts.session, this.#parts.queue)) === 'stream'
    } catch {
      return true
    }
  }

  flow(credit: number): void {
    const consumes = this.#consumerTag !== undefined || this.#tuning !== undefined
    if (this.#autoDelete === undefined && consumes) {
      this.#early ??= []
      this.#wishes = credit > 0 && this.#wishes[0] === 0 ? [0, credit] : [credit]
      this.#asking ??= this.#askFirst()
    } else this.#setWindow(credit)
  }

  /** Queues of others are looked at before they lose their consumer. */
  async #askFirst(): Promise<void> {
    // Who closes a receiver closes its window before: then nobody need be asked.
    await turn()
    if (this.#over) return
    this.#autoDelete = await isAutoDelete(this.#parts.session, this.#parts.queue)
    for (const credit of this.#wishes) {
      if (this.#over) return
      this.#setWindow(credit)
      if (!this.#autoDelete) this.#handOverEarly()
    }
  }

  #setWindow(credit: number): void {
    this.#credit = Math.min(credit, MAX_WINDOW)
    if (!this.#autoDelete) {
      if (this.#credit === this.#window && !this.#tuning) return
      if (credit === 0) this.#recalled = true
      this.#tune()
    } else if (this.#credit === 0) this.#early ??= []
    else {
      this.#handOverEarly()
      if (this.#window === 0) this.#tune()
    }
  }

  /**
   * Asks for the queue's depth on the channel of the deliveries. Nothing ready: the queue has handed over all to the
   * channel, and a second answer comes behind whatever the channel had still to write.
   */
  async flush(): Promise<void> {
    this.#settlements.flush()
    // A stream counts all that it keeps, whoever has read it.
    const until = performance.now() + (this.#resumeAt === undefined ? FLUSH_MS : STREAM_FLUSH_MS)
    while (!this.#over && performance.now() < until) {
      await this.#asking
      await this.#tuning
      if (this.#window === 0) return
      const { messageCount } = await this.#ask()
      if (messageCount === 0 || this.#settlements.count >= this.#window) break
      await sleep(FLUSH_PAUSE_MS)
    }
    if (!this.#over) await this.#ask()
  }

  close(): Promise<void> {
    return this.#parts.life.close()
  }

  async #ask(): Promise<{ messageCount: number }> {
    const { channel, queue, session, label } = this.#parts
    try {
      return await channel.checkQueue(queue)
    } catch (cause) {
      throw session.error(cause, { address: label, operation: 'flush' })
    }
  }

  async #consume(window: number): Promise<void> {
    const { channel, queue, consume } = this.#parts
    // Other queues refuse a consumer that says where to begin.
    const resumes = this.#resumeAt !== undefined && (await this.#isStream())
    const options = resumes
      ? { ...consume, arguments: { ...consume.arguments, [STREAM_OFFSET]: this.#resumeAt } }
      : consume
    await channel.prefetch(window)
    const { consumerTag } = await channel.consume(queue, (message) => this.#onMessage(message), options)
    this.#consumerTag = consumerTag
    this.#window = window
  }

  #onMessage(message: ConsumeMessage | null): void {
    if (this.#over) return
    if (message === null) {
      void this.#cancelled()
      return
    }
    const delivery = new RabbitmqDelivery(message)
    this.#settlements.add(delivery)
    if (this.#early) this.#early.push(delivery)
    else this.#handOver(delivery)
  }

  #handOverEarly(): void {
    if (this.#autoDelete && this.#credit === 0) return
    const early = this.#early ?? []
    this.#early = undefined
    for (const delivery of early) this.#handOver(delivery)
  }

  #handOver(delivery: RabbitmqDelivery): void {
    if (this.#over) return
    // On its way while the window was closed or narrowed: it goes back unseen.
    const late = this.#recalled || this.#settlements.count > this.#credit
    if (late && !this.#autoDelete) {
      this.#giveBack(delivery, true).catch(() => {})
      return
    }
    const offset = delivery.streamOffset
    if (offset !== undefined) this.#resumeAt = offset + 1
    this.#parts.events.deliver(delivery)
  }

  /** A consumer whose window had to leave room for deliveries of earlier ones gets its full window when those are gone. */
  #settled(): void {
    if (this.#credit === 0 || this.#window === this.#credit) return
    const starved = this.#window === 0 && this.#settlements.count < this.#credit
    const narrow = this.#window * 2 <= this.#credit && this.#settlements.count === 0
    if (starved || narrow) this.#tune()
  }

  /** Makes the consumer fit the credit; one change at a time, the newest wish counts. */
  #tune(): void {
    if (this.#over) return
    this.#retune = true
    this.#tuning ??= this.#tuneNow().finally(() => {
      this.#tuning = undefined
      if (this.#retune) this.#tune()
    })
  }

  async #tuneNow(): Promise<void> {
    const { channel, label } = this.#parts
    try {
      while (this.#retune && !this.#over) {
        this.#retune = false
        if (this.#consumerTag !== undefined) {
          const tag = this.#consumerTag
          this.#consumerTag = undefined
          this.#window = 0
          await channel.cancel(tag)
        }
        this.#recalled = false
        const room = this.#credit - this.#settlements.count
        if (room > 0 && !this.#over) await this.#consume(room)
      }
    } catch (cause) {
      // A channel that died tells of it itself; anything else must not pass in silence.
      if (!this.#over)
        this.#parts.life.ended(this.#parts.session.error(cause, { address: label, operation: 'flow' }))
    }
  }

  /** The broker ended the consumer: the queue was deleted, or its node is gone for now. */
  async #cancelled(): Promise<void> {
    const { session, queue, life, label } = this.#parts
    this.#consumerTag = undefined
    let there: boolean
    try {
      there = (await session.scratch.queue(queue)) !== undefined
    } catch {
      there = true
    }
    const context = { adapter: ADAPTER, address: label, operation: 'receive' }
    life.ended(
      there
        ? new MessagingError('DETACHED', `RabbitMQ ended the receiver of '${label}'`, { context })
        : new MessagingError('ADDRESS_NOT_FOUND', `The queue of '${label}' was deleted`, { context }),
    )
  }

  #detached(cause: unknown): void {
    const { life, label } = this.#parts
    this.#over = true
    this.#settlements.end()
    life.ended(brokerError(cause, { address: label, operation: 'receive' }))
  }

  /**
   * Closing the channel gives everything unsettled back, in order, and ends the consumer.
   *
   * protocol: a quorum queue is told of verdicts through its log, a number of them at a time. Those that wait for their turn are
   * forgotten with the channel, and the broker does not say when there are none left.
   */
  async #end(): Promise<void> {
    this.#settlements.flush()
    const early = this.#parts.quorum && this.#settlements.ahead
    this.#settlements.end()
    this.#over = true
    if (early) await sleep(TAKEN_MS)
    await closeChannel(this.#parts.channel)
  }
}
