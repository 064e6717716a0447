/** Refuses what the broker cannot do, before the adapter is called. */
import { type Capabilities, FEATURES, type Feature } from '../../model/capabilities.ts'
import { MessagingError } from '../../model/errors.ts'

/** How an address string asks for a feature. */
const OPTIONS: Partial<Record<Feature, string>> = {
  browse: 'mode: browse',
  namedSubscription: 'link: name',
  selector: 'link: selector',
  exclusive: 'x-declare: exclusive',
  deadLetter: 'x-declare: alternate-exchange',
  maxLength: 'x-declare: arguments: qpid.max_count',
  expires: 'x-declare: arguments: qpid.auto_delete_timeout',
  bindings: 'node: x-bindings',
}

/** @throws `NOT_SUPPORTED` with the declared reason, naming the option where an address string asked for it */
export function refuseUnsupported(
  capabilities: Capabilities,
  feature: Feature,
  from?: { readonly label: string; readonly fromText: boolean },
): void {
  const capability = capabilities.features[feature]
  if (capability.level !== 'unsupported') return
  const option = from?.fromText ? OPTIONS[feature] : undefined
  const asked = option === undefined ? '' : ` (${option})`
  throw new MessagingError(
    'NOT_SUPPORTED',
    `Not supported here: ${FEATURES[feature]}${asked}. ${capability.note ?? ''}`.trim(),
    {
      context: { feature, address: from?.label, ...(option !== undefined && { option }) },
    },
  )
}
