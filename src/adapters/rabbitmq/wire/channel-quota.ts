/**
 * How many channels a user may have open. RabbitMQ tells no limit beforehand: it ends the whole connection over the first channel too many,
 * and every link with it. What it refused once is not asked for again by this process, until the limit may have been raised.
 */
import type { ChannelModel } from 'amqplib'
import { makeRoom } from '../../../core/make-room.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'

/** How long a limit is believed. Unit: ms. */
const BELIEVED_MS = 600_000
/** For so long after a refusal the broker may still count channels of the connection that it ended. Unit: ms. */
const STALE_MS = 30_000
/** Users remembered. */
const MAX_REMEMBERED = 256

export class ChannelQuota {
  #open = 0
  #opening = 0
  #most = Number.POSITIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY
  #words = ''

  /** @throws `CAPACITY_EXCEEDED` where the broker would end the connection */
  async take<C extends NodeJS.EventEmitter>(open: () => Promise<C>): Promise<C> {
    if (performance.now() - this.#toldAt > BELIEVED_MS) this.#most = Number.POSITIVE_INFINITY
    if (this.#open + this.#opening >= this.#most) throw tooMany(this.#words)
    this.#opening++
    try {
      const channel = await open()
      this.#open++
      channel.once('close', () => this.#open--)
      return channel
    } finally {
      this.#opening--
    }
  }

  /** The broker has ended a connection, in these words. */
  ended(words: string): void {
    if (!isTooMany(words)) return
    const now = performance.now()
    if (now - this.#toldAt > STALE_MS) this.#most = Math.max(1, this.#open)
    this.#toldAt = now
    this.#words = words
  }
}

/** Whether a connection was ended for a channel too many. */
export function isTooMany(words: string): boolean {
  return /number of channels opened .* has reached the maximum/.test(words)
}

/** @param words of the broker */
export function tooMany(words: string, cause?: unknown): MessagingError {
  return new MessagingError('CAPACITY_EXCEEDED', words, {
    cause,
    hint: 'Close links that are not needed, or have the limit of channels raised: rabbitmqctl set_user_limits.',
    context: { adapter: ADAPTER },
  })
}

const quotas = new Map<string, ChannelQuota>()
const quotaOf = new WeakMap<ChannelModel, ChannelQuota>()

/** All connections of one login to one broker share a quota. */
export function quotaFor(model: ChannelModel, login: string): ChannelQuota {
  let quota = quotas.get(login)
  if (!quota) {
    quota = new ChannelQuota()
    makeRoom(quotas, MAX_REMEMBERED)
    quotas.set(login, quota)
  }
  quotaOf.set(model, quota)
  return quota
}

/** Opens a channel of `model` where its user may have one more. */
export function withinQuota<C extends NodeJS.EventEmitter>(
  model: ChannelModel,
  open: () => Promise<C>,
): Promise<C> {
  return quotaOf.get(model)?.take(open) ?? open()
}
