/** What the embedded broker can do, in memory and on its store. */

import { LIVE_BUFFER, MAX_NAME_BYTES } from '../../broker/index.ts'
import type { Capabilities, Capability, Feature } from '../../model/capabilities.ts'

const NATIVE: Capability = { level: 'native' }

function native(note: string): Capability {
  return { level: 'native', note }
}

const FEATURES: Readonly<Record<Feature, Capability>> = {
  queue: NATIVE,
  topic: NATIVE,
  broadcast: NATIVE,
  multicast: NATIVE,
  request: NATIVE,
  storeAndForward: {
    level: 'unsupported',
    note: 'The broker lives in the memory of this process and ends with it; use file: for that.',
  },
  browse: NATIVE,
  browseFollow: NATIVE,
  namedSubscription: NATIVE,
  sharedSubscription: NATIVE,
  gapless: {
    level: 'unsupported',
    note: 'A live subscription ends with its connection; a named one misses nothing.',
  },
  priority: NATIVE,
  ttl: NATIVE,
  delay: NATIVE,
  delayedRelease: NATIVE,
  orderedRelease: NATIVE,
  deliveryCount: NATIVE,
  maxDeliveries: NATIVE,
  deadLetter: NATIVE,
  replay: NATIVE,
  maxLength: native(
    'Counts what waits. A message to a topic is refused when one of the subscriptions it is for is full.',
  ),
  expires: NATIVE,
  exclusive: NATIVE,
  deduplication: native(
    'The last messages of each link that ended are known for two minutes, as many as its capacity, at most 100,000 in all.',
  ),
  unroutable: NATIVE,
  selector: { level: 'unsupported', note: 'The broker has no SQL filters; use patterns on the subject.' },
  bindings: native('From a topic to a queue, with a pattern as key.'),
  structuredBodies: NATIVE,
  declare: NATIVE,
  delete: NATIVE,
  purge: NATIVE,
  inspect: NATIVE,
  list: NATIVE,
}

const LIMITS = {
  maxBodyBytes: Number.POSITIVE_INFINITY,
  priorityLevels: 10,
  maxNameBytes: MAX_NAME_BYTES,
  /** Messages a live subscription holds before the oldest are dropped. */
  liveBuffer: LIVE_BUFFER,
}

export const memoryCapabilities: Capabilities = {
  features: FEATURES,
  limits: LIMITS,
  tiers: {
    durable: 'T1',
    transient: 'T1',
    live: 'T0',
    note: 'Everything lives as long as the process.',
  },
}

export const fileCapabilities: Capabilities = {
  features: { ...FEATURES, storeAndForward: NATIVE },
  limits: { ...LIMITS, maxBodyBytes: 2 ** 31 - 2 ** 20 },
  tiers: {
    durable: 'T3',
    transient: 'T1',
    live: 'T0',
    note: 'A durable message in a durable node is on the disk (fdatasync) before its send resolves; others live as long as the last connection.',
  },
}
