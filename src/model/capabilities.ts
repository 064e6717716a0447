/**
 * What an adapter's broker can do: one constant per adapter, read by users, by the API (which refuses
 * what is unsupported before the adapter sees it), by the conformance suite and by the docs.
 */

/** `native`: the broker does it. `emulated`: Sluice does, `note` says with which side effects. `unsupported`: `note` says why. */
export type CapabilityLevel = 'native' | 'emulated' | 'unsupported'

/** One feature of an adapter. */
export interface Capability {
  /** Who does it, or that nobody does. */
  readonly level: CapabilityLevel
  /** Side effects of an emulation, reason of a refusal, or a limit worth knowing. */
  readonly note?: string
}

/** The broker does it. */
export const native: Capability = { level: 'native' }

/** The broker does it; `note` tells a limit worth knowing. */
export function nativeWith(note: string): Capability {
  return { level: 'native', note }
}

/** Sluice does it; `note` tells with which side effects. */
export function emulated(note: string): Capability {
  return { level: 'emulated', note }
}

/** Nobody does it; `note` tells why. */
export function unsupported(note: string): Capability {
  return { level: 'unsupported', note }
}

/** Every feature an adapter declares. The text is what the generated table shows. */
export const FEATURES = {
  queue: 'point-to-point queues',
  topic: 'publish-subscribe by pattern',
  broadcast: 'broadcast',
  multicast: 'multicast to named members',
  request: 'request/response',
  storeAndForward: 'store-and-forward across a restart of the broker',
  browse: 'browse without taking',
  browseFollow: 'browse that follows new arrivals',
  namedSubscription: 'subscriptions that retain while away',
  sharedSubscription: 'subscriptions shared by several receivers',
  gapless: 'live subscriptions that miss nothing across a lost connection',
  priority: 'priorities 0-9',
  ttl: 'time to live',
  delay: 'delayed delivery',
  delayedRelease: 'release with a delay',
  orderedRelease: 'released messages return to their old place',
  deliveryCount: 'exact count of deliveries',
  maxDeliveries: 'limit of deliveries',
  deadLetter: 'dead letters with reason, count and origin',
  replay: 'replay of chosen dead letters',
  maxLength: 'length limit with refusal',
  expires: 'nodes that delete themselves when unused',
  exclusive: 'exclusive receivers',
  deduplication: 'a resend with the same id is stored once',
  unroutable: 'a send to a missing node is refused',
  selector: 'selectors (SQL filters)',
  bindings: 'bindings between nodes',
  structuredBodies: 'typed bodies (maps, lists) on the wire',
  declare: 'making nodes',
  delete: 'deleting nodes',
  purge: 'emptying nodes',
  inspect: 'looking at nodes (depth, receivers)',
  list: 'listing nodes',
} as const

/** Name of a feature. */
export type Feature = keyof typeof FEATURES

/** T0 best effort, T1 survives a lost connection, T2 survives a killed broker, T3 survives power loss, T4 survives the loss of a node. */
export type Tier = 'T0' | 'T1' | 'T2' | 'T3' | 'T4'

/** Everything an adapter declares: `connection.capabilities`. */
export interface Capabilities {
  /** Every feature, none left out. */
  readonly features: Readonly<Record<Feature, Capability>>
  /** Limits as numbers; adapters may add their own. */
  readonly limits: {
    /** Largest body. Unit: bytes. `Infinity`: bounded by memory only. */
    readonly maxBodyBytes: number
    /** Distinct priority levels. */
    readonly priorityLevels: number
    /** Longest node name. Unit: UTF-8 bytes. */
    readonly maxNameBytes: number
    readonly [name: string]: number
  }
  /** Strongest guarantee of an accepted message, by kind of message or node. */
  readonly tiers: {
    /** Durable message in a durable node. */
    readonly durable: Tier
    /** Message that is not durable, or in a node that is not. */
    readonly transient: Tier
    /** Live subscription of a topic or broadcast. */
    readonly live: Tier
    readonly note?: string
  }
}
