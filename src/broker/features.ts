/** What the engine can do, whatever transport leads to it. */
import type { Capability, Feature } from '../model/capabilities.ts'

const native: Capability = { level: 'native' }

export const ENGINE_FEATURES: Readonly<Record<Feature, Capability>> = {
  queue: native,
  topic: native,
  broadcast: native,
  multicast: native,
  request: native,
  storeAndForward: native,
  browse: native,
  browseFollow: native,
  namedSubscription: native,
  sharedSubscription: native,
  gapless: {
    level: 'unsupported',
    note: 'A live subscription ends with its connection; a named one misses nothing.',
  },
  priority: native,
  ttl: native,
  delay: native,
  delayedRelease: native,
  orderedRelease: native,
  deliveryCount: native,
  maxDeliveries: native,
  deadLetter: native,
  replay: native,
  maxLength: native,
  expires: native,
  exclusive: native,
  deduplication: native,
  unroutable: native,
  selector: { level: 'unsupported', note: 'The broker has no SQL filters; use patterns on the subject.' },
  bindings: native,
  structuredBodies: native,
  declare: native,
  delete: native,
  purge: native,
  inspect: native,
  list: native,
}
