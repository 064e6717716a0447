/** Opening and closing channels without hurting the connection. */
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { settledWithin } from '../../../core/aborts.ts'
import { withinQuota } from './channel-quota.ts'
import { writeDirectly } from './gathered-writes.ts'

/** Channels that the broker has closed. */
const dead = new WeakSet<Channel>()

export async function openChannel(model: ChannelModel): Promise<Channel> {
  return watched(model, await withinQuota(model, () => model.createChannel()))
}

export async function openConfirmChannel(model: ChannelModel): Promise<ConfirmChannel> {
  return watched(model, await withinQuota(model, () => model.createConfirmChannel()))
}

/** How long a close waits for the broker's answer; one that has stopped reading (`connection.blocked`) gives none. Unit: ms. */
const CLOSE_MS = 1_000

/**
 * Writes what the channel has buffered and ends it. Never rejects, and takes about a second at most.
 *
 * order: amqplib tells of a channel's end («error») before it forgets the channel. A close sent in between would name a
 * channel that no longer exists, for which the broker ends the whole connection (504).
 */
export async function closeChannel(channel: Channel): Promise<void> {
  if (dead.has(channel)) return
  const closed = new Promise<void>((resolve) => {
    // A connection that ends meanwhile leaves amqplib's own promise unsettled, but tells the channel.
    channel.once('close', resolve)
    channel.close().then(resolve, () => resolve())
  })
  await settledWithin(closed, CLOSE_MS)
}

/** The call that made the error rejects with it, or the link's own listener tells of it. */
function watched<C extends Channel>(model: ChannelModel, channel: C): C {
  writeDirectly(model, channel)
  channel.on('error', () => dead.add(channel))
  return channel
}
