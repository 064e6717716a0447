/**
 * Answers to requesters, on a channel of their own.
 *
 * protocol: an answer that finds nobody is silence. A confirm says no more than that the broker has read it, and `mandatory`
 * brings back even what was delivered (RabbitMQ 3.10). So a question goes right behind the answers, in the same write: «is
 * there a queue of this name?». A channel works in order, hence a yes says that all answers to that address written before it
 * have found their requester; one question serves for as many as there are, so that it may wait for more of them.
 *
 * protocol: a node that has just started accepts connections a moment before it counts itself among those that run, and until then finds no
 * reply address, not even its own (RabbitMQ 4.0). On a new connection answers therefore wait until the broker finds the first of their requesters.
 *
 * A no ends the channel. What was written behind the question was not looked at any more and is written again on the next
 * one; what was written before it is there and only asked for again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Channel } from 'amqplib'
import { MessagingError } from '../../../model/errors.ts'
import type { OutgoingMessage } from '../../../model/message.ts'
import { bodyBuffer, type PublishOptions } from '../codec/codec.ts'
import { ADAPTER, encodeError, linkEnd } from '../errors.ts'
import { isClosedError, isNotFound, sizeLimit } from '../native-errors.ts'
import { closeChannel, openChannel } from '../wire/channels.ts'
import { refuseLargeHeader } from '../wire/header-size.ts'
import type { LinkLife } from '../wire/link-life.ts'
import type { InFlight } from '../wire/publish-channel.ts'
import type { Session } from '../wire/session.ts'

/** After so long a node knows that it runs. Unit: ms. */
const STARTED_MS = 2_000
const LOOK_MS = 50

interface Answer {
  readonly item: InFlight
  readonly address: string
  readonly options: PublishOptions
  /** A copy: it may have to be written again, and the application may change its buffer. */
  readonly body: Buffer
}

export class ReplyChannel {
  readonly #session: Session
  readonly #life: LinkLife
  readonly #pauseMs: number
  #channel: Channel | undefined
  #opening: Promise<void> | undefined
  /** Waits for a channel. Bound, together with `#written`: the capacity of the link. */
  #unwritten: Answer[] = []
  /** On the wire in this order, and nobody knows yet who was there. */
  #written: Answer[] = []
  #running = false
  /** The broker finds reply addresses. */
  #started = false

  /**
   * Opens its channel with the first answer. It is a part of the link `life`: they end together. A question waits for further answers
   * for `pauseMs`; 0: for those of the same turn.
   */
  constructor(session: Session, life: LinkLife, pauseMs: number) {
    this.#session = session
    this.#life = life
    this.#pauseMs = pauseMs
    life.atEnd(() => this.#close())
  }

  /**
   * Settles `item` with nothing or `SEND_UNROUTABLE`, unless the link ends first.
   *
   * @param address sound, see `isSoundReplyAddress`
   */
  send(address: string, options: PublishOptions, item: InFlight): void {
    const answer = { item, address, options, body: Buffer.from(bodyBuffer(item.message.body)) }
    if (this.#channel) this.#write(this.#channel, answer)
    else this.#unwritten.push(answer)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#written.length + this.#unwritten.length > 0 && !this.#life.over) {
        if (!this.#channel) {
          this.#opening = this.#open()
          await this.#opening
        }
        await this.#moreAnswers()
        if (this.#channel && this.#written.length > 0) await this.#ask(this.#channel)
      }
    } catch (cause) {
      // A connection that ended is told by the connection.
      if (!isClosedError(cause)) this.#end(cause)
    } finally {
      this.#running = false
    }
  }

  /** All that is open is in doubt, but for what is known to be too large: written again it would end the link again. */
  #end(cause: unknown): void {
    const error = this.#session.error(cause, { operation: 'send' })
    const limit = sizeLimit(cause) ?? Number.POSITIVE_INFINITY
    for (const { item, body } of this.#written) if (body.byteLength > limit) item.settle(error)
    this.#life.ended(linkEnd(error))
  }

  /** Answers of one turn leave together in any case, before anything is asked about them. */
  #moreAnswers(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#pauseMs === 0) setImmediate(resolve)
      else setTimeout(resolve, this.#pauseMs)
    })
  }

  async #open(): Promise<void> {
    while (!this.#started && !this.#life.over) {
      if (await this.#findsSomebody()) this.#started = true
      else await delay(LOOK_MS)
    }
    const channel = await openChannel(this.#session.publishing)
    this.#channel = channel
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = undefined
    })
    for (const answer of this.#unwritten.splice(0)) this.#write(channel, answer)
  }

  async #findsSomebody(): Promise<boolean> {
    for (const address of new Set(this.#unwritten.map((answer) => answer.address))) {
      if (this.#session.ageMs > STARTED_MS || (await this.#session.scratch.queue(address))) return true
    }
    return false
  }

  /** order: an answer that waits for its channel is written still, for its request may be accepted already. */
  async #close(): Promise<void> {
    if (!this.#channel) await this.#opening
    if (this.#channel) await closeChannel(this.#channel)
  }

  #write(channel: Channel, answer: Answer): void {
    try {
      refuseLargeHeader(this.#session.publishing, answer.options)
      channel.publish('', answer.address, answer.body, answer.options)
      this.#written.push(answer)
    } catch (cause) {
      if (isClosedError(cause)) this.#unwritten.push(answer)
      else answer.item.settle(encodeError(cause, answer.address))
    }
  }

  /** Asks for the requester of the oldest answer. */
  async #ask(channel: Channel): Promise<void> {
    const { address } = this.#written[0]!
    const behind = this.#written.length
    let there = true
    try {
      await channel.checkQueue(address)
    } catch (cause) {
      if (!isNotFound(cause)) throw cause
      there = false
    }
    const before = this.#written.splice(0, behind)
    if (!there) this.#unwritten.unshift(...this.#written.splice(0))
    this.#written.unshift(...before.filter((answer) => answer.address !== address))
    for (const answer of before) {
      if (answer.address === address) answer.item.settle(there ? undefined : gone(answer.item.message))
    }
  }
}

function gone({ id }: OutgoingMessage): MessagingError {
  return new MessagingError('SEND_UNROUTABLE', 'The requester is no longer there', {
    hint: 'It gave up waiting or lost its connection; nothing is to be done about the answer.',
    context: { adapter: ADAPTER, operation: 'send', messageId: id },
  })
}
