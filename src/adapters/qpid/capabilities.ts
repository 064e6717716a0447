/** What AMQP 1.0 brokers can do through this adapter: Broker-J in full, others as far as AMQP 1.0 itself goes. */
import {
  type Capabilities,
  type Capability,
  emulated,
  native,
  nativeWith,
  unsupported,
} from '../../model/capabilities.ts'

export const capabilities: Capabilities = {
  features: {
    queue: native,
    topic: native,
    broadcast: native,
    multicast: emulated(
      'One transfer to each member; a crash in between reaches some of them, the resend reaches all.',
    ),
    request: native,
    storeAndForward: native,
    browse: native,
    browseFollow: native,
    namedSubscription: nativeWith('A durable queue bound to the exchange.'),
    sharedSubscription: native,
    gapless: unsupported(
      'A live subscription is a private queue that ends with its connection; the gap is told as an event.',
    ),
    priority: native,
    ttl: native,
    delay: nativeWith(
      "Held back in the queue and let go by the virtual host's housekeeping (virtualhost.housekeepingCheckPeriod, 30 s by default): never early, late by up to that period. On queues this library declared.",
    ),
    delayedRelease: emulated('A delayed copy is confirmed first, then the original is accepted.'),
    orderedRelease: native,
    deliveryCount: native,
    maxDeliveries: emulated(
      'A delivery over the limit is diverted before the application sees it. The broker counts what was on its way to a program that died.',
    ),
    deadLetter: emulated(
      'A copy with reason, count and origin is confirmed first, then the original is accepted.',
    ),
    replay: emulated(
      'What is passed over is acquired and released at the end, to its old place: meanwhile no receiver gets it. At most 100,000 at once: a selector in the address passes over more.',
    ),
    maxLength: native,
    expires: unsupported('Broker-J deletes nodes with their links or connections, not after a time.'),
    exclusive: native,
    deduplication: unsupported(
      'Broker-J does not compare message ids: a resend after a lost answer may duplicate, with the same id.',
    ),
    unroutable: native,
    selector: native,
    bindings: native,
    structuredBodies: native,
    declare: native,
    delete: nativeWith(
      'deleting a topic leaves its named subscriptions: delete those by name; its receivers notice within about two seconds, later where a connection has more than ten of them',
    ),
    purge: native,
    inspect: native,
    list: native,
  },
  limits: { maxBodyBytes: 100 * 1024 * 1024, priorityLevels: 10, maxNameBytes: 220, maxLinks: 250 },
  tiers: {
    durable: 'T2',
    transient: 'T1',
    live: 'T0',
    note: 'Durable messages need a durable store (BDB or Derby) on the virtual host; a memory store refuses them.',
  },
}

const noManagement = (what: string): Capability =>
  unsupported(
    `${what} needs Broker-J's $management node, which this broker does not have: make nodes with its own tools.`,
  )

/** What plain AMQP 1.0 gives without Broker-J's management, with what a product does differently. */
export function withoutManagement(product: Partial<Capabilities['features']>): Capabilities {
  return {
    ...capabilities,
    features: {
      ...capabilities.features,
      topic: noManagement('Publish-subscribe'),
      broadcast: noManagement('Broadcast'),
      namedSubscription: noManagement('A named subscription'),
      sharedSubscription: noManagement('A shared subscription'),
      delay: noManagement('Delayed delivery'),
      delayedRelease: unsupported('Delayed delivery is not there to build it on.'),
      maxLength: noManagement('A length limit'),
      expires: noManagement('Deleting a node after a time'),
      deduplication: unsupported(
        'Message ids are not compared: a resend after a lost answer may duplicate, with the same id.',
      ),
      exclusive: noManagement('An exclusive queue'),
      bindings: noManagement('A binding'),
      declare: noManagement('Making nodes'),
      delete: noManagement('Deleting nodes'),
      purge: noManagement('Emptying nodes'),
      inspect: emulated('By attaching a link: tells whether the node is there, not how deep it is.'),
      list: noManagement('Listing nodes'),
      ...product,
    },
    tiers: {
      ...capabilities.tiers,
      note: 'Durable messages need a durable queue, made with the own tools of the broker where this adapter makes none.',
    },
  }
}
