/** Peers without a hub: one binds, the others connect, and ZeroMQ's own patterns run between them. */
import type { AdapterConnection, ConnectionEvents } from '../../../contract/adapter.ts'
import { loadZeromq } from '../library.ts'
import type { Endpoint } from '../options.ts'
import { BindingPeer } from './binding-peer.ts'
import { ConnectingPeer } from './connecting-peer.ts'

export async function openPeer(
  endpoint: Endpoint,
  events: ConnectionEvents,
  signal: AbortSignal,
): Promise<AdapterConnection> {
  const zmq = await loadZeromq()
  return endpoint.peer === 'bind'
    ? BindingPeer.open(zmq, endpoint, events)
    : ConnectingPeer.open(zmq, endpoint, events, signal)
}
