/**
 * Whether a link is what it was asked to be.
 *
 * protocol: who asks says what it would like, the broker's answer says what it does, and who asked must end the link if that is not enough. A
 * receiver whose selector is passed over would take messages that it does not want; a browser that gets no copies would take them all.
 */
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Physical } from '../wire/physical.ts'
import type { RheaReceiver } from '../wire/rhea-types.ts'
import type { ReceiverOptions } from './receiver-options.ts'

/**
 * Call before the link is given credit.
 *
 * @throws `NOT_SUPPORTED` when it is not, and the link is closed then
 */
export async function asAsked(
  physical: Physical,
  link: RheaReceiver,
  { source, address }: Pick<ReceiverOptions, 'source' | 'address'>,
): Promise<void> {
  const missing = missingIn(link.source, source)
  if (missing === undefined) return
  await physical.closeLink(link)
  throw new MessagingError('NOT_SUPPORTED', `The broker does not ${missing} on '${address}'`, {
    context: { adapter: ADAPTER, address, operation: 'attach' },
  })
}

function missingIn(granted: RheaReceiver['source'], asked: ReceiverOptions['source']): string | undefined {
  if (asked.filter !== undefined && !isMap(granted?.filter)) return 'select messages'
  if (asked.distribution_mode === 'copy' && granted?.distribution_mode !== 'copy') return 'show copies'
  return undefined
}

/** With something in it: of filters there is one at most. */
function isMap(filter: unknown): boolean {
  return typeof filter === 'object' && filter !== null && Object.keys(filter).length > 0
}
