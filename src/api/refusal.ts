/** Refuses what the broker cannot do, before the adapter is called. */
import { type Capabilities, FEATURES, type Feature } from './capabilities.ts'
import { MessagingError } from './errors.ts'

/** @throws `NOT_SUPPORTED` with the declared reason */
export function refuseUnsupported(capabilities: Capabilities, feature: Feature, address?: string): void {
  const capability = capabilities.features[feature]
  if (capability.level !== 'unsupported') return
  throw new MessagingError(
    'NOT_SUPPORTED',
    `Not supported here: ${FEATURES[feature]}. ${capability.note ?? ''}`.trim(),
    {
      context: { feature, address },
    },
  )
}
