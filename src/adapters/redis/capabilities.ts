/** What Redis 7 can do with this adapter's scripts, in general and as a server has it set up. */
import { type Capabilities, native, nativeWith, type Tier, unsupported } from '../../model/capabilities.ts'
import type { Endpoint } from './options.ts'
import type { ServerFacts } from './wire/server-facts.ts'

export const redisCapabilities: Capabilities = {
  features: {
    queue: native,
    topic: nativeWith(
      "pub/sub; a publish whose fields a subscriber can tell from channel and body travels as its body alone: then made ids and times of creation do not arrive (native: { envelope: 'always' } keeps them); one that is larger than the server lets wait for a subscriber (client-output-buffer-limit pubsub; by default 25 MB) is MESSAGE_TOO_LARGE",
    ),
    broadcast: nativeWith('as topic'),
    multicast: nativeWith('one step for all members, which share a slot'),
    request: nativeWith(
      'answers by pub/sub; an answer to a requester that is gone is unroutable, in a Cluster up to one lease after it died; an answer is as large as a publish at most',
    ),
    storeAndForward: nativeWith('needs an append-only file'),
    browse: native,
    browseFollow: native,
    namedSubscription: native,
    sharedSubscription: native,
    gapless: unsupported(
      'Redis pub/sub keeps nothing for a subscriber that is away: use a named subscription',
    ),
    priority: native,
    ttl: native,
    delay: nativeWith('in live subscriptions the receiver waits; what was not due ends with its connection'),
    delayedRelease: native,
    orderedRelease: native,
    deliveryCount: native,
    maxDeliveries: nativeWith(
      'counts what a program that died held; consume() on a limited queue holds no more than it handles',
    ),
    deadLetter: nativeWith(
      'one step; in a Cluster, to a queue of another slot, a copy first and then the removal',
    ),
    replay: native,
    maxLength: native,
    expires: native,
    exclusive: native,
    deduplication: nativeWith(
      'resends of one process within 10 minutes; live subscriptions of a topic included',
    ),
    unroutable: native,
    selector: unsupported('Redis has no selectors'),
    bindings: nativeWith('of topics to queues; in a Cluster only within one slot'),
    structuredBodies: unsupported('Redis carries bytes: typed bodies travel in their text form'),
    declare: native,
    delete: native,
    purge: native,
    inspect: nativeWith('Redis does not tell how many live subscriptions a topic has'),
    list: native,
  },
  limits: {
    /** A value of Redis holds 512 MiB, a batch and its headers included, unless the server is set to less. */
    maxBodyBytes: 500_000_000,
    priorityLevels: 10,
    maxNameBytes: 1_000,
    maxCredit: Number.MAX_SAFE_INTEGER,
  },
  tiers: {
    durable: 'T3',
    transient: 'T3',
    live: 'T0',
    note: 'With appendonly yes and appendfsync always; a connection says what its server has. Redis makes no difference between durable and transient messages.',
  },
}

/** Of an argument of the server's limit, kept free for the header of a message. Unit: bytes. */
const HEADER_ROOM_BYTES = 65_536

/** What this very server promises. */
export function capabilitiesOf(facts: ServerFacts, endpoint: Endpoint): Capabilities {
  const [alone, note] = tierOf(facts)
  const replicas = endpoint.waitReplicas
  // Somebody must put the replica that has it in the place of a lost master.
  const tier = endpoint.mode !== 'single' && replicas > 0 && alone === 'T3' ? 'T4' : alone
  const failover =
    replicas > 0
      ? ` A send waits for ${replicas} replicas; a fail-over to one of them keeps it.`
      : ' A fail-over may lose what the replicas had not yet.'
  const features = { ...redisCapabilities.features }
  if (tier < 'T2') features.storeAndForward = unsupported(note)
  const { limits } = redisCapabilities
  const maxBodyBytes = Math.min(limits.maxBodyBytes, facts.maxArgumentBytes - HEADER_ROOM_BYTES)
  return {
    ...redisCapabilities,
    features,
    limits: { ...limits, maxBodyBytes },
    tiers: { durable: tier, transient: tier, live: 'T0', note: note + failover },
  }
}

function tierOf({ appendOnly, sync, unsyncedRewrites }: ServerFacts): [Tier, string] {
  if (appendOnly === 'no')
    return ['T1', 'The server keeps no append-only file: a restart loses what came after its last snapshot.']
  if (appendOnly === 'unknown')
    return ['T1', 'The server does not tell this user whether it keeps an append-only file.']
  switch (sync) {
    case 'always':
      if (unsyncedRewrites)
        return [
          'T2',
          'The server writes and syncs its append-only file before it answers, but not while it writes that file anew (no-appendfsync-on-rewrite yes): power loss may take up to half a minute.',
        ]
      return ['T3', 'The server writes and syncs its append-only file before it answers.']
    case 'everysec':
      return [
        'T2',
        'The server writes its append-only file before it answers and syncs it every second: power loss may take the last second.',
      ]
    case 'no':
      return [
        'T2',
        'The server writes its append-only file before it answers and leaves the sync to the system.',
      ]
    case 'unknown':
      return ['T2', 'The server keeps an append-only file and does not tell this user how it syncs it.']
  }
}
