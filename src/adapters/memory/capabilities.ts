/** What the embedded broker can do, in memory and on its store. */

import { ENGINE_FEATURES } from '../../broker/features.ts'
import { LIVE_BUFFER, MAX_NAME_BYTES } from '../../broker/index.ts'
import {
  type Capabilities,
  type Capability,
  type Feature,
  nativeWith,
  unsupported,
} from '../../model/capabilities.ts'

const FEATURES: Readonly<Record<Feature, Capability>> = {
  ...ENGINE_FEATURES,
  maxLength: nativeWith(
    'Counts what waits. A message to a topic is refused when one of the subscriptions it is for is full.',
  ),
  deduplication: nativeWith(
    'The last messages of each link that ended are known for two minutes, as many as its capacity, at most 100,000 in all.',
  ),
  bindings: nativeWith('From a topic to a queue, with a pattern as key.'),
}

const LIMITS = {
  maxBodyBytes: Number.POSITIVE_INFINITY,
  priorityLevels: 10,
  maxNameBytes: MAX_NAME_BYTES,
  /** Messages a live subscription holds before the oldest are dropped. */
  liveBuffer: LIVE_BUFFER,
}

export const memoryCapabilities: Capabilities = {
  features: {
    ...FEATURES,
    storeAndForward: unsupported(
      'The broker lives in the memory of this process and ends with it; use file: for that.',
    ),
  },
  limits: LIMITS,
  tiers: {
    durable: 'T1',
    transient: 'T1',
    live: 'T0',
    note: 'Everything lives as long as the process.',
  },
}

export const fileCapabilities: Capabilities = {
  features: FEATURES,
  limits: { ...LIMITS, maxBodyBytes: 2 ** 31 - 2 ** 20 },
  tiers: {
    durable: 'T3',
    transient: 'T1',
    live: 'T0',
    note: 'A durable message in a durable node is on the disk (fdatasync) before its send resolves; others live as long as the last connection.',
  },
}
