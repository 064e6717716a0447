/** Attaching receivers: the queue behind the source, and how it is read. */
import type { Channel, Options } from 'amqplib'
import type { AdapterReceiver, ReceiverEvents, ReceiverSpec } from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { policyLimits } from '../nodes/policies.ts'
import { kindOfQueue } from '../nodes/queue-probe.ts'
import { consumerArguments, isQuorum, subscriptionQueue } from '../nodes/topology.ts'
import { brokersOwn, isReplyAddress } from '../send/reply-address.ts'
import { closeChannel, openChannel } from '../wire/channels.ts'
import { LinkLife } from '../wire/link-life.ts'
import type { Session } from '../wire/session.ts'
import { RabbitmqBrowser } from './browser.ts'
import { RabbitmqReceiver } from './receiver.ts'
import {
  endLiveSubscription,
  makeLiveSubscription,
  makeNamedSubscription,
  topicIsThere,
} from './subscriptions.ts'

/** A queue of no connection's own. */
const SHARED = { durable: true, autoDelete: false, exclusive: false }

export async function attachReceiver(
  session: Session,
  spec: ReceiverSpec,
  events: ReceiverEvents,
): Promise<AdapterReceiver> {
  const label = spec.source.name
  if (isReplyAddress(label)) throw brokersOwn(label)
  const life = new LinkLife(session, events)
  try {
    const channel = await openChannel(session.consuming)
    try {
      const parts = { session, life, channel, events, label }
      const receiver = await (spec.mode === 'browse' ? browse(parts, spec) : consume(parts, spec))
      life.attached()
      return receiver
    } catch (cause) {
      void closeChannel(channel)
      throw cause
    }
  } catch (cause) {
    void life.close()
    throw session.error(cause, { address: label, operation: 'attachReceiver' })
  }
}

interface Parts {
  readonly session: Session
  readonly life: LinkLife
  readonly channel: Channel
  readonly events: ReceiverEvents
  readonly label: string
}

async function consume(parts: Parts, spec: ReceiverSpec): Promise<AdapterReceiver> {
  const { session, life } = parts
  const quorum = isQuorum(spec.limits, SHARED, session.queueType)
  const { queue, ofTopic } = await sourceQueue(parts, spec)
  // A node of one's own is no quorum queue, whatever the others are.
  if (quorum && spec.exclusive && !spec.autoDelete && !ofTopic) throw neverAlone(parts.label)
  const { autoDelete, credit } = spec
  const receiver = new RabbitmqReceiver(
    {
      ...parts,
      queue,
      autoDelete,
      quorum,
      consume: consumeOptions(spec),
    },
    credit,
  )
  if (ofTopic && !spec.subscription) life.atEnd(() => endLiveSubscription(session.scratch, queue))
  await receiver.start()
  if (ofTopic) watchTopic(parts, spec, queue)
  return receiver
}

function watchTopic({ session, life, label }: Parts, spec: ReceiverSpec, queue: string): void {
  const stop = session.rounds.add(async () => {
    if (await topicIsThere(session.scratch, spec, queue)) return
    const context = { adapter: ADAPTER, address: label, operation: 'receive' }
    life.ended(new MessagingError('ADDRESS_NOT_FOUND', `The topic '${label}' was deleted`, { context }))
  })
  life.atEnd(async () => stop())
}

async function browse(parts: Parts, spec: ReceiverSpec): Promise<AdapterReceiver> {
  const { session, channel, label } = parts
  const { source, subscription } = spec
  const onTopic = source.type !== undefined && source.type !== 'queue'
  if (onTopic && !subscription) throw refusal(label, `'${label}' keeps no messages to look at`)
  const queue = onTopic ? subscriptionQueue(source.name, subscription!.name) : source.name
  const { messageCount } = await channel.checkQueue(queue)
  const kind = spec.limits.maxDeliveries === undefined ? await kindOfQueue(session, queue) : 'counted'
  if (kind === 'counted' || (kind === 'quorum' && (await policyLimits(session, queue))))
    throw refusal(label, `Looking into '${label}' would use up deliveries of its messages`)
  if (kind === 'stream')
    throw refusal(
      label,
      `'${label}' is a stream: receive from it, with x-stream-offset, which takes nothing away`,
    )
  const takes = spec.takes === true
  const browser = new RabbitmqBrowser({ ...parts, queue, kind, takes }, spec.credit, messageCount)
  browser.start()
  return browser
}

/** The queue to consume from; a topic's is made here. */
async function sourceQueue(parts: Parts, spec: ReceiverSpec): Promise<{ queue: string; ofTopic: boolean }> {
  const { source, subscription } = spec
  const { session, channel } = parts
  const type = source.type ?? ((await session.scratch.queue(source.name)) ? 'queue' : 'topic')
  if (type === 'queue') {
    if (spec.credit === 0) await channel.checkQueue(source.name)
    return { queue: source.name, ofTopic: false }
  }
  if (type === 'multicast') throw refusal(source.name, 'A multicast is received from by its members')
  const make = subscription ? makeNamedSubscription : makeLiveSubscription
  return { queue: await make(channel, session, spec), ofTopic: true }
}

function consumeOptions({ exclusive, link }: ReceiverSpec): Options.Consume {
  return {
    exclusive,
    ...(link.name !== undefined && { consumerTag: link.name }),
    ...(link.arguments && { arguments: consumerArguments(link.arguments) }),
  }
}

/** protocol: a quorum queue takes an exclusive consumer, and others beside it, without a word. */
function neverAlone(address: string): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    `'${address}' is a quorum queue, of which no receiver can be exclusive`,
    {
      hint: "Leave exclusive out, or make it a classic queue: native: { queueType: 'classic' }, without maxDeliveries.",
      context: { adapter: ADAPTER, address, operation: 'attachReceiver' },
    },
  )
}

function refusal(address: string, text: string): MessagingError {
  return new MessagingError('NOT_SUPPORTED', text, {
    context: { adapter: ADAPTER, address, operation: 'attachReceiver' },
  })
}
