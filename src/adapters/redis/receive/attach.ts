/** The first step of a receiver: it becomes an owner at the server, with a lease. */
import type { ReceiverEvents } from '../../../contract/adapter.ts'
import { inUse, MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import type { RejectionParts } from '../send/rejection.ts'
import type { Watched } from '../wire/key-watch.ts'

export interface ReceiverParts extends RejectionParts {
  readonly events: ReceiverEvents
  readonly leaseMs: number
  readonly exclusive: boolean
  /** What must be there for messages to come in, beside the queue itself. */
  readonly needs: readonly Watched[]
}

const NO_QUEUE = 0
const IN_USE = 1

/** @throws `ADDRESS_NOT_FOUND`, `UNAUTHORIZED` when somebody has the queue for himself */
export async function attachOwner(
  { session, base, label, leaseMs, exclusive }: ReceiverParts,
  owner: string,
): Promise<void> {
  const context = { adapter: ADAPTER, address: label, operation: 'attachReceiver' }
  let reply: [number]
  try {
    reply = (await session.run('attach', [base], [owner, leaseMs, exclusive ? '1' : '0'])) as [number]
  } catch (cause) {
    throw session.error(cause, { address: label, operation: 'attachReceiver' })
  }
  if (reply[0] === NO_QUEUE) {
    throw new MessagingError('ADDRESS_NOT_FOUND', `no such queue: ${label}`, { context })
  }
  if (reply[0] === IN_USE) {
    throw inUse(`The queue '${label}' is in exclusive use`, { context })
  }
}
