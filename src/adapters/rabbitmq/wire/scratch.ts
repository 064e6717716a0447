/**
 * A channel for questions. The broker answers many of them («is there such a queue?») by closing the channel, so they go
 * one by one over a channel of their own, which is replaced when it was closed.
 */
import type { Channel, ChannelModel } from 'amqplib'
import { isNotFound } from '../errors.ts'
import { isReplyAddress, isSoundReplyAddress } from '../send/reply-address.ts'
import { openChannel } from './channels.ts'

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
    const result = this.#tail.then(async () => {
      this.#channel ??= await this.#open()
      return work(this.#channel)
    })
    this.#tail = result.catch(() => {})
    return result
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
