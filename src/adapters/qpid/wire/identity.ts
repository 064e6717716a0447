/**
 * The name under which a broker knows a connection.
 *
 * A broker that does not miss the words of its clients, as Broker-J where nothing else is set, keeps a connection that was lost on this side
 * alone for ever, with the messages that it was handing over and the queues that it had for itself. So the next connection has the name of the
 * lost one, and asks to be the only one of that name (AMQP extension `sole-connection-for-container`): the broker ends the old one for it.
 * The first connection does not ask, because other brokers refuse the new one instead.
 */
import type { ConnectTarget } from '../../../contract/adapter.ts'
import { randomName } from '../../../core/message-id.ts'
import type { Endpoint } from '../options.ts'
import type { Rhea } from './rhea-types.ts'

const SOLE = 'sole-connection-for-container'
/** The old connection ends. */
const CLOSE_EXISTING = 1

export interface Identity {
  readonly containerId: string
  /** A connection of this name was lost before. */
  readonly again: boolean
}

/** Names of connections that were lost, by what they were connected to. */
const lost = new WeakMap<ConnectTarget, string>()

/** A name that the program has chosen may be that of other connections, too. */
export function identityFor(target: ConnectTarget, { containerId, clientName }: Endpoint): Identity {
  if (containerId !== undefined) return { containerId, again: false }
  const before = lost.get(target)
  return { containerId: before ?? `${clientName}-${randomName()}`, again: before !== undefined }
}

/** The connection was lost on this side; call only for a broker that ends the old connection. */
export function wasLost(target: ConnectTarget, { containerId }: Identity): void {
  lost.set(target, containerId)
}

/** What the connection asks for and tells when it opens. */
export function openFields({ again }: Identity, rhea: Rhea, properties: object): object {
  if (!again) return { properties }
  return {
    desired_capabilities: SOLE,
    properties: {
      ...properties,
      'sole-connection-enforcement-policy': rhea.types.wrap_uint(CLOSE_EXISTING),
    },
  }
}
