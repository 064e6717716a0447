/** What the hub can do: what the embedded broker inside it can, at the strength of its store. */

import { ENGINE_FEATURES } from '../../broker/features.ts'
import { LIVE_BUFFER } from '../../broker/index.ts'
import { type Capabilities, emulated, type Tier, unsupported } from '../../model/capabilities.ts'

/** As the API allows for names, and the hub for those that come by the wire. Unit: bytes of UTF-8. */
export const MAX_NAME_BYTES = 220

export function hubCapabilities(durable: boolean, maxBodyBytes: number): Capabilities {
  const tier: Tier = durable ? 'T3' : 'T1'
  return {
    features: {
      ...ENGINE_FEATURES,
      ...(!durable && {
        storeAndForward: unsupported('This hub keeps everything in memory: start it with --data DIR.'),
      }),
      gapless: unsupported('A live subscription ends with its connection; the gap is told as an event.'),
      selector: unsupported('The embedded broker has no SQL filters; filter by subject and pattern.'),
      structuredBodies: emulated('Written as JSON with words for what JSON lacks.'),
    },
    limits: {
      maxBodyBytes,
      priorityLevels: 10,
      maxNameBytes: MAX_NAME_BYTES,
      /** Messages a live subscription holds before the oldest are dropped, and their number told. */
      liveBuffer: LIVE_BUFFER,
    },
    tiers: {
      durable: tier,
      transient: 'T1',
      live: 'T0',
      note: durable ? undefined : 'Kept in the memory of the hub: gone when it ends.',
    },
  }
}
