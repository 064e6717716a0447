/** What policies, which AMQP 0-9-1 does not show, do to who looks into a queue. */
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { Session } from '../wire/session.ts'
import { policyDeliveryLimit } from './management.ts'

/** Sessions that were told that nobody tells them. */
const told = new WeakSet<Session>()

/**
 * Whether a policy limits how often the messages of a quorum queue may be delivered, so that looking uses deliveries up: the message
 * that is given back once too often is gone. Where nobody tells, a warning says so, once for a connection.
 *
 * @throws `NOT_SUPPORTED`, to be tried again, when the management plugin does not tell in time
 */
export async function policyLimits(session: Session, queue: string): Promise<boolean> {
  const { management } = session
  if (management) {
    const limit = await policyDeliveryLimit(management.api, management.vhost, queue)
    if (limit === undefined) throw untold(queue)
    return Number.isFinite(limit)
  }
  if (told.has(session)) return false
  told.add(session)
  session.warn(
    new MessagingError(
      'NOT_SUPPORTED',
      `Whether a policy limits the deliveries of '${queue}' cannot be seen: each look counts as a delivery, and would use them up`,
      {
        hint: 'Give managementUrl: then a queue with such a limit is refused.',
        context: { adapter: ADAPTER, address: queue, operation: 'browse' },
      },
    ),
  )
  return false
}

function untold(queue: string): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    `The management plugin does not tell yet whether a policy limits the deliveries of '${queue}', which looking would use up`,
    {
      retryable: true,
      hint: 'Look again in some seconds: the plugin hears of new queues every five seconds by default.',
      context: { adapter: ADAPTER, address: queue, operation: 'browse' },
    },
  )
}
