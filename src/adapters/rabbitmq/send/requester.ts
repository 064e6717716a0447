/**
 * Requests and their answers, over RabbitMQ's direct reply-to: no queue is made, so none is left behind. The broker ties
 * the answers to the channel of the requests and puts an address of its own making in place of `replyTo`.
 */
import type { ConsumeMessage } from 'amqplib'
import type { AdapterRequester, ReceiverEvents, Transfer } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { DIRECT_REPLY_TO } from '../codec/codec.ts'
import { RabbitmqDelivery } from '../codec/incoming.ts'
import { ADAPTER } from '../errors.ts'
import { QueueSender, type SenderParts } from './sender.ts'

export class RabbitmqRequester extends QueueSender implements AdapterRequester {
  readonly replyTo = DIRECT_REPLY_TO

  /** order: the broker takes requests that name a reply address only after the channel has asked for replies. */
  static async open(parts: SenderParts, queue: string, events: ReceiverEvents): Promise<RabbitmqRequester> {
    await parts.channel.channel.consume(
      DIRECT_REPLY_TO,
      (message: ConsumeMessage | null) => {
        if (message !== null && !parts.life.over) events.deliver(new RabbitmqDelivery(message))
      },
      { noAck: true },
    )
    return new RabbitmqRequester(parts, queue)
  }

  protected override get takesReplies(): boolean {
    return true
  }

  protected override delay(transfer: Transfer): void {
    transfer.settle(
      new MessagingError(
        'NOT_SUPPORTED',
        'RabbitMQ cannot hold back a request: its answer is tied to its channel',
        {
          context: { adapter: ADAPTER, operation: 'request', messageId: transfer.message.id },
        },
      ),
    )
  }
}
