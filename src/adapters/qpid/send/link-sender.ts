/**
 * One AMQP link for sending: keeps what the peer has no credit for, never more than the link's and the session's room, and
 * takes each outcome to its transfer.
 */
import type { AdapterSender, LinkEvents, Transfer } from '../../../contract/adapter.ts'
import { Deque } from '../../../core/deque.ts'
import { asMessagingError, type ErrorContext, MessagingError } from '../../../model/errors.ts'
import { encodeMessage } from '../codec/codec.ts'
import { ADAPTER, givenBack, noQueue, refusal } from '../errors.ts'
import type { Physical } from '../wire/physical.ts'
import type { RheaContext, RheaDelivery, RheaSender } from '../wire/rhea-types.ts'

export interface SenderOptions {
  readonly address: string | undefined
  /** Asked of the target. */
  readonly capabilities?: readonly string[]
  readonly capacity: number
  /** Outcomes are not awaited. */
  readonly presettled: boolean
}

export class LinkSender implements AdapterSender {
  readonly #physical: Physical
  readonly #link: RheaSender
  readonly #options: SenderOptions
  readonly #waiting = new Deque<Transfer>()
  readonly #inFlight = new Map<RheaDelivery, Transfer>()
  /** Transfers handed to rhea, which charges credit only when it writes. */
  #handed = 0
  /** Something was written in this turn. */
  #wrote = false
  /** Closed by us, or ended by the broker. */
  #over = false
  #closing: Promise<void> | undefined
  #whenWritten: () => void = () => {}

  private constructor(physical: Physical, link: RheaSender, options: SenderOptions, events: LinkEvents) {
    this.#physical = physical
    this.#link = link
    this.#options = options
    link.on('accepted', ({ delivery }) => this.#settled(delivery!, undefined))
    link.on('rejected', (context) => this.#settled(context.delivery!, this.#refused(context)))
    for (const outcome of ['released', 'modified'] as const)
      link.on(outcome, ({ delivery }) => this.#settled(delivery!, this.#givenBack(outcome, delivery!)))
    link.on('settled', ({ delivery }) => this.#withoutOutcome(delivery!))
    link.on('sendable', () => this.#pump())
    link.on('sender_draining', () => this.#drained())
    physical.watch(link, (error) => {
      this.#over = true
      this.#whenWritten()
      events.detached(error)
    })
  }

  static async open(physical: Physical, options: SenderOptions, events: LinkEvents): Promise<LinkSender> {
    const link = await physical.openSender(
      {
        target: { address: options.address, capabilities: options.capabilities },
        // Without these Broker-J ends the link instead of rejecting a message.
        source: { outcomes: ['amqp:accepted:list', 'amqp:rejected:list'] },
        snd_settle_mode: options.presettled ? 1 : 0,
      },
      options.capacity,
      options.address,
    )
    return new LinkSender(physical, link, options, events)
  }

  send(transfer: Transfer): void {
    if (this.#waiting.length === 0 && this.#room) this.#write(transfer)
    else this.#waiting.push(transfer)
  }

  withdraw(transfer: Transfer): boolean {
    const kept = this.#waiting.delete(transfer)
    if (kept && this.#waiting.length === 0) this.#whenWritten()
    return kept
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** order: an answer that waits for credit is written still, for its request may be accepted already. */
  async #close(): Promise<void> {
    if (this.#waiting.length > 0 && this.#options.address === undefined && !this.#over) {
      const written = new Promise<void>((resolve) => {
        this.#whenWritten = resolve
      })
      await this.#physical.finish(written)
    }
    this.#over = true
    await this.#physical.closeLink(this.#link)
  }

  get #room(): boolean {
    if (!this.#physical.found.has('senderCredit')) return !this.#wrote && this.#link.sendable()
    const { credit, delivery_count, session } = this.#link
    return this.#handed < delivery_count + credit && session.outgoing.available() > 0
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#room) this.#write(this.#waiting.shift()!)
    if (this.#waiting.length === 0) this.#whenWritten()
  }

  #write(transfer: Transfer): void {
    let bytes: Buffer
    try {
      bytes = encodeMessage(transfer.message, this.#physical.product.profile.dialect)
    } catch (error) {
      transfer.settle(asMessagingError(error))
      return
    }
    const { max_message_size: limit } = this.#link
    if (limit && bytes.length > limit) {
      transfer.settle(tooLarge(bytes.length, limit, this.#options.address))
      return
    }
    // Nobody will answer: the API takes what is unsettled as in doubt.
    if (this.#over || this.#physical.over) return
    this.#handed++
    if (!this.#physical.found.has('senderCredit')) this.#waitForTurn()
    const delivery = this.#link.send(bytes, undefined, 0)
    if (this.#options.presettled) transfer.settle()
    else this.#inFlight.set(delivery, transfer)
  }

  /** protocol: a peer that drains gets what there is, and the rest of its credit back. */
  #drained(): void {
    this.#pump()
    const { credit, delivery_count } = this.#link
    // rhea counts as sent what it gives back.
    this.#handed = Math.max(this.#handed, delivery_count + credit)
    this.#link.set_drained(true)
  }

  /** rhea charges credit when it writes: until then it would take more than there is credit for. */
  #waitForTurn(): void {
    this.#wrote = true
    setImmediate(() => {
      this.#wrote = false
      this.#pump()
    })
  }

  #settled(delivery: RheaDelivery, error: MessagingError | undefined): void {
    const transfer = this.#inFlight.get(delivery)
    if (!transfer) return
    this.#inFlight.delete(delivery)
    transfer.settle(error)
    if (this.#waiting.length > 0) this.#pump()
  }

  /** A peer may settle without saying how. */
  #withoutOutcome(delivery: RheaDelivery): void {
    if (!this.#inFlight.has(delivery)) return
    this.#settled(
      delivery,
      new MessagingError('SEND_UNCONFIRMED', 'The broker settled the message without an outcome', {
        context: { adapter: ADAPTER, address: this.#options.address, operation: 'send' },
      }),
    )
  }

  #refused({ delivery }: RheaContext): MessagingError {
    return refusal(delivery!.remote_state?.error, this.#contextOf(delivery!))
  }

  #givenBack(outcome: 'released' | 'modified', delivery: RheaDelivery): MessagingError {
    const unrouted = outcome === 'released' && this.#physical.product.profile.releasesUnrouted
    const errorOf = unrouted ? noQueue : givenBack
    return errorOf(outcome, this.#contextOf(delivery))
  }

  #contextOf(delivery: RheaDelivery): ErrorContext {
    return { address: this.#options.address, messageId: this.#inFlight.get(delivery)?.message.id }
  }
}

function tooLarge(bytes: number, limit: number, address: string | undefined): MessagingError {
  return new MessagingError(
    'MESSAGE_TOO_LARGE',
    `The message has ${bytes} bytes, the broker takes ${limit}`,
    {
      context: { adapter: ADAPTER, address, operation: 'send' },
    },
  )
}
