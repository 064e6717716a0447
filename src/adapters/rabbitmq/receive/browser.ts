/**
 * Looking into a queue without taking.
 *
 * AMQP 0-9-1 has no such operation. The gentlest imitation there is: `basic.get` message by message on a channel of its
 * own, as many as were waiting at the beginning and no faster than the application looks; at the end the channel is closed, which
 * gives everything back. A classic queue puts each message at its old place again. RabbitMQ 3.10 does that at once for a channel that
 * ends (20,000 messages in 20 ms); after one `basic.nack` of them all it is busy for 17 s and lets nobody else in.
 *
 * What a consumer can notice: while the browser is open, what it has looked at is out of reach, and afterwards it is marked
 * `redelivered`. A queue that counts returns would use up deliveries that way: it is refused.
 */
import type { Channel } from 'amqplib'
import type { AdapterDelivery, AdapterReceiver, ReceiverEvents } from '../../../contract/adapter.ts'
import { formatAddress } from '../../../model/address-text/index.ts'
import { MessagingError } from '../../../model/errors.ts'
import { RabbitmqDelivery } from '../codec/incoming.ts'
import { brokerError } from '../errors.ts'
import type { QueueKind } from '../nodes/queue-probe.ts'
import { closeChannel } from '../wire/channels.ts'
import type { LinkLife } from '../wire/link-life.ts'
import type { Session } from '../wire/session.ts'

export interface BrowserParts {
  readonly session: Session
  readonly life: LinkLife
  readonly channel: Channel
  readonly events: ReceiverEvents
  readonly queue: string
  readonly kind: QueueKind
  readonly label: string
  /** What was shown may be taken until the browser is closed: the channel lives as long. */
  readonly takes: boolean
}

export class RabbitmqBrowser implements AdapterReceiver {
  readonly address: string
  readonly #parts: BrowserParts
  #credit: number
  /** Handed over and not yet looked at. */
  readonly #shown = new Set<AdapterDelivery>()
  /** How many messages the browser still shows: those that waited when it began. `undefined`: the first one tells. */
  #left: number | undefined
  #pumping = false
  #over = false
  #closing: Promise<void> | undefined

  /** @param waiting messages in the queue now */
  constructor(parts: BrowserParts, credit: number, waiting: number) {
    this.#parts = parts
    this.#credit = credit
    // What a declare tells of a quorum queue is some time behind.
    this.#left = parts.kind === 'quorum' ? undefined : waiting
    this.address = formatAddress({ name: parts.queue })
    parts.channel.on('error', (error) => {
      this.#over = true
      parts.life.ended(brokerError(error, { address: parts.label, operation: 'browse' }))
    })
    parts.life.atEnd(() => this.#end())
  }

  start(): void {
    setImmediate(() => this.#pump())
  }

  accept(delivery: AdapterDelivery): void {
    if (this.#shown.delete(delivery)) this.#pump()
  }

  /** A look has no other verdict than «seen». */
  async settle(delivery: AdapterDelivery): Promise<void> {
    this.accept(delivery)
  }

  async takeOut(delivery: AdapterDelivery): Promise<void> {
    if (this.#closing || !this.#shown.has(delivery)) throw this.#lost()
    this.#parts.channel.ack((delivery as RabbitmqDelivery).native)
    this.accept(delivery)
  }

  flow(credit: number): void {
    this.#credit = credit
    this.#pump()
  }

  async flush(): Promise<void> {
    while (this.#pumping) await new Promise((resolve) => setImmediate(resolve))
  }

  close(): Promise<void> {
    return this.#parts.life.close()
  }

  #pump(): void {
    if (this.#pumping || this.#over) return
    this.#pumping = true
    void this.#look().finally(() => {
      this.#pumping = false
      // Something may have been accepted between the last look and this.
      if (!this.#over && this.#shown.size < this.#credit) this.#pump()
    })
  }

  async #look(): Promise<void> {
    const { channel, queue, events, session, life, label, takes } = this.#parts
    try {
      while (!this.#over && this.#shown.size < this.#credit) {
        const message = this.#left !== 0 && (await channel.get(queue))
        if (this.#over) return
        if (!message) {
          if (takes) this.#over = true
          else await this.#end()
          events.end()
          return
        }
        this.#left = this.#left === undefined ? message.fields.messageCount : this.#left - 1
        const delivery = new RabbitmqDelivery(message)
        this.#shown.add(delivery)
        events.deliver(delivery)
      }
    } catch (cause) {
      if (this.#over) return
      // order: a lost connection ends no life, and the next look would fail at once, and the one after it.
      this.#over = true
      life.ended(session.error(cause, { address: label, operation: 'browse' }))
    }
  }

  #lost(): MessagingError {
    return new MessagingError('DELIVERY_LOST', 'The browser has given the message back', {
      context: { address: this.#parts.label, operation: 'take' },
    })
  }

  /** The broker answers the close once the queues have everything back. */
  #end(): Promise<void> {
    this.#over = true
    this.#closing ??= this.#giveBack()
    return this.#closing
  }

  #giveBack(): Promise<void> {
    const { channel, kind } = this.#parts
    // A quorum queue hears of the closed channel by itself, some time after the answer.
    if (kind === 'quorum' && this.#left !== undefined) channel.nackAll(true)
    return closeChannel(channel)
  }
}
