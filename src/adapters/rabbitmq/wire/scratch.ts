/**
 * A channel for questions. The broker answers many of them («is there such a queue?») by closing the channel, so they go
 * one by one over a channel of their own, which is replaced when it was closed.
 *
 * RabbitMQ may leave a question about a queue unanswered for minutes, when the node that has it is dead. So nobody waits for
 * another one's answer for long: the next question then gets a new channel, and the old one is closed when its answer is there.
 */
import type { Channel, ChannelModel } from 'amqplib'
import { settledWithin } from '../../../core/aborts.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { isNotFound, isUnwritten } from '../native-errors.ts'
import { isReplyAddress, isSoundReplyAddress } from '../send/reply-address.ts'
import { closeChannel, openChannel } from './channels.ts'

/** How long a question waits for the answer of the one before. Unit: ms. */
const TURN_MS = 3_000
/** An answer that does not come. Unit: ms. */
const ANSWER_MS = 60_000

export interface QueueState {
  readonly messageCount: number | undefined
  readonly consumerCount: number | undefined
}

export class Scratch {
  readonly #model: ChannelModel
  #channel: Channel | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(model: ChannelModel) {
    this.#model = model
  }

  /** Runs `work` when all earlier work is done. Rejects with what amqplib says. */
  run<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const before = this.#tail
    const result = settledWithin(before, TURN_MS).then(async (settled) => {
      if (!settled) this.#abandon(before)
      this.#channel ??= await this.#open()
      const answer = work(this.#channel)
      // What amqplib could not write leaves its channel waiting for an answer for ever.
      answer.catch((error) => {
        if (isUnwritten(error)) this.#abandon(answer)
      })
      if (await settledWithin(answer, ANSWER_MS)) return answer
      throw new MessagingError('DETACHED', 'RabbitMQ does not answer: a node of the cluster may be away', {
        context: { adapter: ADAPTER },
      })
    })
    this.#tail = result.catch(() => {})
    return result
  }

  /** Leaves the channel to the question that it has no answer to yet. */
  #abandon(question: Promise<unknown>): void {
    const channel = this.#channel
    this.#channel = undefined
    const close = (): Promise<void> => closeChannel(channel!)
    if (channel) question.then(close, close)
  }

  /** `undefined`: there is no such queue. */
  async queue(name: string): Promise<QueueState | undefined> {
    if (isReplyAddress(name) && !isSoundReplyAddress(name)) return undefined
    try {
      return await this.run((channel) => channel.checkQueue(name))
    } catch (error) {
      if (isNotFound(error)) return undefined
      // Another connection's own queue: it is there, more is not told.
      if ((error as { code?: number }).code === 405)
        return { messageCount: undefined, consumerCount: undefined }
      throw error
    }
  }

  async exchange(name: string): Promise<boolean> {
    try {
      await this.run((channel) => channel.checkExchange(name))
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async #open(): Promise<Channel> {
    const channel = await openChannel(this.#model)
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = undefined
    })
    return channel
  }
}
