/** One node, looked at now. */
import { MessagingError } from '../../index.ts'
import type { Broker } from '../brokers/broker.ts'
import { record } from '../messages/view.ts'
import type { NodeDetail } from '../protocol.ts'
import type { Secrets } from '../session/secrets.ts'
import { placeOf } from './address.ts'

export async function nodeDetail(broker: Broker, address: string, secrets: Secrets): Promise<NodeDetail> {
  const { name } = placeOf(address)
  const found = await broker.nodes.open(name, undefined)
  if (!found)
    throw new MessagingError('ADDRESS_NOT_FOUND', `There is no node '${name}'`, {
      context: { address: name },
    })
  const { info, ...view } = found
  const { level, note } = broker.capabilities.features.browse
  return {
    ...view,
    browse:
      view.type === 'queue'
        ? { level, reason: note }
        : {
            level: 'unsupported',
            reason: `A ${view.type} keeps no messages: tap it, or look at one of its queues`,
          },
    // What brokers tell of a node may hold what they were configured with.
    native: JSON.parse(secrets.hidden(JSON.stringify(record({ durable: info.durable, ...info.details })))),
  }
}
