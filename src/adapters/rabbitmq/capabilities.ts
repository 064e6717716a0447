/** What RabbitMQ 3.10 can do, and what this adapter does in its place. */
import { type Capabilities, emulated, native, nativeWith, unsupported } from '../../model/capabilities.ts'
import type { Endpoint } from './options.ts'

export const rabbitmqCapabilities: Capabilities = {
  features: {
    queue: native,
    topic: native,
    broadcast: native,
    multicast: emulated('one mandatory publish for each member, pipelined: the body travels once per member'),
    request: nativeWith('direct reply-to; an answer to a requester that is gone is unroutable'),
    storeAndForward: native,
    browse: emulated(
      'messages are taken and given back at the end: meanwhile no receiver gets them, afterwards they count as redelivered; refused on queues with a limit of deliveries, which looking would use up',
    ),
    browseFollow: unsupported(
      'each look takes the messages away from receivers for a while; following would do so for ever',
    ),
    namedSubscription: native,
    sharedSubscription: native,
    gapless: unsupported('the queue of a live subscription ends with its connection'),
    priority: nativeWith(
      'not on quorum queues (maxDeliveries, queueType: quorum): those keep plain order; messages of other clients without a priority count as 0',
    ),
    ttl: nativeWith(
      'with delayMs it ends no message that is due already; a quorum queue with a dead-letter address moves expired messages there',
    ),
    delay: emulated(
      'waits in a queue for that delay and moves on when it expires; a queue with maxLength that is full then is tried again every three minutes, for ten minutes; a queue deleted meanwhile loses the message; a broker that is killed at the moment a message is due may bring it twice, or not at all (with queueType: quorum not that); delays over a second are rounded up to three digits',
    ),
    delayedRelease: emulated('a delayed copy is confirmed, then the original accepted'),
    orderedRelease: nativeWith('a quorum queue not made by Sluice may put it at its end'),
    deliveryCount: emulated(
      'exact on quorum queues (maxDeliveries), where giving back unseen counts too; elsewhere the least it can be: only «again» is known',
    ),
    maxDeliveries: emulated(
      'makes the queue a quorum queue, which counts what was on its way to a program that died; after the last delivery Sluice diverts the message, behind it the broker does',
    ),
    deadLetter: emulated('a copy is confirmed at the dead-letter address, then the original accepted'),
    replay: emulated(
      'what is passed over is taken and given back at the end, to its old place: meanwhile no receiver gets it, afterwards it counts as redelivered; refused on queues with a limit of deliveries, which that would use up; one passed letter after another comes over the wire',
    ),
    maxLength: nativeWith(
      'a quorum queue (maxDeliveries, queueType: quorum) takes some more messages before it refuses',
    ),
    expires: native,
    exclusive: nativeWith(
      'refused on quorum queues (maxDeliveries, queueType: quorum), which RabbitMQ gives to nobody alone',
    ),
    deduplication: unsupported('RabbitMQ 3.10 stores a message again that is sent again with the same id'),
    unroutable: native,
    selector: unsupported('RabbitMQ routes by key or headers and has no selectors'),
    bindings: native,
    structuredBodies: unsupported('AMQP 0-9-1 carries bytes: a typed body travels in its text form'),
    declare: nativeWith(
      'RabbitMQ answers before a new node is on disk: one that is killed within about three seconds of making a queue may forget the queue, and with it what it had confirmed there',
    ),
    delete: nativeWith(
      'deleting a topic leaves its named subscriptions: delete those by name; its receivers notice within about two seconds, later where a connection has more than ten of them',
    ),
    purge: native,
    inspect: nativeWith('depth and receivers of queues; exchanges only say that they exist'),
    list: unsupported(
      'AMQP 0-9-1 cannot list; where the management plugin is enabled give its address: ?managementUrl=http://host:15672 in the URL, or the option of that name',
    ),
  },
  limits: {
    /** RabbitMQ's default `max_message_size`. */
    maxBodyBytes: 134_217_728,
    priorityLevels: 10,
    maxNameBytes: 255,
    maxHeaderBytes: 65_536,
    maxCredit: 65_535,
  },
  tiers: {
    durable: 'T3',
    transient: 'T1',
    live: 'T0',
    note: 'A confirmed durable message in a durable queue was written and synced by the broker (one sync for many).',
  },
}

/** Quorum queues outlive the loss of a node where a majority is left without it. */
const NODES_FOR_A_MAJORITY = 3

/**
 * What this very connection promises.
 *
 * @param nodes running nodes of the cluster; `undefined`: nobody told
 */
export function capabilitiesOf(
  { management, queueType }: Pick<Endpoint, 'management' | 'queueType'>,
  nodes: number | undefined,
): Capabilities {
  const features = { ...rabbitmqCapabilities.features }
  if (management) features.list = nativeWith('by the management plugin')
  if (queueType === 'classic') return { ...rabbitmqCapabilities, features }
  features.priority = unsupported(
    'queueType=quorum: quorum queues of RabbitMQ 3 keep plain order, those of RabbitMQ 4 know two priorities',
  )
  const survives = nodes !== undefined && nodes >= NODES_FOR_A_MAJORITY
  const told =
    nodes === undefined
      ? 'how many nodes the cluster has is told to connections that know the management API (managementUrl)'
      : `the cluster had ${nodes} running nodes when the connection opened`
  return {
    ...rabbitmqCapabilities,
    features,
    tiers: {
      ...rabbitmqCapabilities.tiers,
      durable: survives ? 'T4' : 'T3',
      note: `Durable queues are quorum queues: a confirmed message was written and synced by a majority of their replicas; ${told}.`,
    },
  }
}
